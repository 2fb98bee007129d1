"""`<stem>.video_meta.json`: what was made, from what, how checked, at what cost (seed B028)."""

from typing import Any

from pydantic import Field

from shared.batch import Cost
from shared.clip import ClipPlan, Deviation, Document, MotionPlan
from shared.review import Review
from shared.scoring.document import KeyframeScores


class MadeFile(Document):
    """One delivered file."""

    name: str
    size_bytes: int
    sha256: str


class VideoMeta(Document):
    """The clip's metadata; field names in the blueprint's sense where it has them."""

    schema_version: str = "1"
    project_id: str
    batch_id: str
    run_id: str
    stem: str
    clip_key: str
    made_at: str
    reused: bool = Field(False, description="the same content had been made before")
    source: dict[str, Any] = Field(
        description="keyframe: name, version, sha256, size in pixels; the other files by field"
    )
    keyframe_scores: KeyframeScores | None = Field(None, description="of the keyframe, 0 to 1")
    motion_params: MotionPlan
    generation_settings: dict[str, Any]
    video: dict[str, Any] = Field(description="measured on the delivered file")
    files: dict[str, MadeFile]
    validation_results: dict[str, Any]
    review: Review | None = Field(None, description="who handed it over although a check failed")
    deviations: tuple[Deviation, ...]
    warnings: tuple[str, ...]
    cost: Cost
    seconds: dict[str, float]


def generation_settings(
    plan: ClipPlan, encoder: str, made: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The settings that made the clip, enough to make it again.

    `made` is what a GPU of ours reported: which one it was, how the model was held, the seed.
    """
    return {
        "operation": plan.operation.value,
        "model": plan.model,
        "model_revision": plan.model_revision,
        "engine": plan.engine,
        "why": list(plan.why_this_model),
        "camera_strategy": plan.camera_strategy.value,
        **({"camera_view": list(plan.camera_view)} if plan.camera_view else {}),
        "params": plan.generation_params,
        "prompt": plan.prompt,
        "scene": plan.scene.model_dump() if plan.scene else None,
        "negative_prompt": plan.negative_prompt,
        "sent": plan.generation.model_dump(mode="json") if plan.generation else None,
        "finish": plan.finish.model_dump(mode="json"),
        "encoder": encoder,
        **({"run": made} if made else {}),
    }
