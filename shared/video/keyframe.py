"""A dropped file as the picture a camera can move over.

Drop files are hostile until decoded: the format is known by content, the size is read from the
header before a pixel is unpacked, only the one decoder that the content asks for is let near it,
and a file that ends early is refused, never padded with grey.
"""

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from shared.errors import DropreelError, KeyframeUnreadable, Problem
from shared.video.image_format import ACCEPTED, RAW, SUFFIXES, NotAKeyframe, identify
from shared.video.srgb import SUPPORTED_MODES, to_srgb

_MIB = 1024 * 1024
_PNG_END = b"IEND\xaeB\x60\x82"
_ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
_DNG_VERSION, _NEW_SUBFILE_TYPE = 50706, 254


@dataclass(frozen=True, slots=True)
class KeyframeLimits:
    """What is accepted: bytes of the file, pixels in all, shorter side, longer over shorter."""

    max_bytes: int = 64 * _MIB
    max_pixels: int = 100_000_000
    min_side: int = 16
    max_aspect: float = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Keyframe:
    """A decoded keyframe, upright, opaque, sRGB.

    Attributes
    ----------
    rgb : H×W×3, 8-bit, read-only.
    size : (width, height) in pixels, after turning it upright.
    format : what the file is by content, for example `JPEG`.
    sha256 : hex digest of the file's bytes.
    notes : what the creator should know about the conversion, in sentences.
    """

    rgb: NDArray[np.uint8]
    size: tuple[int, int]
    format: str
    sha256: str
    notes: tuple[str, ...] = ()


_DEFAULT_LIMITS = KeyframeLimits()


def decode_keyframe(data: bytes, name: str, limits: KeyframeLimits = _DEFAULT_LIMITS) -> Keyframe:
    """Decode a keyframe, or say why it is none.

    Parameters
    ----------
    data : the whole file.
    name : its name in the drop, for messages; its suffix is not trusted.

    Raises
    ------
    KeyframeUnreadable
        Empty, too large, not an accepted format, damaged, cut short, or of an unusable shape. Its
        problem carries the name, what is wrong and what to do.
    """
    if len(data) > limits.max_bytes:
        raise _refusal(
            name,
            f"has {len(data) / _MIB:.1f} MiB; at most {limits.max_bytes / _MIB:.0f} MiB are taken.",
            "Save it as JPEG, or smaller.",
            "too_many_bytes",
        )
    kind = identify(data)
    if isinstance(kind, NotAKeyframe):
        raise _refusal(name, f"is {kind.what}.", kind.hint, "not_an_image")

    # What Pillow warns of (large pictures, odd EXIF) is judged here, picture by picture.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _damage_refused(name, kind, limits):
            picture = Image.open(io.BytesIO(data), formats=[kind])
            _check_shape(picture.size, name, limits)
            _check_kind(picture, name, kind)
            deep = _has_deep_colour(picture)
            _load_whole(picture, data, kind)
            notes = _about_the_file(picture, name, kind, deep=deep)
        _turn_upright(picture, notes)
        srgb, changes = to_srgb(picture)

    rgb = np.asarray(srgb, dtype=np.uint8)
    rgb.setflags(write=False)
    return Keyframe(
        rgb=rgb,
        size=srgb.size,
        format=kind,
        sha256=hashlib.sha256(data).hexdigest(),
        notes=(*notes, *changes),
    )


@contextmanager
def _damage_refused(name: str, kind: str, limits: KeyframeLimits) -> Iterator[None]:
    """A decoder fed with hostile bytes may raise anything; to the creator all of it means one."""
    try:
        yield
    except (DropreelError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name, "more than is safe to unpack", limits) from error
    except Exception as error:
        reason = str(error).strip() or type(error).__name__
        if isinstance(error, UnidentifiedImageError):
            reason = "its header cannot be read"
        raise _refusal(
            name,
            f"starts as a {kind} but is damaged or cut short ({reason}).",
            "Export and drop it again.",
            "damaged",
        ) from error


def _load_whole(picture: Image.Image, data: bytes, kind: str) -> None:
    """Unpack every pixel; the decoders refuse an early end by themselves, all but one."""
    if kind == "PNG":
        if _PNG_END not in data:
            raise EOFError("the end of the image is missing")
        # Checksums of the pixel data are only looked at when asked.
        Image.open(io.BytesIO(data), formats=[kind]).verify()
    picture.load()


def _turn_upright(picture: Image.Image, notes: list[str]) -> None:
    """Turn the picture as the camera was held (EXIF orientation)."""
    try:
        ImageOps.exif_transpose(picture, in_place=True)
    except Exception:
        # The picture itself is whole; only the label on it is not.
        notes.append("Its EXIF data is damaged; the picture is taken as it lies.")


def _check_shape(size: tuple[int, int], name: str, limits: KeyframeLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise _too_many_pixels(name, f"{width}×{height} pixels", limits)
    if min(size) < limits.min_side:
        raise _refusal(
            name,
            f"is {width}×{height} pixels; each side needs {limits.min_side} or more.",
            "Drop the picture itself, not its thumbnail.",
            "too_small",
        )
    if max(size) > limits.max_aspect * min(size):
        raise _refusal(
            name,
            f"is {width}×{height} pixels, longer than {limits.max_aspect:g}:1.",
            "Crop it to the part that should be seen.",
            "extreme_aspect",
        )


def _check_kind(picture: Image.Image, name: str, kind: str) -> None:
    # Raw files of most cameras are TIFFs whose first picture is a small preview.
    tags = getattr(picture, "tag_v2", {})
    if kind == "TIFF" and (_DNG_VERSION in tags or tags.get(_NEW_SUBFILE_TYPE, 0) & 1):
        raise _refusal(name, f"is {RAW.what}.", RAW.hint, "not_an_image")
    if picture.mode not in SUPPORTED_MODES:
        raise _refusal(
            name,
            f"has pixels of a type ({picture.mode}) with no faithful 8-bit form.",
            "Save it as 8-bit RGB.",
            "unsupported_pixels",
        )


def _has_deep_colour(picture: Image.Image) -> bool:
    """Colour of 16 bits, which Pillow reduces while it unpacks; known only before it does."""
    tiles = getattr(picture, "tile", [])
    return bool(tiles) and ";16" in str(tiles[0][3]) and not picture.mode.startswith("I")


def _about_the_file(picture: Image.Image, name: str, kind: str, *, deep: bool) -> list[str]:
    notes = []
    suffix = PurePosixPath(name).suffix
    if suffix.lower() not in SUFFIXES[kind]:
        claim = f"Named {suffix}" if suffix else "Without a suffix"
        notes.append(f"{claim}, but it is a {kind} by content, and read as that.")
    if kind in _ANIMATED and getattr(picture, "is_animated", False):
        notes.append(f"It is an animated {kind}; the first frame is used.")
    if kind == "TIFF" and getattr(picture, "n_frames", 1) > 1:
        notes.append("It has several pages; the first one is used.")
    if deep:
        notes.append("16-bit colour is reduced to 8 bits.")
    return notes


def _too_many_pixels(name: str, has: str, limits: KeyframeLimits) -> DropreelError:
    return _refusal(
        name,
        f"has {has}; at most {limits.max_pixels / 1e6:.0f} megapixels are taken.",
        "Save it smaller: clips are made at up to 2160p.",
        "too_many_pixels",
    )


def _refusal(name: str, message: str, hint: str, code: str) -> DropreelError:
    if code == "not_an_image":
        hint = f"{hint} Keyframes are {', '.join(ACCEPTED[:-1])} or {ACCEPTED[-1]}."
    return KeyframeUnreadable.because([Problem(path=name, message=message, hint=hint, code=code)])
