"""One clip, decided: built-in settings < defaults < caption < sidecar < the keyframe's own.

Blocks are merged field by field, with two exceptions that a creator would expect. A layer that
names another type of move drops the rectangles of the layers below, which belonged to the other
move. And `generation_params.model` or `.fps` count in their layer as `route` or `finish.fps` when
these are not given there, so that a keyframe's own model beats the route of the defaults.

Where no layer names a route, the project's default is taken. Where it has none either, a plain
keyframe is filmed by the camera, for nothing, and what asks for a model goes the way of the default
preset.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.catalog import find_model
from shared.catalog.model import CAMERA_MOVE
from shared.clip import ClipRequest, MotionType, Operation
from shared.errors import InvalidInput, ManifestInvalid, Problem
from shared.manifest.aliases import Translated
from shared.manifest.fields import MAX_PROMPT
from shared.manifest.motion_rules import motion_problems
from shared.manifest.names import (
    CAPTION_EXTENSIONS,
    base_name,
    comparable,
    is_caption,
    is_sidecar,
    stem_of,
)
from shared.manifest.operation_rules import operation_problems
from shared.manifest.parse import ManifestItem
from shared.manifest.places import at_most, inside, shown
from shared.manifest.problems import explain, mapping_or_problem
from shared.manifest.reading import read_json
from shared.manifest.v1 import ClipSettings, Sidecar
from shared.routing.presets import DEFAULT_PRESET

BUILT_IN, PROJECT, CAPTION = "built-in", "project", "caption"
_BLOCKS = tuple(ClipSettings.model_fields)


@dataclass(frozen=True, slots=True)
class _Layer:
    source: str
    values: dict[str, Any]


def resolve_clip(
    item: ManifestItem,
    defaults: ClipSettings,
    sidecars: Mapping[str, bytes],
    default_route: tuple[str, ...] = (),
) -> ClipRequest:
    """Merge everything that is said about one clip.

    Parameters
    ----------
    item, defaults : from `parse_manifest`.
    sidecars : file name (or key) → content of the companions that lie beside the keyframe. Motion
        sidecars and captions of the keyframe's own stem are read, everything else is passed over.
    default_route : the project's; empty where it has none.

    Returns
    -------
    The request, with `source` telling for each block which layers it came from, strongest first.

    Raises
    ------
    InvalidInput : a companion cannot be read (paths begin with its name), or the layers together
        contradict each other.
    """
    layers, problems = [_Layer("defaults", _said(defaults))], []
    for key in sorted(sidecars, key=_strength):
        if not _belongs(key, item) or not (is_caption(key) or is_sidecar(key)):
            continue
        read = _read_caption if is_caption(key) else _read_sidecar
        try:
            layers.append(read(base_name(key), sidecars[key], item))
        except InvalidInput as error:
            problems += [inside(base_name(key), each) for each in error.problems]
    if problems:
        raise InvalidInput.because(at_most(problems))
    layers.append(_Layer("manifest", _said(item.asked)))
    return _merge(item, layers, default_route)


def _belongs(key: str, item: ManifestItem) -> bool:
    return comparable(stem_of(key)) == comparable(item.stem)


def _strength(key: str) -> tuple[bool, bool, str]:
    """Sort order of companions, weakest first: `.txt`, `.caption`, then the motion sidecar."""
    plain = comparable(key)
    return is_sidecar(key), plain.endswith(CAPTION_EXTENSIONS[0]), plain


def _said(settings: ClipSettings) -> dict[str, Any]:
    """What a layer really says; a null says nothing."""
    said = settings.model_dump(include=set(_BLOCKS), exclude_none=True)
    params = said.get("generation_params", {})
    if "model" in params:
        said.setdefault("route", (params["model"],))
    if "fps" in params:
        said.setdefault("finish", {}).setdefault("fps", params["fps"])
    return said


def _read_caption(name: str, data: bytes, _: ManifestItem) -> _Layer:
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        message = "the caption is not UTF-8."
        raise InvalidInput(
            message, problems=(Problem("", message, "Save it as UTF-8.", "not_utf8"),)
        ) from error
    if len(text) > MAX_PROMPT:
        message = f"the caption has {len(text):,} characters; the most is {MAX_PROMPT:,}."
        raise InvalidInput(message, problems=(Problem("", message, "Shorten it.", "too_large"),))
    return _Layer(f"{CAPTION} {name}", {"prompt": text} if text else {})


def _read_sidecar(name: str, data: bytes, item: ManifestItem) -> _Layer:
    raw = mapping_or_problem(read_json(data), "")
    if isinstance(raw, Problem):
        raise ManifestInvalid.because([raw])
    translated = Translated(raw)
    problems = list(translated.problems)
    try:
        sidecar = Sidecar.model_validate(translated.values)
    except ValidationError as error:
        problems += explain(error, Sidecar, place_written=translated.place_written)
        raise ManifestInvalid.because(problems) from error
    written_for = (sidecar.image_path or "").replace("\\", "/")
    if written_for and not _belongs(written_for, item):
        ours = item.image_path or item.stem
        message = f"was made for {shown(base_name(written_for))}, not {shown(ours)}."
        path = ".".join(map(str, translated.place_written(("image_path",))))
        problems.append(Problem(path, message, "Rename the sidecar.", "wrong_keyframe"))
    if problems:
        raise ManifestInvalid.because(problems)
    return _Layer(f"sidecar {name}", _said(sidecar))


def _merge(item: ManifestItem, layers: list[_Layer], default_route: tuple[str, ...]) -> ClipRequest:
    merged: dict[str, Any] = {}
    sources: dict[str, list[str]] = {block: [] for block in _BLOCKS}
    for layer in layers:
        for block, said in layer.values.items():
            if isinstance(said, dict):
                below = merged.get(block, {})
                if not isinstance(below, dict):  # a scene takes the place of a plain prompt
                    below, sources[block] = {}, []
                if block == "motion":
                    below = _without_other_moves(below, said)
                merged[block] = _overlaid(below, said)
                if not said:
                    continue
            else:
                merged[block] = said
                sources[block].clear()
            sources[block].insert(0, layer.source)
    _decide_motion_type(merged)
    if "route" not in merged:
        wordless = None if item.image_path else Operation.TEXT_TO_VIDEO
        operation = merged.get("operation", wordless)
        merged["route"], sources["route"] = _unnamed_route(operation, default_route)
    _decide_route(merged, has_keyframe=bool(item.image_path))
    problems = operation_problems(item, merged, _own_duration(layers))
    _check(item, merged, problems)
    _settle_length(merged)
    scene = merged.get("prompt") if isinstance(merged.get("prompt"), dict) else None
    return ClipRequest.model_validate(
        {
            **merged,
            "prompt": None if scene else merged.get("prompt"),
            "scene": scene,
            "stem": item.stem,
            "image_path": item.image_path,
            "source": {block: ", ".join(who) or BUILT_IN for block, who in sources.items()},
        }
    )


def _overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for name, value in above.items():
        inner = result.get(name)
        both = isinstance(inner, dict) and isinstance(value, dict)
        result[name] = _overlaid(inner, value) if both and isinstance(inner, dict) else value
    return result


def _without_other_moves(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    if above.get("type") in (None, below.get("type")) or "type" not in below:
        return dict(below)
    return {name: value for name, value in below.items() if not name.endswith("_rect")}


def _decide_motion_type(merged: dict[str, Any]) -> None:
    """No type and two different rectangles: the rectangles are the move; else it stands (B017)."""
    motion = merged.get("motion", {})
    end = motion.get("end_rect")
    if "type" not in motion and end is not None and end != motion.get("start_rect"):
        merged["motion"] = {**motion, "type": MotionType.CUSTOM}


def _unnamed_route(
    operation: Operation | None, default_route: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]]:
    """The route where nobody names one, and whose it is. Who asks for the camera gets it."""
    if operation is Operation.CAMERA_MOVE:
        return (CAMERA_MOVE,), []
    if default_route:
        return default_route, [PROJECT]
    return (CAMERA_MOVE,) if operation is None else (DEFAULT_PRESET,), []


def _own_duration(layers: list[_Layer]) -> str:
    """Who says a length for this very clip; empty when nobody, or only the defaults do."""
    said = [layer.source for layer in layers if "duration_sec" in layer.values.get("motion", {})]
    return next((source for source in reversed(said) if source != "defaults"), "")


def _settle_length(merged: dict[str, Any]) -> None:
    """A talking avatar is as long as its sound; a length in the defaults is for the others."""
    if merged["operation"] is Operation.TALKING_AVATAR:
        merged.get("motion", {}).pop("duration_sec", None)


def _decide_route(merged: dict[str, Any], *, has_keyframe: bool) -> None:
    """Canonical model names where they are known, and the operation that follows from the first.

    Unknown words are left: choosing the model refuses them, and says what there is.
    """
    rows = [(word, find_model(word)) for word in merged["route"]]
    merged["route"] = tuple(row.id if row else word for word, row in rows)
    if "operation" not in merged:
        is_camera_move = merged["route"][0] == CAMERA_MOVE
        operation = Operation.CAMERA_MOVE if is_camera_move else Operation.IMAGE_TO_VIDEO
        merged["operation"] = operation if has_keyframe else Operation.TEXT_TO_VIDEO


def _strategy_problems(merged: Mapping[str, Any], path: str) -> list[Problem]:
    """A clip ends in one way: on the creator's picture, or where the camera's path ends."""
    strategy = merged.get("motion", {}).get("strategy")
    if strategy not in ("start_end_crop", "virtual_camera") or "last_frame" not in merged:
        return []
    message = f"is `{strategy}`, and `last_frame` says otherwise how the clip ends."
    return [Problem(path, message, "Leave one of the two out.", "conflict")]


def _check(item: ManifestItem, merged: Mapping[str, Any], problems: list[Problem]) -> None:
    place = f"keyframes[{item.index}]"
    motion = merged.get("motion", {})
    kind, start, end = (motion.get(name) for name in ("type", "start_rect", "end_rect"))
    problems = [*motion_problems(kind, start, end, f"{place}.motion"), *problems]
    problems += _strategy_problems(merged, f"{place}.motion.strategy")
    params = merged.get("generation_params", {})
    low, high = params.get("min_guidance_scale"), params.get("max_guidance_scale")
    if low is not None and high is not None and low > high:
        path = f"{place}.generation_params.min_guidance_scale"
        message = f"is {low:g}, more than `max_guidance_scale`, {high:g}."
        problems.append(Problem(path, message, "Swap the two.", "contradiction"))
    codec = merged.get("finish", {}).get("codec", {})
    if codec.get("rate_control") in ("average", "capped") and "bitrate_kbps" not in codec:
        path = f"{place}.finish.codec.bitrate_kbps"
        message = f"is required by rate_control `{codec['rate_control'].value}`."
        problems.append(Problem(path, message, "For example 8000.", "missing"))
    if problems:
        raise InvalidInput.because(problems)
