"""What a runner says on its way, and what it is answered."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.clip import Document
from shared.gpu_jobs.document import Addresses


class Word(StrEnum):
    """`claim`: may I run it? `progress`: I am at it. `refresh`: my addresses have ended.
    `end`: the report is written, look at the job."""

    CLAIM = "claim"
    PROGRESS = "progress"
    REFRESH = "refresh"
    END = "end"


class Stage(StrEnum):
    """Where a runner is, in the order of the work."""

    FETCHING = "fetching"
    LOADING = "loading"
    GENERATING = "generating"
    INTERPOLATING = "interpolating"
    ENCODING = "encoding"
    UPLOADING = "uploading"


class Said(Document):
    """One message of a runner.

    Attributes
    ----------
    runner : who speaks: the same name from claim to end, another for everybody else.
    lease_sec : for how long the runner may be silent before somebody else takes over.
    gpu_seconds : used on this claim so far.
    """

    schema_version: Literal["1"] = "1"
    word: Word
    runner: str = Field(min_length=1, max_length=200)
    lease_sec: float = Field(120, ge=1, le=1800)
    stage: Stage = Stage.FETCHING
    percent: int = Field(0, ge=0, le=100)
    gpu: str = Field("", max_length=200)
    gpu_seconds: float = Field(0, ge=0)


class Verdict(StrEnum):
    """`go`: yes, go on. `busy`: somebody else is at it, ask again later. `lost`: it is theirs now.
    `cancel`: stop. `done`: it has ended, forget it."""

    GO = "go"
    BUSY = "busy"
    LOST = "lost"
    CANCEL = "cancel"
    DONE = "done"


class Answer(Document):
    """Ours."""

    verdict: Verdict
    retry_after_sec: float = 0
    addresses: Addresses | None = None
