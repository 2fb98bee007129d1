"""A provider that is down is left alone, tried by one, and taken up again when it answers."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.breaker import (
    FAILURES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MEMORY,
    TRIAL,
    Breaker,
    Contact,
    answered,
    begin_trial,
    failed,
    wait_sec,
)
from shared.jobs.outcome import JobState
from tests.jobs.simulation import World

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SEND, ASK = Contact.SEND, Contact.ASK


def down(breaker: Breaker, times: int = FAILURES, contact: Contact = SEND) -> Breaker:
    for _ in range(times):
        breaker = failed(breaker, contact, "no connection", NOW) or breaker
    return breaker


def fresh() -> Breaker:
    return Breaker(provider="wavespeed")


def test_failures_in_a_row_pause_a_provider_and_an_answer_between_them_does_not() -> None:
    nearly = down(fresh(), FAILURES - 1)
    assert wait_sec(nearly, "a", NOW) == 0
    well = answered(nearly, SEND)
    assert well is not None
    assert not down(well, FAILURES - 1).is_open
    assert wait_sec(down(fresh()), "a", NOW) == FIRST_PAUSE.total_seconds()


def test_answers_about_running_jobs_do_not_hide_that_nothing_can_be_sent() -> None:
    breaker = down(fresh(), FAILURES - 1)
    breaker = answered(breaker, ASK) or breaker
    breaker = down(breaker, 1)
    assert breaker.is_open
    assert answered(breaker, ASK) is None


def test_a_provider_that_tells_nothing_of_running_jobs_is_not_given_new_ones() -> None:
    assert down(fresh(), contact=ASK).is_open


def test_failures_long_ago_are_forgotten() -> None:
    breaker = down(fresh(), FAILURES - 1)
    later = failed(breaker, SEND, "no connection", NOW + MEMORY + timedelta(seconds=1))
    assert later is not None
    assert not later.is_open


def test_after_the_pause_one_job_may_try_and_others_wait() -> None:
    breaker, then = down(fresh()), NOW + FIRST_PAUSE
    assert wait_sec(breaker, "a", then) == 0
    trial = begin_trial(breaker, "a", then)
    assert trial is not None
    assert wait_sec(trial, "a", then) == 0
    assert wait_sec(trial, "b", then) > 0
    assert begin_trial(trial, "b", then) is None
    assert wait_sec(trial, "b", then + TRIAL) == 0, "the one that tried has died"
    healed = answered(trial, SEND)
    assert healed is not None
    assert not healed.is_open


def test_each_failed_try_doubles_the_pause_up_to_a_limit() -> None:
    breaker, at, pauses = down(fresh()), NOW, []
    for _ in range(6):
        at += timedelta(seconds=breaker.pause_sec)
        pauses.append(breaker.pause_sec)
        trial = begin_trial(breaker, "a", at)
        assert trial is not None
        breaker = failed(trial, SEND, "no connection", at) or trial
    assert pauses == [30, 60, 120, 240, 300, 300]
    assert breaker.pause_sec == LONGEST_PAUSE.total_seconds()
    assert breaker.opened_at == NOW.timestamp()


def test_what_was_sent_before_the_pause_and_fails_in_it_is_the_same_outage() -> None:
    breaker = down(fresh())
    assert down(breaker, 7).retry_at == breaker.retry_at


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["failed", "answered", "try", "time"]),
            st.sampled_from(list(Contact)),
            st.sampled_from("abc"),
            st.integers(1, 400),
        ),
        max_size=60,
    )
)
def test_however_it_goes_two_never_try_at_once_and_the_pause_ends(
    steps: list[tuple[str, Contact, str, int]],
) -> None:
    breaker, now = fresh(), NOW
    for what, contact, job, seconds in steps:
        if what == "time":
            now += timedelta(seconds=seconds)
        elif what == "try":
            tries = [each for each in "abc" if begin_trial(breaker, each, now)]
            breaker = begin_trial(breaker, job, now) or breaker
            if breaker.trial_job and now.timestamp() < breaker.trial_until:
                assert {each for each in "abc" if begin_trial(breaker, each, now)} <= {
                    breaker.trial_job
                }
            assert breaker.is_open or not tries
        else:
            changed = (
                failed(breaker, contact, "x", now)
                if what == "failed"
                else answered(breaker, contact)
            )
            breaker = changed or breaker
        assert wait_sec(breaker, job, now) <= LONGEST_PAUSE.total_seconds()
    later = now + LONGEST_PAUSE + TRIAL
    assert wait_sec(breaker, "d", later) == 0, "nobody is locked out for good"


def test_of_fifty_jobs_a_dead_provider_is_tried_by_a_few_and_they_all_arrive() -> None:
    """Without a breaker each of the fifty would collect its refusals: twenty each."""
    world = World(next_answer="down")
    jobs = [world.order(f"clip-{n}") for n in range(50)]
    until = world.now + timedelta(minutes=10)
    while world.now < until:
        world.deliver()
    assert world.sent_while_down <= FAILURES + 6
    assert {world.rows[each].state for each in jobs} == {JobState.QUEUED}, "they wait, nobody fails"
    world.next_answer = "accept"
    for _ in range(600):
        world.deliver()
        for each in list(world.provider):
            world.settle_provider(each, "completed")
    assert {world.rows[each].state for each in jobs} == {JobState.SUCCEEDED}
    assert len(world.provider) == 50
    assert not world.breaker.is_open


def test_a_job_that_waits_for_a_paused_provider_gives_up_at_its_deadline_unbilled() -> None:
    world = World(next_answer="down")
    identity = world.order()
    world.drain(200)
    job = world.rows[identity]
    assert job.state is JobState.FAILED
    assert world.booked[identity] == ("no", 0.0)
    assert not world.provider


def test_running_jobs_are_asked_after_while_their_provider_is_paused() -> None:
    world = World()
    identity = world.order()
    world.deliver()
    world.breaker = down(world.breaker)
    world.settle_provider(next(iter(world.provider)), "completed")
    world.drain(3)
    assert world.rows[identity].state is JobState.SUCCEEDED
