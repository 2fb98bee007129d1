"""Another candidate is paid only after a verified end; never while somebody may still charge."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.routing import QUALITY_FAILED, Candidate, Move, Policy, Ranking, next_candidate
from shared.routing.fallback import TRIES_PER_CANDIDATE, Result, Tried
from tests.routing.test_rank import shop

RANKING = shop(["b/fine", "a/cheap", "own/good"])
FIRST, SECOND, THIRD, FOURTH = RANKING.candidates
UNKNOWN = JobState.SUBMIT_UNKNOWN


def ended(outcome: Outcome, billed: Billed = Billed.NO, **more: Any) -> Ending:
    return Ending(outcome=outcome, billed=billed, **{"retryable": False, **more})


FAILED = ended(Outcome.FAILED)


def test_the_best_goes_first() -> None:
    step = next_candidate(RANKING, [])
    assert (step.move, step.candidate) == (Move.TRY, FIRST)
    empty = Ranking((), (), (), Policy())
    assert next_candidate(empty, []).move is Move.STOP


def test_after_a_verified_failure_the_next_one_tries() -> None:
    step = next_candidate(RANKING, [(FIRST, FAILED)])
    assert (step.move, step.candidate) == (Move.TRY, SECOND)
    assert "ended FAILED" in step.reason


def test_what_may_have_been_accepted_holds_everything() -> None:
    for tried in ([(FIRST, UNKNOWN)], [(FIRST, UNKNOWN), (SECOND, FAILED)]):
        step = next_candidate(RANKING, tried)  # type: ignore[arg-type]
        assert (step.move, step.candidate) == (Move.HOLD, FIRST)


def test_a_deadline_holds_while_the_provider_may_still_charge() -> None:
    late = ended(Outcome.TIMED_OUT, Billed.UNKNOWN)
    assert next_candidate(RANKING, [(FIRST, late)]).move is Move.HOLD
    never_sent = ended(Outcome.TIMED_OUT, Billed.NO)
    assert next_candidate(RANKING, [(FIRST, never_sent)]).candidate is SECOND


def test_a_retryable_end_is_tried_once_more_with_the_same_candidate() -> None:
    again = ended(Outcome.RATE_LIMITED, retryable=True)
    step = next_candidate(RANKING, [(FIRST, again)])
    assert (step.candidate, step.new_seed) == (FIRST, False)
    assert next_candidate(RANKING, [(FIRST, again), (FIRST, again)]).candidate is SECOND


def test_failed_quality_takes_a_new_seed_then_the_next_candidate() -> None:
    seeded = Candidate(**{**_fields(FIRST), "takes_seed": True})
    ranking = Ranking(RANKING.route, (seeded, SECOND), (), Policy())
    step = next_candidate(ranking, [(seeded, QUALITY_FAILED)])
    assert (step.candidate, step.new_seed) == (seeded, True)
    twice: list[Tried] = [(seeded, QUALITY_FAILED)] * 2
    assert next_candidate(ranking, twice).candidate == SECOND


def test_without_a_seed_failed_quality_goes_straight_to_the_next() -> None:
    assert next_candidate(RANKING, [(FIRST, QUALITY_FAILED)]).candidate is SECOND


@pytest.mark.parametrize("outcome", [Outcome.NO_CREDIT, Outcome.MODERATED])
def test_an_engine_without_credit_or_that_refused_is_left_alone(outcome: Outcome) -> None:
    sibling = Candidate(**{**_fields(FIRST), "model": "b/other"})
    ranking = Ranking(RANKING.route, (FIRST, sibling, SECOND), (), Policy())
    step = next_candidate(ranking, [(FIRST, ended(outcome, retryable=True))])
    assert step.candidate is SECOND


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.CANCELLED])
def test_nobody_follows_a_success_or_a_cancellation(outcome: Outcome) -> None:
    assert next_candidate(RANKING, [(FIRST, ended(outcome))]).move is Move.STOP


def test_at_the_end_of_the_route_it_stops() -> None:
    tried: list[Tried] = [(each, FAILED) for each in RANKING.candidates]
    step = next_candidate(RANKING, tried)
    assert step.move is Move.STOP
    assert "no candidate is left" in step.reason


def test_what_was_paid_counts_against_the_price_of_the_clip() -> None:
    policy = Policy(max_price_per_clip_usd=Decimal("0.27"))
    ranking = Ranking(RANKING.route, (FIRST, SECOND), (), policy)  # USD 0.25 and 0.05
    paid = ended(Outcome.FAILED, Billed.YES)
    step = next_candidate(ranking, [(FIRST, paid)])
    assert step.move is Move.STOP
    assert "USD 0.25 are spent" in step.reason
    assert next_candidate(ranking, [(FIRST, FAILED)]).candidate is SECOND
    reported = ended(Outcome.FAILED, Billed.YES, cost_usd=0.02)
    assert next_candidate(ranking, [(FIRST, reported)]).candidate is SECOND


RESULTS: st.SearchStrategy[Result] = st.one_of(
    st.just(UNKNOWN),
    st.just(QUALITY_FAILED),
    st.builds(
        Ending,
        outcome=st.sampled_from(Outcome),
        billed=st.sampled_from(Billed),
        retryable=st.booleans(),
    ),
)


@given(st.lists(RESULTS, max_size=20))
def test_every_way_ends_and_nobody_is_paid_while_another_may_charge(results: list[Result]) -> None:
    tried: list[Tried] = []
    for result in results:
        step = next_candidate(RANKING, tried)
        if step.move is not Move.TRY:
            break
        assert step.candidate in RANKING.candidates
        assert UNKNOWN not in [each for _, each in tried]
        assert step.candidate is not None
        tried.append((step.candidate, result))
    assert len(tried) <= TRIES_PER_CANDIDATE * len(RANKING.candidates)


def _fields(candidate: Candidate) -> dict[str, Any]:
    return {name: getattr(candidate, name) for name in Candidate.__slots__}
