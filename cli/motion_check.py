"""Camera moves on this machine, held against the pixels of the keyframes beside them.

A sidecar is looked at as it would count in a manifest that says nothing else; a manifest with the
sidecars beside its keyframes; a folder through its manifests, or through a made one without any.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cli.errors import WrongUse
from shared.clip import ClipRequest
from shared.errors import DropreelError, KeyframeMissing, Problem
from shared.frames import frame_count, frame_rate
from shared.manifest import ManifestItem, parse_manifest, resolve_clip
from shared.manifest.create import create_manifest
from shared.manifest.names import (
    comparable,
    is_caption,
    is_image,
    is_manifest,
    is_sidecar,
    same_stem,
    stem_of,
)
from shared.manifest.v1 import ClipSettings, Keyframe
from shared.motion.path import CameraPath
from shared.motion.speed import SPEED_LIMIT, minimum_duration, motion_speed
from shared.pipeline.decide import camera_path, motion_problems, output_aspect
from shared.video.keyframe import Keyframe as DecodedKeyframe
from shared.video.keyframe import decode_keyframe


@dataclass(frozen=True, slots=True)
class MotionReport:
    """One keyframe's move: its numbers as far as they are known, and all that is wrong with it.

    Speeds are in viewport widths a second.
    """

    file: str
    keyframe: str
    type: str | None = None
    duration_sec: float | None = None
    minimum_duration_sec: float | None = None
    peak_speed: float | None = None
    mean_speed: float | None = None
    speed_limit: float = SPEED_LIMIT
    problems: tuple[Problem, ...] = field(default=())

    @property
    def safe(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "safe": self.safe}


def check_path(path: Path) -> list[MotionReport]:
    """A sidecar, a manifest, or a folder.

    Raises
    ------
    WrongUse : it is none of these, or not there.
    """
    if path.is_dir():
        return _check_folder(path)
    if not path.is_file():
        raise WrongUse(f"There is no file or folder {path}.")
    if is_sidecar(path.name):
        return [_check_sidecar(path)]
    if is_manifest(path.name):
        return _check_manifest(path, path.parent, path.read_bytes())
    raise WrongUse(f"{path} is neither a `.motion.json` sidecar, a manifest nor a folder.")


def _check_folder(folder: Path) -> list[MotionReport]:
    manifests = sorted(path for path in folder.iterdir() if is_manifest(path.name))
    if manifests:
        return [each for path in manifests for each in check_path(path)]
    try:
        keys = [entry["image_path"] for entry in create_manifest(folder)["keyframes"]]
    except DropreelError as error:
        raise WrongUse.because(error.problems) from error
    return [_check_keyframe(str(folder), _item(key), ClipSettings(), folder) for key in keys]


def _check_sidecar(path: Path) -> MotionReport:
    beside = sorted(path.parent.iterdir())
    keyframes = [each for each in beside if is_image(each.name) and same_stem(each.name, path.name)]
    if not keyframes:
        message = "there is no keyframe of that stem beside it; its pixels are needed."
        hint = f"Put it beside {stem_of(path.name)}.png."
        problem = Problem(path.name, message, hint, KeyframeMissing.code())
        return MotionReport(str(path), "", problems=(problem,))
    keyframe = keyframes[0].name
    return _check_keyframe(str(path), _item(keyframe), ClipSettings(), path.parent)


def _check_manifest(path: Path, folder: Path, data: bytes) -> list[MotionReport]:
    try:
        parsed = parse_manifest(data, name=path.name)
    except DropreelError as error:
        return [MotionReport(str(path), "", problems=tuple(error.problems))]
    refused = [
        MotionReport(str(path), item.image_path or "", problems=item.problems)
        for item in parsed.rejected
    ]
    checked = [_check_keyframe(str(path), item, parsed.defaults, folder) for item in parsed.items]
    return checked + refused


def _item(key: str) -> ManifestItem:
    return ManifestItem(0, stem_of(key), key, Keyframe(image_path=key))


def _check_keyframe(
    file: str, item: ManifestItem, defaults: ClipSettings, folder: Path
) -> MotionReport:
    path = folder / item.image_path
    try:
        request = resolve_clip(item, defaults, _companions(path))
        if not path.is_file():
            raise KeyframeMissing(f"{item.image_path}: there is no such keyframe.")
        return _Look(file, request, path).report()
    except DropreelError as error:
        return MotionReport(file, item.image_path, problems=tuple(error.problems))


def _companions(keyframe: Path) -> dict[str, bytes]:
    beside: Iterable[Path] = keyframe.parent.iterdir() if keyframe.parent.is_dir() else ()
    ours = (each for each in beside if same_stem(each.name, keyframe.name) and each.is_file())
    return {
        each.name: each.read_bytes()
        for each in sorted(ours, key=lambda path: comparable(path.name))
        if is_sidecar(each.name) or is_caption(each.name)
    }


@dataclass(frozen=True)
class _Look:
    """One move over one decoded keyframe."""

    file: str
    request: ClipRequest
    path: Path

    def report(self) -> MotionReport:
        motion, size = self.request.motion, self.keyframe.size
        aspect = size[0] / size[1]
        speed = motion_speed(self.camera, motion.duration_sec, aspect)
        return MotionReport(
            file=self.file,
            keyframe=self.request.image_path,
            type=motion.type.value,
            duration_sec=motion.duration_sec,
            minimum_duration_sec=round(minimum_duration(self.camera, aspect), 6),
            peak_speed=round(speed.peak, 6),
            mean_speed=round(speed.mean, 6),
            problems=tuple(self._problems()),
        )

    @cached_property
    def keyframe(self) -> DecodedKeyframe:
        return decode_keyframe(self.path.read_bytes(), self.path.name)

    @cached_property
    def camera(self) -> CameraPath:
        return camera_path(self.request, self.keyframe)

    def _problems(self) -> list[Problem]:
        """What PrepareClip would say of this move."""
        count = frame_count(self.request.motion.duration_sec, frame_rate(self.request.finish.fps))
        aspect = output_aspect(self.request, self.camera, self.keyframe)
        return motion_problems(self.request, self.camera, self.keyframe, aspect, count)
