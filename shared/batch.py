"""What became of a batch: the document behind the report page, `_status.json` and `--json`."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.clip import Deviation, Document, MotionPlan
from shared.review import Review
from shared.scoring.document import KeyframeScores


class BatchState(StrEnum):
    """Where a batch is. The last four are ends."""

    ACCEPTED = "accepted"
    WAITING_INPUTS = "waiting_inputs"
    AWAITING_APPROVAL = "awaiting_approval"
    RENDERING = "rendering"
    CLOSING = "closing"
    FINISHED = "finished"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in BATCH_ENDS


BATCH_ENDS = frozenset(
    {BatchState.FINISHED, BatchState.REJECTED, BatchState.CANCELLED, BatchState.FAILED}
)


class ClipStatus(StrEnum):
    """Where a clip is. From `done` on they are ends."""

    WAITING = "waiting"
    PREPARING = "preparing"
    PLANNED = "planned"
    GENERATING = "generating"
    FINISHING = "finishing"
    INSPECTING = "inspecting"
    PUBLISHING = "publishing"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEEDS_REVIEW = "needs_review"

    @property
    def ended(self) -> bool:
        return self in CLIP_ENDS

    @property
    def percent(self) -> int:
        """Progress shown to creators, 0–100."""
        return CLIP_PERCENT.get(self, 100)


CLIP_ENDS = frozenset(
    {
        ClipStatus.DONE,
        ClipStatus.REJECTED,
        ClipStatus.FAILED,
        ClipStatus.CANCELLED,
        ClipStatus.NEEDS_REVIEW,
    }
)
CLIP_PERCENT = {
    ClipStatus.WAITING: 0,
    ClipStatus.PREPARING: 5,
    ClipStatus.PLANNED: 10,
    ClipStatus.GENERATING: 15,
    ClipStatus.FINISHING: 60,
    ClipStatus.INSPECTING: 80,
    ClipStatus.PUBLISHING: 90,
}


class Check(Document):
    """One check of the inspector, as the report shows it."""

    name: str
    verdict: str
    value: Any = None
    limit: Any = None
    unit: str = ""
    message: str = ""


class Cost(Document):
    """US dollars, split by who is paid."""

    model_usd: float = 0.0
    aws_usd: float = 0.0

    @property
    def total_usd(self) -> float:
        return self.model_usd + self.aws_usd


class ClipResult(Document):
    """One clip of a batch.

    `files` maps a kind (`master`, `proxy`, `poster`, `meta`, `manifest`, `keyframe`) to a file name
    relative to the batch's folder in the library.
    """

    stem: str
    image_path: str = ""
    index: int = 0
    status: ClipStatus
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    model: str = ""
    motion: MotionPlan | None = None
    keyframe_size: tuple[int, int] | None = None
    width: int = 0
    height: int = 0
    fps: str = ""
    frame_count: int = 0
    duration_sec: float = 0.0
    size_bytes: int = 0
    scores: KeyframeScores | None = Field(None, description="of the keyframe")
    checks: tuple[Check, ...] = ()
    review: Review | None = Field(
        None, description="the word by which it was handed over although it failed inspection"
    )
    setback: str = Field("", description="why the try before this one is not the last")
    cost: Cost = Cost()
    paid: dict[str, float] = Field(
        default_factory=dict, description="US dollars to models, by the job that was paid"
    )
    seconds: dict[str, float] = Field(default_factory=dict, description="per stage")
    progress_percent: int = Field(0, description="of the model that makes the clip, while it does")
    progress_text: str = Field("", description="its steps or its place in a queue, where told")
    reused: bool = Field(False, description="taken from an earlier run with the same content")


class BatchResult(Document):
    """A whole batch: one manifest, one run."""

    project_id: str
    batch_id: str
    run_id: str
    manifest: str
    state: BatchState
    dry_run: bool = False
    message: str = ""
    problems: tuple[dict[str, str], ...] = ()
    accepted_at: str = ""
    ended_at: str = ""
    clips: tuple[ClipResult, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    cost: Cost = Field(Cost(), description="of every run of the manifest, this one included")
    earlier: Cost = Field(Cost(), description="of `cost`, what the runs before this one cost")
    paid: dict[str, float] = Field(
        default_factory=dict, description="US dollars to models, by job, in every run"
    )
    seconds: dict[str, float] = Field(default_factory=dict, description="per stage, summed")
    library: str = Field("", description="s3:// address of the batch's folder in the library")
    links: dict[str, str] = Field(default_factory=dict)
