"""A folder of keyframes as the editor may see it: pictures to look at, sidecars to write.

Every name that comes back from the page is looked up among the folder's own names; none is ever
made into a path.
"""

import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from cli.errors import WrongUse
from shared.errors import DropreelError, InvalidInput, Problem
from shared.manifest.create import REVIEW_FOLDER, create_manifest
from shared.manifest.guard import guard_key
from shared.manifest.names import SIDECAR_EXTENSION, comparable, is_sidecar, stem_of
from shared.manifest.parse import ManifestItem
from shared.manifest.reading import read_json
from shared.manifest.resolve import resolve_clip
from shared.manifest.v1 import ClipSettings, Keyframe
from shared.pipeline.plan import SIDECAR_LIMIT
from shared.whole_file import write_whole


@dataclass(frozen=True, slots=True)
class KeyframeFile:
    """A keyframe on the disk, and where its sidecar lies or will lie."""

    key: str
    path: Path
    sidecar: Path


@dataclass(frozen=True, slots=True)
class KeyframeFolder:
    """The keyframes of a folder and of its review folder, as a manifest for it would list them."""

    root: Path

    @property
    def name(self) -> str:
        return self.root.resolve().name

    def keyframes(self) -> list[KeyframeFile]:
        """Read anew at each call: files come and go while the editor is open.

        Raises
        ------
        InvalidInput : there are none, or two share a stem.
        """
        keys = [entry["image_path"] for entry in create_manifest(self.root)["keyframes"]]
        places = [self.root, self.root / REVIEW_FOLDER]
        files = [path for place in places if place.is_dir() for path in sorted(place.iterdir())]
        named = {_key(path, self.root): path for path in files if path.is_file()}
        sidecars = {_beside(path): path for path in files if is_sidecar(path.name)}
        return [KeyframeFile(key, named[key], _sidecar_of(named[key], sidecars)) for key in keys]

    def find(self, key: str) -> KeyframeFile:
        """The keyframe of that name.

        Raises
        ------
        InvalidInput : the name is no plain key.
        FileNotFoundError : the folder has no such keyframe.
        """
        guard_key(key)
        for keyframe in self.keyframes():
            if keyframe.key == key:
                return keyframe
        raise FileNotFoundError(key)

    def find_sidecar(self, key: str) -> KeyframeFile:
        """The keyframe whose sidecar `<stem>.motion.json` is; raises as `find` does."""
        guard_key(key)
        for keyframe in self.keyframes():
            if key == sidecar_key(keyframe.key):
                return keyframe
        raise FileNotFoundError(key)


def open_folder(folder: Path) -> KeyframeFolder:
    """The folder, once it is sure that there is something to edit in it.

    Raises
    ------
    WrongUse, InvalidInput : no such folder, no keyframe in it, or two of one stem.
    """
    if not folder.is_dir():
        raise WrongUse(f"There is no folder {folder}.")
    opened = KeyframeFolder(folder)
    opened.keyframes()
    return opened


def sidecar_key(key: str) -> str:
    """`day/img_001.png` → `day/img_001.motion.json`."""
    return key[: key.rfind("/") + 1] + stem_of(key) + SIDECAR_EXTENSION


def read_sidecar(keyframe: KeyframeFile) -> tuple[object, list[Problem]]:
    """The sidecar as it stands, None where there is none, and what the pipeline would say to it."""
    if not keyframe.sidecar.is_file():
        return None, []
    with keyframe.sidecar.open("rb") as file:
        data = file.read(SIDECAR_LIMIT + 1)
    try:
        value = read_json(data, max_bytes=SIDECAR_LIMIT)
    except DropreelError as error:
        return None, list(error.problems)
    return value, sidecar_problems(keyframe, data)


def write_sidecar(keyframe: KeyframeFile, data: bytes) -> None:
    """Put a sidecar in its place, whole or not at all.

    Raises
    ------
    InvalidInput : with everything that the pipeline would refuse in it.
    """
    problems = sidecar_problems(keyframe, data)
    if problems:
        raise InvalidInput.because(problems)
    document = read_json(data, max_bytes=SIDECAR_LIMIT)
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    write_whole(keyframe.sidecar, text.encode())


def sidecar_problems(keyframe: KeyframeFile, data: bytes) -> list[Problem]:
    """What the pipeline would refuse in this sidecar: the very function that it reads it with."""
    asked = Keyframe(image_path=keyframe.key)
    item = ManifestItem(0, stem_of(keyframe.key), keyframe.key, asked)
    try:
        resolve_clip(item, ClipSettings(), {keyframe.sidecar.name: data})
    except DropreelError as error:
        return list(error.problems)
    return []


def _key(path: Path, root: Path) -> str:
    return unicodedata.normalize("NFC", path.relative_to(root).as_posix())


def _beside(path: Path) -> tuple[Path, str]:
    """What a keyframe and its sidecar have in common: the folder and the stem."""
    return path.parent, comparable(stem_of(path.name))


def _sidecar_of(keyframe: Path, sidecars: dict[tuple[Path, str], Path]) -> Path:
    """The sidecar that is there, whatever its letter case; else the plain name."""
    plain = keyframe.with_name(stem_of(keyframe.name) + SIDECAR_EXTENSION)
    return sidecars.get(_beside(keyframe), plain)
