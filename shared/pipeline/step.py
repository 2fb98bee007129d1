"""Where a clip goes next: the one answer of PrepareClip and RouteClip, and of nobody else."""

from enum import StrEnum

from shared.clip import Document


class Step(StrEnum):
    """What the state machine does next."""

    PLANNED = "planned"
    GENERATE = "generate"
    FINISH = "finish"
    HOLD = "hold"


class Routed(Document):
    """Where the clip goes; `reason` says why it is held."""

    step: Step
    clip_key: str
    job_id: str = ""
    reason: str = ""
