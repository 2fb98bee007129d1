"""A manifest for a folder of keyframes on a desk."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput, Problem
from shared.manifest.guard import key_problems
from shared.manifest.names import (
    SIDECAR_EXTENSION,
    comparable,
    is_image,
    is_reserved_stem,
    stem_of,
)
from shared.manifest.v1 import SCHEMA_VERSION

REVIEW_FOLDER = "__video_keyframes"
"""Where the review step puts the keyframes that it lets pass (seed B030)."""


def create_manifest(
    folder: Path,
    *,
    project_id: str | None = None,
    batch_id: str | None = None,
    motion: str = "zoom_in",
    duration_sec: float = 4.0,
    model: str | None = None,
    fps: float | None = None,
) -> dict[str, Any]:
    """A manifest, ready to write as JSON, with one clip for every keyframe in `folder`.

    Looks into the folder and its `__video_keyframes/`. Our own files (`_…`), companions and
    published posters are passed over. A keyframe that has a `.motion.json` beside it gets no motion
    here, so that the sidecar speaks. The same folder always gives the same manifest.

    Raises
    ------
    InvalidInput : there is no keyframe, or two would make a clip of the same name.
    """
    paths = sorted(_keyframes(folder), key=lambda path: (comparable(path), path))
    problems = _problems(paths)
    if problems:
        raise InvalidInput.because(problems)
    defaults: dict[str, Any] = {}
    if model is not None:
        defaults["generation_params"] = {"model": model}
    if fps is not None:
        defaults["finish"] = {"fps": fps}
    move = {"type": motion, "duration_sec": duration_sec}
    sidecars = _sidecar_stems(folder)
    head = {"schema_version": SCHEMA_VERSION, "project_id": project_id, "batch_id": batch_id}
    return {
        **{name: value for name, value in head.items() if value is not None},
        **({"defaults": defaults} if defaults else {}),
        "keyframes": [
            {"image_path": path}
            if comparable(stem_of(path)) in sidecars
            else {"image_path": path, "motion": dict(move)}
            for path in paths
        ],
    }


def _keyframes(folder: Path) -> Iterator[str]:
    for path, key in _files(folder):
        if is_image(path.name) and not is_reserved_stem(stem_of(path.name)):
            yield key


def _sidecar_stems(folder: Path) -> set[str]:
    names = (path.name for path, _ in _files(folder))
    return {comparable(stem_of(n)) for n in names if comparable(n).endswith(SIDECAR_EXTENSION)}


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files and their keys, which are NFC: what macOS lists, other systems would not find."""
    for place in (folder, folder / REVIEW_FOLDER):
        for path in place.iterdir() if place.is_dir() else ():
            if path.is_file():
                yield path, unicodedata.normalize("NFC", path.relative_to(folder).as_posix())


def _problems(paths: list[str]) -> list[Problem]:
    if not paths:
        message = "there is no keyframe in the folder."
        return [Problem("", message, "Put pictures into it, for example img_001.png.", "empty")]
    problems = [problem for path in paths for problem in key_problems(path)]
    first: dict[str, str] = {}
    for path in paths:
        earlier = first.setdefault(comparable(stem_of(path)), path)
        if earlier != path:
            message = f"makes a clip of the same name as {earlier}."
            problems.append(Problem(path, message, "Rename one of them.", "duplicate_stem"))
    return problems
