"""The resolved manifest of one clip: drop it beside the keyframe, and the same clip comes back.

`<stem>.video_manifest.json` is a manifest like any other (X-11), with nothing left to defaults.
"""

from collections.abc import Mapping
from typing import Any

from shared.clip import CameraStrategy, ClipPlan, ClipRequest, Operation
from shared.manifest.v1 import SCHEMA_VERSION


def resolved_manifest(
    plan: ClipPlan, request: ClipRequest, given: Mapping[str, str]
) -> dict[str, Any]:
    """A manifest with one keyframe, every number of the plan written out.

    Parameters
    ----------
    given : where the files beside the keyframe lie from here, by the request's field.

    It names no project and no batch: it may be dropped into any folder.
    """
    motion = plan.motion
    named = {"image_path": plan.keyframe.name} if plan.keyframe else {"name": plan.stem}
    from_sound = plan.operation is Operation.TALKING_AVATAR
    keyframe: dict[str, Any] = {
        **named,
        "operation": plan.operation.value,
        "route": [plan.model],
        # the short side is what a resolution names; the rectangles give the shape
        "resolution": f"{min(plan.width, plan.height)}p",
        "motion": {
            "type": motion.type.value,
            "start_rect": list(motion.start_rect),
            "end_rect": list(motion.end_rect),
            "duration_sec": None if from_sound else motion.duration_sec,
            "easing": motion.easing.value,
            "intensity": motion.intensity,
            "strategy": _strategy(request.motion.strategy),
        },
        "finish": request.finish.model_dump(mode="json"),
        "generation_params": {
            name: value
            for name, value in request.generation_params.items()
            if name not in ("model", "fps") and value is not None
        },
        # the very words that were sent: a scene might be put into others
        "prompt": plan.prompt,
        "negative_prompt": request.negative_prompt,
        "enable_prompt_expansion": None if request.enable_prompt_expansion else False,
        "guidance": request.guidance,
        **given,
    }
    return {"schema_version": SCHEMA_VERSION, "keyframes": [_without_nulls(keyframe)]}


def _without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    """Null says the same as leaving a field out, so it is left out; so are empty blocks."""
    clean = {
        name: _without_nulls(each) if isinstance(each, dict) else each
        for name, each in value.items()
        if each is not None
    }
    return {name: each for name, each in clean.items() if each != {}}


def _strategy(asked: CameraStrategy) -> str | None:
    return None if asked is CameraStrategy.AUTO else asked.value
