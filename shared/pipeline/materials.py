"""The files of one clip, in their pinned versions, decoded: what a model may be given."""

from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from shared.clip import ClipRequest, InputFile, ObjectRef, Operation
from shared.errors import InvalidInput, KeyframeMissing, KeyframeUnreadable, Problem
from shared.jobs.request import MediaInput
from shared.picture_size import output_size, parse_aspect
from shared.pipeline.plan import ClipOrder
from shared.pipeline.services import Services
from shared.video.keyframe import Keyframe, KeyframeLimits, decode_keyframe
from shared.video.sound import Sound, SoundLimits, read_sound

MASK_TOLERANCE = 0.01
"""How far a mask's shape may be from its keyframe's: a pixel lost in scaling is no other shape."""

CANVAS_ASPECT = 16 / 9


@dataclass(frozen=True, kw_only=True)
class Materials:
    """Everything that a clip is made from.

    `picture` is the keyframe, or a grey canvas of the clip's shape where it is made from words.
    """

    picture: Keyframe
    has_keyframe: bool = True
    last_frame: Keyframe | None = None
    mask: Keyframe | None = None
    sound: Sound | None = None
    names: dict[str, str]

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file beside the keyframe, by field."""
        files = {"last_frame": self.last_frame, "mask_image": self.mask, "audio": self.sound}
        return {name: file.sha256 for name, file in files.items() if file is not None}

    @property
    def audio(self) -> MediaInput | None:
        """The sound, for a request."""
        if self.sound is None:
            return None
        return MediaInput(
            name=self.names["audio"],
            content_type=self.sound.content_type,
            size_bytes=self.sound.size_bytes,
            sha256=self.sound.sha256,
            duration_sec=self.sound.duration_sec,
        )


def read_materials(services: Services, order: ClipOrder) -> Materials:
    """Fetch and decode the files of an order.

    Raises
    ------
    KeyframeMissing, KeyframeUnreadable, InvalidInput : a file is gone, or is not what it should be.
    """
    keyframe = read_keyframe(services, order.keyframe) if order.keyframe else None
    pictures = {
        name: read_keyframe(services, order.inputs[name])
        for name in ("last_frame", "mask_image")
        if name in order.inputs
    }
    mask = pictures.get("mask_image")
    if mask is not None and keyframe is not None:
        refuse_other_shape(order.inputs["mask_image"].name, mask, keyframe)
    audio = order.inputs.get("audio")
    return Materials(
        picture=keyframe or canvas(order.request),
        has_keyframe=keyframe is not None,
        last_frame=pictures.get("last_frame"),
        mask=mask,
        sound=_read_sound(services, audio) if audio else None,
        names={name: ref.name for name, ref in order.inputs.items()},
    )


def outlined(services: Services, order: ClipOrder) -> Materials:
    """The same without a picture being decoded: enough to price a clip, not to make it.

    Sound is read, since some clips are as long as it.

    Raises
    ------
    InvalidInput : a size or an aspect that means nothing, or sound that cannot be read.
    """
    blank = canvas(order.request)
    audio = order.inputs.get("audio")
    return Materials(
        picture=blank,
        has_keyframe=order.keyframe is not None,
        last_frame=blank if "last_frame" in order.inputs else None,
        mask=blank if "mask_image" in order.inputs else None,
        sound=_read_sound(services, audio) if audio else None,
        names={name: ref.name for name, ref in order.inputs.items()},
    )


def settled(request: ClipRequest, materials: Materials) -> ClipRequest:
    """The request with what its files decide: a talking avatar is as long as its sound (C33)."""
    if request.operation is not Operation.TALKING_AVATAR or materials.sound is None:
        return request
    length = {"duration_sec": materials.sound.duration_sec}
    return request.model_copy(update={"motion": request.motion.model_copy(update=length)})


def canvas(request: ClipRequest) -> Keyframe:
    """A grey picture of the clip's shape, over which the words for the camera's move are found."""
    aspect = parse_aspect(request.finish.aspect) if request.finish.aspect else CANVAS_ASPECT
    width, height = output_size(request.resolution, aspect)
    grey = np.broadcast_to(np.uint8(128), (height, width, 3))
    return Keyframe(rgb=grey, size=(width, height), format="", sha256="")


def read_keyframe(services: Services, ref: ObjectRef) -> Keyframe:
    """Fetch and decode the pinned version of a picture."""
    limit = services.limits.max_keyframe_bytes
    data = _fetched(services, ref, limit, "Save it as JPEG or scale it down.")
    return decode_keyframe(data, ref.name, KeyframeLimits(max_bytes=limit))


def _read_sound(services: Services, ref: ObjectRef) -> Sound:
    limit = services.limits.max_keyframe_bytes
    data = _fetched(services, ref, limit, "Save it as MP3, or cut it.")
    return read_sound(data, ref.name, SoundLimits(max_bytes=limit))


def _fetched(services: Services, ref: ObjectRef, limit: int, remedy: str) -> bytes:
    if ref.size > limit:
        raise InvalidInput(
            f"{ref.name}: {ref.size / 1e6:.0f} MB; such files may have {limit / 1e6:.0f} MB. "
            f"{remedy}"
        )
    try:
        return services.objects.read(ref)
    except FileNotFoundError as error:
        raise KeyframeMissing(
            f"`{ref.name}` was deleted after the manifest was accepted."
        ) from error


def refuse_other_shape(name: str, mask: Keyframe, keyframe: Keyframe) -> None:
    """Raises `KeyframeUnreadable` for a mask that cannot lie over its keyframe."""
    ratio = (mask.size[0] / mask.size[1]) / (keyframe.size[0] / keyframe.size[1])
    if abs(ratio - 1) <= MASK_TOLERANCE:
        return
    sizes = (f"{width}×{height}" for width, height in (mask.size, keyframe.size))
    message = "has another shape than its keyframe: {} instead of {}.".format(*sizes)
    hint = "Draw it over the keyframe, at the keyframe's size."
    raise KeyframeUnreadable.because([Problem(name, message, hint, "mask_shape")])


def input_file(media: MediaInput) -> InputFile:
    """What the metadata says of a file that is sent."""
    return InputFile(
        name=PurePosixPath(media.name).name,
        content_type=media.content_type,
        size_bytes=media.size_bytes,
        sha256=media.sha256,
        duration_sec=media.duration_sec,
    )
