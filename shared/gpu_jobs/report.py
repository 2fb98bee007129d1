"""How a run of a job ended: an object beside the result, written last and never replaced.

Its presence means that the result is whole. The end is read from here, so a callback that is lost,
forged or late changes nothing; and a runner that comes second finds that the work is done.
"""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, model_validator

from shared.clip import Deviation, Document


class RunOutcome(StrEnum):
    """`refused`: the request itself cannot be made, by nobody."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Made(Document):
    """The file that was uploaded: a near-lossless intermediate, to be finished elsewhere."""

    size_bytes: int = Field(gt=0)
    sha256: str
    width: int
    height: int
    fps: str
    frame_count: int


class Tried(Document):
    """A recipe that was not enough, and why."""

    recipe: str
    why: str


class Span(Document):
    """One piece of a run: what, on which GPU, from when to when.

    Attributes
    ----------
    what : a stage; generating in three: `first_step`, `denoising`, `decoding`.
    on : index of the GPU, or `cpu` where that does a GPU's work; empty where none is needed.
    began, ended : epoch seconds, by the runner's clock.
    """

    what: str
    on: str = ""
    began: float
    ended: float


class ColdStart(Document):
    """What a run took because its process had not yet made a clip with this model.

    Attributes
    ----------
    ready_sec : from the start of the process (at Modal: from the end of a snapshot's restoring)
        until it took its first job; 0 where another model was loaded before.
    load_sec : from the weights' folder to the GPU.
    first_step_sec : from the call to the end of the first step: compiling is in it.
    step_sec : a usual step of the same clip; None where it had one alone.
    """

    ready_sec: float
    load_sec: float
    first_step_sec: float
    step_sec: float | None = None

    @property
    def total_sec(self) -> float:
        """From the start of the process to the end of the first step, without waiting for jobs."""
        return self.ready_sec + self.load_sec + self.first_step_sec


class Report(Document):
    """What was run, on what, and what it took.

    Attributes
    ----------
    error : the class of the error, in snake case; `message` is for people.
    retryable : may another job of the same candidate do better?
    gpu_class, gpu : what was asked for, and what it ran on.
    gpu_seconds : from the moment that the GPU was ours for this job to the moment it was free.
    seconds : of each stage.
    spans : the same as a timeline.
    cold_start : of a run that had to load its model; such a run's seconds are no usual ones.
    """

    schema_version: Literal["1"] = "1"
    job_id: str
    outcome: RunOutcome
    error: str = ""
    message: str = Field("", max_length=2000)
    retryable: bool = False
    made: Made | None = None
    model: str
    repo: str = ""
    revision: str = ""
    runner: str = ""
    gpu_class: str
    gpu: str = ""
    recipe: str = ""
    recipes_tried: tuple[Tried, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict)
    interpolation: str = ""
    peak_vram_gb: float | None = None
    gpu_seconds: float = 0
    seconds: dict[str, float] = Field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    cold_start: ColdStart | None = None
    deviations: tuple[Deviation, ...] = ()

    @model_validator(mode="after")
    def _success_has_a_file(self) -> "Report":
        if self.outcome is RunOutcome.SUCCEEDED and self.made is None:
            raise ValueError("it says that it succeeded, and names no file")
        return self

    def facts(self) -> dict[str, Any]:
        """What belongs into the metadata of the clip that was made of it."""
        told = {"repo", "revision", "gpu_class", "gpu", "recipe", "recipes_tried", "settings"}
        told |= {
            "interpolation",
            "peak_vram_gb",
            "gpu_seconds",
            "seconds",
            "cold_start",
            "deviations",
        }
        return self.model_dump(mode="json", include=told)
