"""What each kind of clip needs, and what makes no sense for it (seeds C14–C33).

Whether a certain model takes a certain input is the catalogue's business; here is what holds
whichever model makes the clip.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.catalog import find_model
from shared.clip import Operation
from shared.errors import Problem
from shared.manifest.parse import ManifestItem

SCENE_GUIDANCE = (0.0, 1.0)
"""The seed's scale for scene animation (C17)."""


def operation_problems(
    item: ManifestItem, merged: Mapping[str, Any], own_duration: str
) -> list[Problem]:
    """Everything that contradicts the operation of a clip whose layers are merged.

    Parameters
    ----------
    own_duration : who says a length for this very clip; empty when nobody does.
    """
    place, operation = f"keyframes[{item.index}]", merged["operation"]
    return [
        *_makers(place, operation, merged["route"]),
        *_keyframe(place, operation, item.image_path),
        *_scene(place, merged.get("prompt")),
        *(_avatar(place, merged, own_duration) if operation is Operation.TALKING_AVATAR else ()),
        *(_guidance(place, merged) if operation is Operation.SCENE_ANIMATION else ()),
    ]


def _makers(place: str, operation: Operation, route: tuple[str, ...]) -> Iterator[Problem]:
    """A route of which no model does what is asked would silently make something else."""
    rows = [find_model(word) for word in route]
    if not all(rows) or any(row and operation in row.operations for row in rows):
        return
    names = ", ".join(f"`{name}`" for name in route)
    message = f"is `{operation.value}`, which no model of the route ({names}) makes."
    able = sorted({each.value for row in rows if row for each in row.operations})
    hint = f"Name a model that does in `route`, or ask for {' or '.join(f'`{a}`' for a in able)}."
    yield Problem(f"{place}.operation", message, hint, "operation_unavailable")


def _keyframe(place: str, operation: Operation, image_path: str) -> Iterator[Problem]:
    from_words = operation is Operation.TEXT_TO_VIDEO
    if from_words and image_path:
        message = "is `text_to_video`, which makes a clip from words alone."
        hint = "Write `name` instead of `image_path`, or ask for `image_to_video`."
        yield Problem(f"{place}.operation", message, hint, "contradiction")
    if not from_words and not image_path:
        message = f"is required for `{operation.value}`."
        hint = "Name the keyframe, or ask for `text_to_video`."
        yield Problem(f"{place}.image_path", message, hint, "missing")


def _scene(place: str, prompt: object) -> Iterator[Problem]:
    if isinstance(prompt, Mapping) and not any(
        str(prompt.get(name) or "").strip() for name in ("scene", "story")
    ):
        hint = "Say what is seen, or write the prompt as a text."
        yield Problem(f"{place}.prompt.scene", "is required.", hint, "missing")


def _avatar(place: str, merged: Mapping[str, Any], own_duration: str) -> Iterator[Problem]:
    if merged.get("audio") is None:
        hint = 'For example "audio": "voice.wav", beside the manifest.'
        yield Problem(f"{place}.audio", "is required for `talking_avatar`.", hint, "missing")
    if own_duration:
        message = "a talking avatar is as long as its sound."
        path = f"{place}.motion.duration_sec"
        yield Problem(path, message, "Leave `duration_sec` out.", "contradiction")


def _guidance(place: str, merged: Mapping[str, Any]) -> Iterator[Problem]:
    asked, (low, high) = merged.get("guidance"), SCENE_GUIDANCE
    if asked is not None and not low <= asked <= high:
        message = f"must be from {low:g} to {high:g} for `scene_animation`; it is {asked:g}."
        yield Problem(f"{place}.guidance", message, "The default is 0.5.", "out_of_range")
