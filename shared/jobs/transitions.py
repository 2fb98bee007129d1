"""Which state a job may go to from which, and why: the table that code, tests and docs share.

The page `docs/jobs.md` is written from it (`shared/jobs/page.py`).
"""

from typing import NamedTuple

from shared.errors import InternalFault
from shared.jobs.outcome import JobState

Q, S, R, F = JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING, JobState.FETCHING
OK, NO, BAD = JobState.SUCCEEDED, JobState.REJECTED, JobState.FAILED
UNKNOWN, STOPPED = JobState.SUBMIT_UNKNOWN, JobState.CANCELLED


class Transition(NamedTuple):
    """One allowed move."""

    before: JobState
    after: JobState
    why: str


TRANSITIONS = (
    Transition(Q, S, "a slot is free and the budget holds: the row is written before the POST"),
    Transition(Q, NO, "the request cannot be built, or the budget refuses it"),
    Transition(Q, BAD, "it waited for a slot beyond its deadline"),
    Transition(Q, STOPPED, "cancelled before anything was sent"),
    Transition(S, R, "accepted: the provider's id is on the row"),
    Transition(S, Q, "verifiably not accepted (rate limit, no connection): may be sent again"),
    Transition(S, NO, "verifiably refused (moderation, bad request, no credit)"),
    Transition(S, BAD, "verifiably failed at once"),
    Transition(S, UNKNOWN, "nobody can say whether it was accepted: never sent again"),
    Transition(R, F, "the provider says that it succeeded"),
    Transition(R, NO, "the provider refused what it made, or what it was given"),
    Transition(R, BAD, "the provider says that it failed, or the deadline passed"),
    Transition(R, STOPPED, "cancelled at the provider"),
    Transition(F, OK, "the file lies in the work bucket"),
    Transition(F, R, "the address expired: ask for a fresh one"),
    Transition(F, BAD, "the file cannot be had, or is no video"),
    Transition(UNKNOWN, R, "found at the provider, by look-up or by a person"),
    Transition(UNKNOWN, BAD, "a person or a look-up knows that nothing runs"),
    Transition(BAD, F, "late rescue: it timed out here, and the provider finished after all"),
)

_ALLOWED = {(each.before, each.after) for each in TRANSITIONS}


class IllegalTransition(InternalFault):
    """The engine tried a move that the table does not have."""


def check_transition(before: JobState, after: JobState) -> None:
    """Refuse a move that is not in the table; staying is always allowed."""
    if before is not after and (before, after) not in _ALLOWED:
        raise IllegalTransition(f"a job cannot go from {before} to {after}")


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Q}"]
    lines += [f"    {each.before} --> {each.after}: {each.why}" for each in TRANSITIONS]
    lines += [f"    {end} --> [*]" for end in (OK, NO, BAD, STOPPED)]
    return "\n".join(lines)
