"""The pictures of a folder, scored on all processors."""

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import WrongUse
from shared.errors import DropreelError
from shared.manifest.names import comparable, is_image, is_ours, is_reserved_stem, stem_of
from shared.scoring.document import KeyframeScores
from shared.scoring.heads import Heads, Vectors
from shared.scoring.score import score_keyframe
from shared.video.keyframe import decode_keyframe


@dataclass(frozen=True, slots=True)
class Scored:
    """One picture: its scores, or why it has none. `path` is relative to the folder."""

    path: str
    scores: KeyframeScores | None = None
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        if self.scores is None:
            return {"image_path": self.path, "problem": self.problem}
        return {"image_path": self.path, **self.scores.model_dump(mode="json")}


def pictures_of(folder: Path) -> list[str]:
    """Keyframes of a folder and the folders in it, as paths relative to it.

    Files and folders whose names begin with `_` or `.` are passed over, and published posters.

    Raises
    ------
    WrongUse : there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise WrongUse(
            f"{folder} is a file; name the folder that it lies in."
            if folder.exists()
            else f"There is no folder {folder}."
        )
    found = sorted(_pictures(folder), key=lambda path: (comparable(path), path))
    if not found:
        raise WrongUse(f"{folder} holds no picture.")
    return found


def _pictures(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_ours(name) and not name.startswith(".")]
        for name in names:
            path = Path(place) / name
            ours = name.startswith(".") or is_reserved_stem(stem_of(name))
            if is_image(name) and not ours and path.is_file():
                yield path.relative_to(folder).as_posix()


def score_folder(
    folder: Path,
    paths: Sequence[str],
    heads: Heads | None = None,
    embeddings: Mapping[str, Vectors] | None = None,
) -> list[Scored]:
    """Score pictures of a folder, in their order; one that cannot be read stops no other."""
    known = {unicodedata.normalize("NFC", name): each for name, each in (embeddings or {}).items()}

    def score(path: str) -> Scored:
        try:
            rgb = decode_keyframe((folder / path).read_bytes(), path).rgb
        except (DropreelError, OSError) as error:
            return Scored(path, problem=str(error))
        embedding = known.get(unicodedata.normalize("NFC", path))
        return Scored(path, score_keyframe(rgb, embedding, heads))

    # Decoders and numpy let go of the interpreter, so that threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(score, paths))
