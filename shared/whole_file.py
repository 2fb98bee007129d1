"""Files that are written whole or not at all: others may be reading them, or writing them too."""

import secrets
import shutil
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, or replace it."""
    partial = _partial(path)
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def copy_whole(source: Path, path: Path) -> None:
    """Copy a file with its times."""
    partial = _partial(path)
    try:
        shutil.copy2(source, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    # A leading dot keeps a half-written file out of every listing, should we be killed here.
    return path.with_name(f".{secrets.token_hex(8)}.part")
