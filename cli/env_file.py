"""Settings kept in a `.env` file for a while, as a block of their own at its end.

Whoever reads such a file takes the last line of a name, so the block counts as long as it is there,
and what somebody wrote above it is never touched.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

FIRST = "# dropreel fake-provider: these lines go when it stops"
LAST = "# dropreel fake-provider: end"
OWNER_ONLY = 0o600


@contextmanager
def kept_in(path: Path, lines: Sequence[str]) -> Iterator[None]:
    """Keep `lines` at the end of the file for the time of the block; what else it holds stays.

    A block that a killed process left is replaced. A file that held nothing else is deleted.
    """
    path = path.resolve()
    before = _others(path)
    _write(path, [*before, FIRST, *lines, LAST])
    try:
        yield
    finally:
        left = _others(path)
        if left:
            _write(path, left)
        else:
            path.unlink(missing_ok=True)


def _others(path: Path) -> list[str]:
    """The file's lines without our block; a block without an end takes all after it."""
    found, ours = [], False
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        ours = ours or line == FIRST
        if not ours:
            found.append(line)
        ours = ours and line != LAST
    return found


def _write(path: Path, lines: Sequence[str]) -> None:
    """Write the file whole or not at all, readable by whom it was before, else by its owner."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.touch(mode=OWNER_ONLY)
    if path.exists():
        shutil.copymode(path, draft)
    draft.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    draft.replace(path)
