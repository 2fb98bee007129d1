"""A circuit breaker a provider: one that is down is left alone, instead of tried by every clip.

    closed      jobs are sent; failures in a row are counted, together by all handlers
    open        nothing new is sent until a pause is over; what runs already is asked after as ever
    half open   the pause is over: one job may try, and its answer decides

A failure is no connection, a timeout, or an answer of which nobody can tell whether it accepted
(5xx). Whatever else a provider says, moderation, bad request or rate limit included, says that it
is there. Sending and asking are counted apart: a provider may answer the one and not the other.

The breaker decides only whether a job is sent *now*. Whether it is sent again is none of its
business (`shared/jobs/engine.py`), so a breaker that forgets costs a failed try, never a payment.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from shared.clip import Document

FAILURES = 5
"""In a row, before a provider is paused."""

MEMORY = timedelta(minutes=10)
"""Failures further apart than this are not in a row."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=5)
"""Each failed try doubles the pause. A job waits 20 minutes, so it sees several tries."""

TRIAL = timedelta(minutes=3)
"""How long the one job that may try keeps others from trying; it may have died."""

TRIAL_LOOK_SEC = 10


class Contact(StrEnum):
    """What was wanted of the provider."""

    SEND = "send"
    ASK = "ask"


class Breaker(Document):
    """The row of one provider. Times are epoch seconds; `retry_at` 0 means closed."""

    version: int = 0
    provider: str
    failures: dict[Contact, int] = Field(default_factory=dict, description="in a row")
    failed_at: float = 0.0
    reason: str = ""
    opened_at: float = 0.0
    retry_at: float = 0.0
    pause_sec: float = 0.0
    trial_job: str = ""
    trial_until: float = 0.0

    @property
    def is_open(self) -> bool:
        """Is the provider paused, or on trial?"""
        return self.retry_at > 0

    def told(self) -> str:
        """Why it is paused, for people."""
        return f"{self.reason or 'it does not answer'}; tried again every few minutes"


def wait_sec(breaker: Breaker, job_id: str, now: datetime) -> float:
    """How long the job must wait; 0 when it may be sent, or may try (after `begin_trial`)."""
    at = now.timestamp()
    if not breaker.is_open:
        return 0.0
    if at < breaker.retry_at:
        return breaker.retry_at - at
    somebody_tries = breaker.trial_job not in ("", job_id) and at < breaker.trial_until
    return TRIAL_LOOK_SEC if somebody_tries else 0.0


def begin_trial(breaker: Breaker, job_id: str, now: datetime) -> Breaker | None:
    """The breaker with the job as the one that tries; None when nothing needs to be written."""
    if not breaker.is_open or wait_sec(breaker, job_id, now) > 0:
        return None
    until = (now + TRIAL).timestamp()
    return breaker.model_copy(update={"trial_job": job_id, "trial_until": until})


def failed(breaker: Breaker, contact: Contact, reason: str, now: datetime) -> Breaker | None:
    """After a failure; None when it changes nothing (asking, while the provider is paused)."""
    at = now.timestamp()
    if breaker.is_open:
        return _paused(breaker, reason, now) if contact is Contact.SEND else None
    recent = at - breaker.failed_at <= MEMORY.total_seconds()
    counted = {**breaker.failures, contact: breaker.failures.get(contact, 0) + 1}
    failures = counted if recent else {contact: 1}
    changed = breaker.model_copy(update={"failures": failures, "failed_at": at, "reason": reason})
    return _paused(changed, reason, now) if failures[contact] >= FAILURES else changed


def answered(breaker: Breaker, contact: Contact) -> Breaker | None:
    """After an answer; None when it changes nothing, which is nearly always.

    A paused provider is well again when it takes, or turns away, a job; that it still tells of
    others is not enough.
    """
    if breaker.is_open:
        fresh = Breaker(version=breaker.version, provider=breaker.provider)
        return fresh if contact is Contact.SEND else None
    if not breaker.failures.get(contact):
        return None
    return breaker.model_copy(update={"failures": {**breaker.failures, contact: 0}})


def _paused(breaker: Breaker, reason: str, now: datetime) -> Breaker:
    at = now.timestamp()
    if breaker.is_open and at < breaker.retry_at:
        # sent before it was paused, and failed after: the same outage
        return breaker.model_copy(update={"reason": reason})
    doubled = timedelta(seconds=2 * breaker.pause_sec) if breaker.is_open else FIRST_PAUSE
    pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, doubled)).total_seconds()
    return breaker.model_copy(
        update={
            "reason": reason,
            "opened_at": breaker.opened_at or at,
            "retry_at": at + pause,
            "pause_sec": pause,
            "trial_job": "",
            "trial_until": 0.0,
        }
    )
