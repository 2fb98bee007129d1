"""Other names that the seed uses for the same thing, translated once at the door (X-11).

A flat motion descriptor (seed B011: `motion_type`, `start_frame`, … straight on the keyframe) is
the `motion` block by other names. What is written is remembered, so that problems point at it.
"""

from collections.abc import Mapping
from typing import Any

from shared.errors import Problem
from shared.manifest.places import Place, shown, written_place
from shared.manifest.v1 import Motion

KEYFRAME_ALIASES = {"keyframe": "image_path", "image": "image_path"}
CLIP_ALIASES = {
    "operation_type": "operation",
    "guidance_scale": "guidance",
    "cfg_scale": "guidance",
    "prompt_expansion": "enable_prompt_expansion",
    "mask": "mask_image",
    "end_image": "last_frame",
    "last_image": "last_frame",
}
"""The words of the unified entry point and of the vendors behind it (seeds C01–C33)."""

SCENE_ALIASES = {"scene_data": "scene", "story_context": "story"}
MOTION_ALIASES = {
    "motion_type": "type",
    "motion_intensity": "intensity",
    "start_frame": "start_rect",
    "start_crop": "start_rect",
    "end_frame": "end_rect",
    "end_crop": "end_rect",
}
FLAT_MOTION = {**{name: name for name in Motion.model_fields}, **MOTION_ALIASES}
"""Motion fields that may stand outside of the `motion` block, and their names inside."""

INNER_ALIASES: dict[str, dict[str, str]] = {"motion": MOTION_ALIASES, "prompt": SCENE_ALIASES}
"""Other names inside of a block."""


class Translated:
    """A block in canonical names, with the way back to what was written.

    Attributes
    ----------
    values : the block, canonical.
    written : canonical place → place as written, where they differ.
    problems : fields said twice in different words with different values.
    """

    def __init__(self, block: Mapping[str, Any]) -> None:
        self.values: dict[str, Any] = {}
        self.written: dict[Place, Place] = {}
        self.problems: list[Problem] = []
        motion = block.get("motion")
        has_motion_block = motion is None or isinstance(motion, Mapping)
        for name, value in block.items():
            if name in INNER_ALIASES and isinstance(value, Mapping):
                self.values.setdefault(name, {})
                for inner, inner_value in value.items():
                    canonical = str(INNER_ALIASES[name].get(inner, inner))
                    self._put((name, canonical), inner_value, (name, inner))
            elif name in FLAT_MOTION and has_motion_block:
                self._put(("motion", FLAT_MOTION[name]), value, (name,))
            elif name not in FLAT_MOTION and not (name == "motion" and value is None):
                meant = CLIP_ALIASES.get(name) or KEYFRAME_ALIASES.get(name, name)
                self._put((meant,), value, (name,))
        if not has_motion_block:
            self.values["motion"] = motion

    def place_written(self, place: Place) -> Place:
        """Where the creator wrote what stands at the canonical `place`."""
        for length in (2, 1):
            if place[:length] in self.written:
                return self.written[place[:length]] + place[length:]
        return place

    def _put(self, place: tuple[str, ...], value: object, written: Place) -> None:
        *outer, name = place
        block = self.values
        for part in outer:
            block = block.setdefault(part, {})
        if block.get(name) is None:
            block[name] = value
            self.written.pop(place, None)
            if place != written:
                self.written[place] = written
        elif value is not None and block[name] != value:
            first = written_place(self.place_written(place))
            message = f"says {shown(value)}, but `{first}` says {shown(block[name])}."
            hint = f"Both mean `{written_place(place)}`: keep one of them."
            self.problems.append(Problem(written_place(written), message, hint, "conflict"))
