"""Who tries next, and may anybody at all?

Another candidate is paid only when the one before has verifiably ended without a usable clip.
While somebody might still be working on it, and might charge for it, nobody else is (promise 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from shared.catalog.price import usd
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.routing.ranking import Candidate, Ranking


class QualityFailed(StrEnum):
    """The clip came, was paid, and did not pass inspection."""

    QUALITY_FAILED = "QUALITY_FAILED"


QUALITY_FAILED = QualityFailed.QUALITY_FAILED
Result = Ending | Literal[JobState.SUBMIT_UNKNOWN] | Literal[QualityFailed.QUALITY_FAILED]
Tried = tuple[Candidate, Result]

TRIES_PER_CANDIDATE = 2
"""Once more with a new job or a new seed, then somebody else."""

LEAVES_ENGINE = {
    Outcome.NO_CREDIT: "has no credit left",
    Outcome.MODERATED: "refused the content; asking it again can cost the account",
}
"""Ends after which the whole engine is left alone for this clip."""


ENDS_THE_WAY = {Outcome.SUCCEEDED: "delivered", Outcome.CANCELLED: "was cancelled"}


class Move(StrEnum):
    """`try`: submit a job. `hold`: wait for a look-up or a person. `stop`: the way ends here."""

    TRY = "try"
    HOLD = "hold"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do after the attempts so far, and why."""

    move: Move
    reason: str
    candidate: Candidate | None = None
    new_seed: bool = False


def next_candidate(ranking: Ranking, tried: Sequence[Tried]) -> NextStep:
    """The next step of a clip.

    Parameters
    ----------
    tried : the attempts so far, oldest first, each with its verified end.

    Notes
    -----
    `SUBMIT_UNKNOWN` holds for ever, and so does an end by deadline of which nobody knows whether it
    is billed: the provider may still deliver. What was paid already counts against the policy's
    price of a clip.
    """
    if not tried:
        best = ranking.best
        if best is None:
            return NextStep(Move.STOP, "no model of the route may try")
        return NextStep(Move.TRY, "first choice of the route", best)
    return _last_word(tried, ranking.policy.regenerations) or _next(ranking, tried)


def _last_word(tried: Sequence[Tried], regenerations: int) -> NextStep | None:
    """Hold or stop, where what happened leaves no choice."""
    for candidate, result in tried:
        unsettled = _unsettled(result)
        if unsettled:
            return NextStep(Move.HOLD, f"`{candidate.key}` {unsettled}", candidate)
    last, result = tried[-1]
    failed = sum(each is QUALITY_FAILED for _, each in tried)
    if failed > regenerations:
        return NextStep(Move.STOP, f"{failed} clip(s) failed inspection, the last by `{last.key}`")
    if isinstance(result, Ending) and result.outcome in ENDS_THE_WAY:
        return NextStep(Move.STOP, f"`{last.key}` {ENDS_THE_WAY[result.outcome]}")
    return None


def _next(ranking: Ranking, tried: Sequence[Tried]) -> NextStep:
    last, result = tried[-1]
    spent = sum((_spent(*attempt) for attempt in tried), Decimal(0))
    again = _again(tried)
    if again and ranking.policy.affords(spent + last.quote.high):
        return NextStep(Move.TRY, again, last, new_seed=result is QUALITY_FAILED)
    others = _others(ranking, tried)
    for option in others:
        if ranking.policy.affords(spent + option.quote.high):
            return NextStep(Move.TRY, f"`{last.key}` {_told(result)}", option)
    if again or others:
        limit = usd(ranking.policy.max_price_per_clip_usd or Decimal(0))
        reason = f"{usd(spent)} are spent, and another try may exceed {limit} for the clip"
        return NextStep(Move.STOP, reason)
    return NextStep(Move.STOP, f"`{last.key}` {_told(result)}, and no candidate is left")


def _unsettled(result: Result) -> str:
    if result is JobState.SUBMIT_UNKNOWN:
        return "may have been accepted; nobody else is paid until that is known"
    timed_out = isinstance(result, Ending) and result.outcome is Outcome.TIMED_OUT
    if timed_out and isinstance(result, Ending) and result.billed is Billed.UNKNOWN:
        return "may still deliver, and charge for it"
    return ""


def _again(tried: Sequence[Tried]) -> str:
    """Why the last candidate may try once more; empty when it may not."""
    last, result = tried[-1]
    tries = sum(candidate.key == last.key for candidate, _ in tried)
    if tries >= TRIES_PER_CANDIDATE:
        return ""
    if not isinstance(result, Ending):
        return f"`{last.key}` failed inspection; another seed" if last.takes_seed else ""
    if result.retryable and result.outcome not in LEAVES_ENGINE:
        return f"`{last.key}` {_told(result)}; it may be tried once more"
    return ""


def _others(ranking: Ranking, tried: Sequence[Tried]) -> list[Candidate]:
    done = {candidate.key for candidate, _ in tried}
    left = {
        candidate.engine
        for candidate, result in tried
        if isinstance(result, Ending) and result.outcome in LEAVES_ENGINE
    }
    return [each for each in ranking.candidates if each.key not in done and each.engine not in left]


def _spent(candidate: Candidate, result: Result) -> Decimal:
    """What an attempt has cost, at worst: what is not known to be free counts as paid."""
    if not isinstance(result, Ending):
        return candidate.quote.high
    if result.cost_usd is not None:
        return Decimal(str(result.cost_usd))
    return Decimal(0) if result.billed is Billed.NO else candidate.quote.high


def _told(result: Result) -> str:
    if not isinstance(result, Ending):
        return "failed inspection"
    ended = LEAVES_ENGINE.get(result.outcome, f"ended {result.outcome.value}")
    return f"{ended} ({result.message})" if result.message else ended
