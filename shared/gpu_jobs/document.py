"""The job document: one clip to be generated, every number decided (DESIGN promises 4 and 6)."""

from fractions import Fraction
from typing import Any, Literal

from pydantic import Field

from shared.clip import Deviation, Document
from shared.errors import InvalidInput

LONGEST_BYTES = 240_000
"""What fits into one SQS message (256 KiB) with room to spare; Modal takes more."""


class InputFile(Document):
    """A file that the runner reads; where it lies, `Addresses.inputs` says."""

    sha256: str
    size_bytes: int
    content_type: str


class Addresses(Document):
    """Presigned addresses of one job. They end with the session that signed them; ask for fresh.

    Attributes
    ----------
    inputs : GET, by name of the input.
    result : PUT of the video, `video/mp4`.
    report : PUT of the report, `application/json`, only if none is there.
    report_there : GET of the report, to find that somebody was faster.
    """

    inputs: dict[str, str] = Field(default_factory=dict, repr=False)
    result: str = Field(repr=False)
    report: str = Field(repr=False)
    report_there: str = Field(repr=False)


class Callback(Document):
    """Where the runner speaks to us, and the key that it signs with: good for this job only."""

    url: str = Field(repr=False)
    key: str = Field(repr=False)


class Target(Document):
    """What the frames become before they leave the GPU: the delivered rate and count.

    `used_frames` of the generated ones, from the first on, are what the clip spans (X-09).
    """

    fps: str
    frame_count: int = Field(ge=1)
    duration_sec: float = Field(gt=0)
    used_frames: int = Field(ge=1)
    method: str = Field("best", description="of interpolation; `best` of what is there")

    @property
    def rate(self) -> Fraction:
        return Fraction(self.fps)


class Settings(Document):
    """What the model is asked, in numbers it can make.

    Attributes
    ----------
    width, height : multiples of what the model counts in.
    num_frames : obeys its frame rule; `native_fps` is the rate that it was trained at.
    seed : always decided; 0 is a seed like any other.
    steps, guidance : None means the model's own.
    vram_cap_gb : what the job may use of a larger GPU (X-02); None is all of it.
    """

    width: int = Field(ge=8)
    height: int = Field(ge=8)
    num_frames: int = Field(ge=1)
    native_fps: str
    seed: int = Field(ge=0, lt=2**63)
    prompt: str = ""
    negative_prompt: str | None = None
    steps: int | None = Field(None, ge=1, le=1000)
    guidance: float | None = None
    extras: dict[str, Any] = Field(default_factory=dict)
    vram_cap_gb: float | None = Field(None, gt=0)


class GpuJob(Document):
    """The document. `repo` and `revision` say which weights; a runner uses no others."""

    schema_version: Literal["1"] = "1"
    job_id: str
    model: str
    repo: str
    revision: str = ""
    gpu_class: str
    settings: Settings
    target: Target
    inputs: dict[str, InputFile] = Field(default_factory=dict)
    addresses: Addresses
    callback: Callback | None = None
    deadline_at: str
    deviations: tuple[Deviation, ...] = ()

    def message(self) -> str:
        """The document for a queue.

        Raises
        ------
        InvalidInput : it is too long, which only its prompts can make it.
        """
        text = self.model_dump_json(exclude_none=True)
        if len(text.encode()) > LONGEST_BYTES:
            words = len(self.settings.prompt) + len(self.settings.negative_prompt or "")
            raise InvalidInput(
                f"the prompts have {words:,} characters, more than a job can carry: "
                "shorten them; no model reads more than a few thousand."
            )
        return text
