"""The row of a job: one paid attempt at one clip with one candidate."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from shared.clip import Document, ObjectRef
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.jobs.request import VideoRequest
from shared.jobs.transitions import check_transition


def job_id(project: str, clip_key: str, candidate: str, attempt: int) -> str:
    """Name of an attempt, made of its content: replays, redrives and retries meet the same row."""
    identity = "\0".join((project, clip_key, candidate, str(attempt)))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


class Waiter(Document):
    """A Step Functions task that waits for the job, and the run that it belongs to."""

    token: str
    since: str
    run_id: str = ""
    manifest_key: str = ""


class Job(Document):
    """One attempt. Times are ISO 8601, UTC.

    `deadline_at` ends the waiting of the clip; `rescue_until` ends ours: until then a job that
    timed out is still looked at, because it may have been paid for.
    `submits` counts the POSTs that may have reached the provider, `refusals` those that verifiably
    started nothing; the first never exceeds the second by more than one.
    """

    version: int = 0
    job_id: str
    project_id: str
    batch_id: str
    run_id: str
    stem: str
    clip_key: str
    candidate: str
    provider: str
    attempt: int = 1
    state: JobState = JobState.QUEUED
    request: VideoRequest
    manifest: ObjectRef | None = Field(None, description="dropped again when the job is rescued")
    inputs: dict[str, ObjectRef] = Field(default_factory=dict, description="files of the request")
    estimate_usd: float = 0.0
    created_at: str
    updated_at: str = ""
    deadline_at: str
    rescue_until: str
    steps: int = 0
    submits: int = 0
    refusals: int = 0
    provider_job_id: str = ""
    poll_url: str = ""
    cancel_url: str = ""
    provider_status: str = ""
    progress_percent: int = 0
    progress_text: str = ""
    outputs: tuple[str, ...] = ()
    fetch_tries: int = 0
    result: ObjectRef | None = None
    ending: Ending | None = None
    note: str = ""
    cancel_requested: bool = False
    late: bool = Field(False, description="succeeded when nobody waited any more")
    stopping: str = Field("", description="what came of asking the provider to stop")
    waiters: tuple[Waiter, ...] = ()
    usage: dict[str, float] = Field(default_factory=dict, description="of AWS, by its steps so far")

    def moved(self, state: JobState, **values: Any) -> "Job":
        """The job in `state`, if the table of transitions has that move."""
        check_transition(self.state, state)
        return self.model_copy(update={**values, "state": state})

    def ended_as(
        self,
        state: JobState,
        outcome: Outcome,
        message: str,
        *,
        billed: Billed = Billed.NO,
        retryable: bool = False,
    ) -> "Job":
        """The job at an end that we decide ourselves."""
        ending = Ending(outcome=outcome, billed=billed, retryable=retryable, message=message)
        return self.moved(state, ending=ending)

    @property
    def may_be_billed(self) -> bool:
        """Has anything been sent that may cost money?"""
        return self.submits > self.refusals

    def overdue(self, now: datetime) -> bool:
        return now >= datetime.fromisoformat(self.deadline_at)

    def beyond_rescue(self, now: datetime) -> bool:
        return now >= datetime.fromisoformat(self.rescue_until)


def new_deadlines(now: datetime, deadline: timedelta, rescue: timedelta) -> dict[str, str]:
    """`deadline_at` and `rescue_until` of a job that is created now."""
    return {
        "created_at": now.isoformat(),
        "deadline_at": (now + deadline).isoformat(),
        "rescue_until": (now + deadline + rescue).isoformat(),
    }
