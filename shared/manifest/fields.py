"""The values a manifest may hold, one type a kind of value.

Numbers are strict: a quoted number or `true` is a mistake to point out, not to guess around.
Rules that pydantic has no words for raise a `PydanticCustomError` whose type is our problem code
and whose context may carry a `hint`.
"""

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.manifest.guard import key_problems
from shared.manifest.names import (
    IMAGE_EXTENSIONS,
    SOUND_EXTENSIONS,
    is_image,
    is_manifest,
    is_ours,
    is_reserved_stem,
    is_sound,
    marker_of,
    stem_of,
)
from shared.manifest.places import shown
from shared.motion.rect import Rect

Number = Annotated[float, Strict()]
Whole = Annotated[int, Strict()]

FRAME_RATES = (12, 15, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60)
MIN_SIDE = 0.01
MAX_STEM_BYTES = 200
"""Leaves room for the longest ending we write beside the stem, `.video_manifest.json`."""

ResolutionName = Literal[
    "auto", "144p", "240p", "360p", "480p", "540p", "720p", "1080p", "1440p", "2160p"
]
EncoderPreset = Literal[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
]


def _refuse(code: Any, message: str, hint: str = "") -> PydanticCustomError:
    # The message travels as context: pydantic would read braces in it as placeholders.
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


def _known_rate(fps: float) -> float:
    if fps in FRAME_RATES:
        return fps
    closest = min(FRAME_RATES, key=lambda rate: abs(rate - fps))
    rates = ", ".join(f"{rate:g}" for rate in FRAME_RATES)
    message = f"must be one of {rates}; it is {shown(fps)}."
    raise _refuse("frame_rate", message, f"The closest is {closest:g}.")


Fps = Annotated[
    Number,
    AfterValidator(_known_rate),
    WithJsonSchema({"type": "number", "enum": list(FRAME_RATES)}),
]


def _four_numbers(value: object) -> object:
    if isinstance(value, list) and len(value) != 4:
        message = f"must be four numbers, x1, y1, x2, y2; there are {len(value)}."
        raise _refuse("rect_length", message, "The whole picture is [0, 0, 1, 1].")
    return value


def _ordered(rect: Rect) -> Rect:
    upright = Rect(
        *(min(rect.x1, rect.x2), min(rect.y1, rect.y2)),
        *(max(rect.x1, rect.x2), max(rect.y1, rect.y2)),
    )
    if upright != rect:
        message = f"x1 must be less than x2, and y1 less than y2; it is {shown(tuple(rect))}."
        raise _refuse("rect_inverted", message, f"Did you mean {shown(tuple(upright))}?")
    for side, length in (("wide", rect.width), ("high", rect.height)):
        if length < MIN_SIDE - 1e-9:
            message = f"the rectangle is {length:.4g} {side}; the least is {MIN_SIDE}."
            raise _refuse("rect_too_small", message, "Make it larger.")
    return rect


_Fraction = Annotated[Number, Field(ge=0, le=1)]

RectValue = Annotated[
    tuple[_Fraction, _Fraction, _Fraction, _Fraction],
    BeforeValidator(_four_numbers),
    AfterValidator(lambda sides: _ordered(Rect(*sides))),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": 1},
            "minItems": 4,
            "maxItems": 4,
        }
    ),
]


def _safe_path(path: str) -> str:
    for problem in key_problems(path):
        raise _refuse(problem.code, problem.message, problem.hint)
    return path


def _keyframe_path(path: str) -> str:
    name, stem = PurePosixPath(path).name, stem_of(path)
    if is_ours(path):
        message = f"{shown(name)} begins with an underscore; such files are ours and are not read."
        raise _refuse("reserved_name", message, "Rename the keyframe.")
    if not is_image(path):
        message = f"{shown(name)} is not a picture by its name."
        raise _refuse("not_an_image", message, f"Accepted: {' '.join(IMAGE_EXTENSIONS)}.")
    if is_reserved_stem(stem):
        message = f"a clip may not be called {shown(stem)}: other files are published by that name."
        raise _refuse("reserved_name", message, "Rename the keyframe.")
    if len(stem.encode()) > MAX_STEM_BYTES:
        message = f"the name before the extension is longer than {MAX_STEM_BYTES} bytes."
        raise _refuse("unsafe_key", message, "Shorten it.")
    return path


ImagePath = Annotated[str, AfterValidator(_safe_path), AfterValidator(_keyframe_path)]


def _clip_name(name: str) -> str:
    if "/" in name:
        raise _refuse("unsafe_key", f"must be a name without folders; it is {shown(name)}.")
    _safe_path(name)
    if is_image(name) or is_sound(name):
        message = f"is the clip's name, and {shown(name)} is a file's."
        raise _refuse("clip_name", message, "Leave the extension out, or write `image_path`.")
    if is_ours(name) or is_reserved_stem(name) or is_manifest(name) or marker_of(name):
        message = f"a clip may not be called {shown(name)}."
        raise _refuse("reserved_name", message, "Take another name.")
    if len(name.encode()) > MAX_STEM_BYTES:
        message = f"the name is longer than {MAX_STEM_BYTES} bytes."
        raise _refuse("unsafe_key", message, "Shorten it.")
    return name


ClipName = Annotated[str, AfterValidator(_clip_name)]


def _sound_path(path: str) -> str:
    if is_ours(path) or not is_sound(path):
        message = f"{shown(PurePosixPath(path).name)} is not a sound by its name."
        raise _refuse("not_a_sound", message, f"Accepted: {' '.join(SOUND_EXTENSIONS)}.")
    return path


SoundPath = Annotated[str, AfterValidator(_safe_path), AfterValidator(_sound_path)]


def _lut_path(path: str) -> str:
    if not path.lower().endswith(".cube"):
        raise _refuse("not_a_lut", f"must be a `.cube` file; it is {shown(path)}.")
    return path


LutPath = Annotated[str, AfterValidator(_safe_path), AfterValidator(_lut_path)]


def _aspect(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,2}:[1-9][0-9]{0,2}", text, re.ASCII):
        message = f"must be width:height; it is {shown(text)}."
        raise _refuse("aspect", message, 'For example "16:9" or "9:16".')
    return text


Aspect = Annotated[str, AfterValidator(_aspect)]


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


RouteWord = Annotated[str, Field(min_length=1, max_length=200)]
Route = Annotated[
    tuple[RouteWord, ...],
    BeforeValidator(_one_or_many),
    Field(min_length=1, max_length=8),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1},
                    "minItems": 1,
                    "maxItems": 8,
                },
            ]
        }
    ),
]

MAX_PROMPT = 4000
Prompt = Annotated[str, Field(max_length=MAX_PROMPT)]


def _identifier(text: str) -> str:
    if "/" in text:
        raise _refuse("unsafe_key", f"must be one folder's name; it is {shown(text)}.")
    return _safe_path(text)


FolderName = Annotated[str, AfterValidator(_identifier)]


def _version(value: object) -> object:
    if value in ("1", 1) and not isinstance(value, bool | float):
        return "1"
    message = f'this version of Dropreel reads schema "1"; the manifest says {shown(value)}.'
    raise _refuse("schema_version", message, 'Write "1" or leave it out.')


SchemaVersion = Annotated[
    Literal["1"], BeforeValidator(_version), WithJsonSchema({"enum": ["1", 1]})
]
