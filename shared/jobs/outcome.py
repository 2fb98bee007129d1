"""How a job stands and how it ended: the words that adapters, engine, ledger and docs share."""

from enum import StrEnum

from pydantic import Field

from shared.clip import Document


class JobState(StrEnum):
    """Where a job is. Its transitions are a table (`shared/jobs/transitions.py`)."""

    QUEUED = "QUEUED"
    SUBMITTING = "SUBMITTING"
    RUNNING = "RUNNING"
    FETCHING = "FETCHING"
    SUCCEEDED = "SUCCEEDED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
    SUBMIT_UNKNOWN = "SUBMIT_UNKNOWN"
    CANCELLED = "CANCELLED"

    @property
    def ended(self) -> bool:
        return self in JOB_ENDS


JOB_ENDS = frozenset({JobState.SUCCEEDED, JobState.REJECTED, JobState.FAILED, JobState.CANCELLED})
"""SUBMIT_UNKNOWN is no end: somebody may have been charged, and a person or a look-up decides."""


class Outcome(StrEnum):
    """How an attempt came out."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    MODERATED = "MODERATED"
    RATE_LIMITED = "RATE_LIMITED"
    NO_CREDIT = "NO_CREDIT"
    TIMED_OUT = "TIMED_OUT"
    CANCELLED = "CANCELLED"


class Billed(StrEnum):
    """Was the attempt charged? `unknown` counts as charged until somebody knows."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Ending(Document):
    """A verified end of a provider's job.

    `retryable`: may the same candidate be tried again (with a new job)? `message` is for people and
    never holds a secret or a URL with a signature.
    """

    outcome: Outcome
    billed: Billed
    retryable: bool
    message: str = ""
    cost_usd: float | None = None  # as the provider reports it; None when it does not
    measured: bool = False  # nobody reports it: GPU seconds × rate, on our own engines


class Reading(Document):
    """What one answer of a provider says about a job.

    No `ending` means that it is still running (also for words that we do not know: the deadline
    decides, not a guess). `outputs` are the URLs of the finished files, best first; they are
    fetched in the same step, because they expire.
    """

    ending: Ending | None = None
    outputs: tuple[str, ...] = ()
    progress_percent: int | None = None
    progress_text: str = Field("", description="steps, or the place in a queue")
    provider_status: str = ""
    expanded_prompt: str | None = None
    provider_request_id: str | None = None


class SubmitReading(Document):
    """What the answer to a submit says.

    Exactly one of these holds: `job_id` (accepted), `ending` (refused, verified: nothing runs), or
    `ambiguous` (nobody can say whether it runs: never sent again).
    """

    job_id: str | None = None
    poll_url: str | None = None
    cancel_url: str | None = None
    ending: Ending | None = None
    ambiguous: str = ""
    unreachable: bool = Field(False, description="refused because nobody was there to refuse it")
    retry_after_sec: float | None = None
