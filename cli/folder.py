"""A creator's folder: what in it is dropped, and under which name."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import WrongUse
from shared.errors import DropreelError
from shared.keys import Folder
from shared.manifest.create import create_manifest
from shared.manifest.guard import printable
from shared.manifest.names import (
    COMPANION_EXTENSIONS,
    comparable,
    is_image,
    is_manifest,
    is_ours,
    is_sidecar,
    is_sound,
)
from shared.manifest.reading import read_json
from shared.pipeline.folder import folder_problems

DEFAULT_PROJECT = "my-film"


@dataclass(frozen=True)
class DropFile:
    """One file to drop: its path below the batch's folder, and its content."""

    name: str
    path: Path | None
    data: bytes = b""


@dataclass(frozen=True)
class DropFolder:
    """A folder ready to be dropped."""

    batch: Folder
    files: tuple[DropFile, ...]
    manifests: tuple[DropFile, ...]
    made_manifest: bool


def read_folder(
    folder: Path, *, project: str | None = None, batch: str | None = None
) -> DropFolder:
    """What `folder` holds for us; without a manifest one is made for its keyframes.

    Project and batch are the ones given, else the manifest's own, else `my-film` and the folder's
    name.

    Raises
    ------
    WrongUse : there is no such folder, or nothing in it to make a clip from.
    """
    if not folder.is_dir():
        raise WrongUse(f"There is no folder {folder}.")
    files = sorted(_relevant(folder), key=lambda path: path.as_posix())
    names = {path: path.relative_to(folder).as_posix() for path in files}
    manifests = [DropFile(names[path], path) for path in files if is_manifest(path.name)]
    said = _said(manifests[0].path) if manifests else {}
    batch_folder = sound_folder(
        project or said.get("project_id") or DEFAULT_PROJECT,
        batch or said.get("batch_id") or _batch_name(folder),
    )
    made = not manifests
    if made:
        manifests = [DropFile("manifest.json", None, _made_manifest(folder, batch_folder))]
    others = [DropFile(names[path], path) for path in files if not is_manifest(path.name)]
    return DropFolder(batch_folder, tuple(others), tuple(manifests), made)


def sound_folder(project: str, batch: str) -> Folder:
    """The folder of a project and a batch.

    Raises
    ------
    WrongUse : names that no folder of ours can have.
    """
    folder = Folder(project, batch)
    names = f"PROJECT `{printable(project)}`, BATCH `{printable(batch)}`"
    if "/" in project + batch:
        raise WrongUse(f"{names}: a name cannot hold a slash.")
    problems = folder_problems(folder)
    if problems:
        raise WrongUse(f"{names}: {problems[0].message} {problems[0].hint}".rstrip())
    return folder


def _relevant(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts) or is_ours(path.name)
        if not hidden and path.is_file() and is_droppable(path.name):
            yield path


def is_droppable(name: str) -> bool:
    """Pictures, sounds, manifests, companions, colour tables; nothing else leaves the desk."""
    endings = (*COMPANION_EXTENSIONS, ".cube")
    return (
        is_image(name)
        or is_manifest(name)
        or is_sidecar(name)
        or is_sound(name)
        or comparable(name).endswith(endings)
    )


def _said(manifest: Path | None) -> dict[str, str]:
    """Project and batch as the manifest says them; a broken one is left for the cloud to judge."""
    if manifest is None:
        return {}
    try:
        document: Any = read_json(manifest.read_bytes())
    except DropreelError:
        return {}
    if not isinstance(document, dict):
        return {}
    names = {name: document.get(name) for name in ("project_id", "batch_id")}
    return {
        name: value
        for name, value in names.items()
        if isinstance(value, str) and value and "/" not in value
    }


def _batch_name(folder: Path) -> str:
    return re.sub(r"[^\w.-]+", "-", folder.resolve().name).strip("-._") or "batch"


def _made_manifest(folder: Path, batch: Folder) -> bytes:
    document = create_manifest(folder, project_id=batch.project_id, batch_id=batch.batch_id)
    return json.dumps(document, ensure_ascii=False, indent=2).encode()
