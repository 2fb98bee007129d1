"""Files that are written from the code: write them, or say which no longer agree with it."""

import sys
from collections.abc import Mapping
from pathlib import Path


def write_or_check(files: Mapping[Path, str], *, check: bool, remedy: str) -> int:
    """Write every file, or with `check` name those that are out of date.

    Parameters
    ----------
    files : what belongs into each file.
    remedy : the command that writes them.

    Returns
    -------
    The exit status: 1 when a checked file is missing or differs.
    """
    outdated = 0
    for path, text in files.items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            outdated += 1
            sys.stderr.write(f"{path.name} is out of date: run `{remedy}`.\n")
    return 1 if outdated else 0
