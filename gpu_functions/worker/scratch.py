"""Where a worker puts frames on their way, and what it clears away of workers that were killed."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "dropreel-worker-"


@contextmanager
def own_scratch(folder: Path | None = None) -> Iterator[Path]:
    """A folder named after this process, gone with it.

    Parameters
    ----------
    folder : where; the system's own place by default. Frames of a clip take some hundred MB.
    """
    root = folder or Path(tempfile.gettempdir())
    root.mkdir(parents=True, exist_ok=True)
    _clear_orphans(root)
    mine = root / f"{PREFIX}{os.getpid()}"
    mine.mkdir(exist_ok=True)
    try:
        yield mine
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def _clear_orphans(root: Path) -> None:
    for each in root.glob(f"{PREFIX}*"):
        number = re.fullmatch(rf"{PREFIX}(\d+)", each.name)
        if number and not alive(int(number[1])):
            shutil.rmtree(each, ignore_errors=True)


def alive(pid: int) -> bool:
    """Is there a process of this number?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
