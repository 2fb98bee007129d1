"""The files of a call, read from this machine, decoded, and made fit for a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import InvalidInput, Problem
from shared.generate.request import GenerateRequest
from shared.jobs.request import MediaInput
from shared.motion.defaults import largest_crop
from shared.motion.rect import FULL, Rect
from shared.pipeline.materials import refuse_other_shape
from shared.pipeline.views import view
from shared.video.keyframe import Keyframe, KeyframeLimits, decode_keyframe
from shared.video.sound import SoundLimits, read_sound

MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class ReadFiles:
    """Media by the request's field, with the bytes that are sent."""

    media: Mapping[str, MediaInput] = field(default_factory=dict)
    data: Mapping[str, bytes] = field(default_factory=dict)


def read_files(request: GenerateRequest) -> ReadFiles:
    """Read and check every file that the request names.

    Raises
    ------
    InvalidInput, KeyframeUnreadable : a file is not there, or is not what it should be.
    """
    media: dict[str, MediaInput] = {}
    data: dict[str, bytes] = {}
    image = _picture(request.image, "image")
    last_frame, mask = _picture(request.last_frame, "last_frame"), _picture(request.mask, "mask")
    if mask is not None and image is not None:
        refuse_other_shape(str(request.mask), mask, image)
    size = image.size if image else None
    for name, picture in (("image", image), ("last_frame", last_frame), ("mask", mask)):
        if picture is None:
            continue
        to = size or picture.size
        rect = _fitting(picture, to) if name == "last_frame" else FULL
        data[name] = view(picture.rgb, rect, to, mode="L" if name == "mask" else "RGB")
        media[name] = MediaInput(
            name=f"{name}.png",
            content_type="image/png",
            size_bytes=len(data[name]),
            sha256=picture.sha256,
            width=to[0],
            height=to[1],
        )
    if request.audio is not None:
        raw = _read(request.audio, "audio")
        sound = read_sound(raw, request.audio.name, SoundLimits(max_bytes=MAX_BYTES))
        data["audio"] = raw
        media["audio"] = MediaInput(
            name=request.audio.name,
            content_type=sound.content_type,
            size_bytes=sound.size_bytes,
            sha256=sound.sha256,
            duration_sec=sound.duration_sec,
        )
    return ReadFiles(media, data)


def _picture(path: Path | None, name: str) -> Keyframe | None:
    if path is None:
        return None
    return decode_keyframe(_read(path, name), path.name, KeyframeLimits(max_bytes=MAX_BYTES))


def _fitting(picture: Keyframe, size: tuple[int, int]) -> Rect:
    width, height = picture.size
    return largest_crop(width / height, size[0] / size[1])


def _read(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"{path.name} is larger than {MAX_BYTES // 2**20} MiB."
            raise InvalidInput.because([Problem(name, message, "Make it smaller.", "too_large")])
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        problem = Problem(name, message, "Name a file on this machine.", "file_missing")
        raise InvalidInput.because([problem]) from error
