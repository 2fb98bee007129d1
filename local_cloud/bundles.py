"""Packs a folder asset into the ZIP that a function runs, with the project's code as it is *now*.

The assembly holds copies of our packages from the moment of its synthesis, and a synthesis costs
many seconds. So whatever in an asset is one of the project's own packages is packed from the
project instead: a changed handler needs a new upload, not a new synthesis. Everything else is
packed as the asset has it.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

# ZIP has no earlier date; a fixed one makes equal content an equal file.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NOT_CODE = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})


def bundle(asset: Path, project: Path) -> tuple[str, bytes]:
    """The hash of an asset's present content, and its ZIP."""
    digest = hashlib.sha256()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path in sorted(_members(asset, project)):
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (path.stat().st_mode & 0o777) << 16
            archive.writestr(entry, content)
    return digest.hexdigest(), packed.getvalue()


def _members(asset: Path, project: Path) -> Iterator[tuple[str, Path]]:
    for entry in asset.iterdir():
        ours = project / entry.name
        source = ours if _is_package(entry) and _is_package(ours) else entry
        for path in [source] if source.is_file() else source.rglob("*"):
            inside = path.relative_to(source.parent)
            if path.is_file() and not _NOT_CODE.intersection(inside.parts):
                yield inside.as_posix(), path


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()
