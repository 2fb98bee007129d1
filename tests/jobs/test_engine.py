"""One job, one payment: the engine against a provider that takes money, with crashes everywhere."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.errors import InvalidInput
from shared.jobs.engine import SUBMIT_GRACE
from shared.jobs.job import Waiter
from shared.jobs.outcome import JobState, Outcome
from shared.jobs.resolve import charged_for_nothing, found_at_provider, never_ran
from shared.jobs.transitions import IllegalTransition, check_transition
from tests.jobs.simulation import Crash, World


def _only(world: World) -> str:
    (identity,) = world.rows
    return identity


def _finish_all(world: World, status: str = "completed") -> None:
    for provider_id in list(world.provider):
        world.settle_provider(provider_id, status)


def test_a_job_goes_from_the_queue_to_its_file() -> None:
    world = World()
    identity = world.order()
    world.deliver()
    assert world.rows[identity].state is JobState.RUNNING
    _finish_all(world)
    world.drain()
    job = world.rows[identity]
    assert job.state is JobState.SUCCEEDED
    assert job.result is not None
    assert set(world.told["token-a"]) == {"SUCCEEDED"}
    assert world.booked[identity] == ("yes", 0.25)
    assert not world.slots


def test_a_lost_answer_is_held_and_never_sent_again() -> None:
    world = World(next_answer="lost")
    identity = world.order()
    world.drain(30)
    job = world.rows[identity]
    assert job.state is JobState.SUBMIT_UNKNOWN
    assert job.submits == 1
    assert len(world.provider) == 1
    assert world.booked[identity] == ("unknown", 0.25), "the money stays set aside"


def test_a_lost_answer_is_found_where_the_provider_can_be_asked() -> None:
    world = World(next_answer="lost", can_look_up=True)
    identity = world.order()
    world.drain(3)
    _finish_all(world)
    world.drain(20)
    assert world.rows[identity].state is JobState.SUCCEEDED
    assert len(world.provider) == 1


@pytest.mark.parametrize("answer", ["found", "never", "charged"])
def test_a_person_resolves_a_job_of_which_nobody_knows(answer: str) -> None:
    world = World(next_answer="lost")
    identity = world.order()
    world.drain(2)
    (provider_id,) = world.provider
    held = world.rows[identity]
    if answer == "found":
        world.rows[identity] = found_at_provider(held, provider_id, world.now)
        _finish_all(world)
    elif answer == "never":
        world.rows[identity] = never_ran(held, "ops")
    else:
        world.rows[identity] = charged_for_nothing(held, 0.25, "ops")
    world.queue.append((world.now, identity))
    world.drain(5)
    ended = {"found": JobState.SUCCEEDED, "never": JobState.FAILED, "charged": JobState.FAILED}
    booked = {"found": ("yes", 0.25), "never": ("no", 0.0), "charged": ("yes", 0.25)}
    assert world.rows[identity].state is ended[answer]
    assert world.booked[identity] == booked[answer]
    with pytest.raises(InvalidInput):
        never_ran(world.rows[identity], "ops")


@pytest.mark.parametrize("charge", [float("nan"), float("inf"), -1.0, 1e30])
def test_a_charge_that_is_no_amount_of_money_resolves_nothing(charge: float) -> None:
    world = World(next_answer="lost")
    identity = world.order()
    world.drain(2)
    with pytest.raises(InvalidInput, match="amount"):
        charged_for_nothing(world.rows[identity], charge, by="ada")


@pytest.mark.parametrize("found", ["", "  ", "a\nb"])
def test_an_id_that_no_provider_gives_resolves_nothing(found: str) -> None:
    world = World(next_answer="lost")
    identity = world.order()
    world.drain(2)
    with pytest.raises(InvalidInput, match="id"):
        found_at_provider(world.rows[identity], found, world.now)


def test_a_rate_limit_is_tried_again_and_costs_nothing_by_itself() -> None:
    world = World(next_answer="rate")
    identity = world.order()
    world.drain(4)
    world.next_answer = "accept"
    world.drain(1)
    job = world.rows[identity]
    assert job.state is JobState.RUNNING
    assert job.submits == job.refusals + 1
    assert len(world.provider) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"), [("moderate", Outcome.MODERATED), ("credit", Outcome.NO_CREDIT)]
)
def test_a_verified_refusal_ends_the_job_unbilled(answer: str, outcome: Outcome) -> None:
    world = World(next_answer=answer)
    identity = world.order()
    world.drain()
    job = world.rows[identity]
    assert job.state is JobState.REJECTED
    assert job.ending is not None
    assert job.ending.outcome is outcome
    assert world.booked[identity] == ("no", 0.0)


def test_an_outage_while_polling_is_no_failure() -> None:
    world = World()
    identity = world.order()
    world.deliver()
    (provider_id,) = world.provider
    world.provider[provider_id] = "outage"
    world.drain(5)
    assert world.rows[identity].state is JobState.RUNNING
    world.provider[provider_id] = "completed"
    world.drain(3)
    assert world.rows[identity].state is JobState.SUCCEEDED


def test_a_job_that_finishes_hours_late_is_delivered_after_all() -> None:
    world = World()
    identity = world.order()
    world.deliver()
    world.now += timedelta(minutes=21)
    world.drain(2)
    assert world.rows[identity].state is JobState.FAILED
    assert world.told["token-a"][0] == "TIMED_OUT"
    _finish_all(world)
    world.now += timedelta(hours=3)
    world.drain(5)
    assert world.rows[identity].state is JobState.SUCCEEDED
    assert world.rescues == [identity]
    assert world.booked[identity] == ("yes", 0.25)


def test_cancelling_reaches_the_provider() -> None:
    world = World()
    identity = world.order()
    world.deliver()
    world.rows[identity] = world.rows[identity].model_copy(update={"cancel_requested": True})
    world.drain(3)
    assert world.rows[identity].state is JobState.CANCELLED


def test_cancel_of_a_run_ends_a_queued_job_at_once_and_sends_nothing() -> None:
    world = World()
    identity = world.order()
    world.stopped.add("run-a")
    world.deliver()
    assert world.rows[identity].state is JobState.CANCELLED
    assert world.told["token-a"] == ["CANCELLED"]
    assert not world.provider
    assert world.booked[identity] == ("no", 0.0)


def test_cancel_of_a_run_reaches_the_provider_and_the_task() -> None:
    world = World()
    identity = world.order()
    world.deliver()
    world.stopped.add("run-a")
    world.drain(3)
    assert world.rows[identity].state is JobState.CANCELLED
    assert world.asked_to_stop == [identity]
    assert set(world.told["token-a"]) == {"CANCELLED"}


def test_what_cannot_be_stopped_is_let_go_and_kept_without_beginning_the_batch_again() -> None:
    world = World(can_cancel=False)
    identity = world.order()
    world.deliver()
    world.stopped.add("run-a")
    world.deliver()
    job = world.rows[identity]
    assert job.state is JobState.RUNNING
    assert "cannot be asked to stop" in job.stopping
    assert world.told["token-a"] == ["RUNNING"], "the clip's task does not wait for it"
    _finish_all(world)
    world.drain(5)
    job = world.rows[identity]
    assert job.state is JobState.SUCCEEDED
    assert job.result is not None, "the next drop finds the paid file"
    assert world.rescues == []
    assert world.booked[identity] == ("yes", 0.25)


def test_a_job_that_another_run_waits_for_goes_on() -> None:
    world = World()
    identity = world.order()
    world.deliver()
    other = Waiter(token="token-of-b", since="", run_id="run-b")
    world.engine().wait(identity, other)
    world.stopped.add("run-a")
    world.deliver()
    assert world.rows[identity].state is JobState.RUNNING
    assert world.told == {"token-a": ["RUNNING"]}
    _finish_all(world)
    world.drain(5)
    assert world.told["token-of-b"][-1] == "SUCCEEDED"
    assert not world.asked_to_stop


def test_who_waits_after_a_cancel_wants_the_clip_again() -> None:
    world = World(can_cancel=False)
    identity = world.order()
    world.deliver()
    world.stopped.add("run-a")
    world.deliver()
    world.engine().wait(identity, Waiter(token="token-again", since="", run_id="run-a-2"))
    world.deliver()
    assert not world.rows[identity].cancel_requested
    _finish_all(world)
    world.drain(5)
    assert world.told["token-again"][-1] == "SUCCEEDED"
    assert len(world.provider) == 1


def test_an_expired_address_is_asked_for_again() -> None:
    world = World()
    identity = world.order()
    world.deliver()
    world.expired_once.add(identity)
    _finish_all(world)
    world.drain(6)
    assert world.rows[identity].state is JobState.SUCCEEDED


def test_two_handlers_at_once_send_once() -> None:
    """The second one reads SUBMITTING while the first one's POST is on its way."""
    world = World()
    identity = world.order()
    world.fuse = 4  # dies after the row says SUBMITTING, before the answer is written
    world.deliver()
    assert world.rows[identity].state is JobState.SUBMITTING
    world.deliver()
    assert world.rows[identity].state is JobState.SUBMITTING, "young enough to be on its way"
    world.now += SUBMIT_GRACE
    world.drain(2)
    assert world.rows[identity].state is JobState.SUBMIT_UNKNOWN


@pytest.mark.parametrize("look_up", [False, True])
@pytest.mark.parametrize("fuse", range(30))
def test_a_crash_at_any_moment_never_sends_twice(fuse: int, look_up: bool) -> None:
    world = World(can_look_up=look_up)
    identity = world.order()
    world.fuse = fuse
    world.deliver()
    world.drain(3)
    _finish_all(world)
    world.drain(60)
    job = world.rows[identity]
    assert len(world.provider) <= 1
    assert job.state in (
        (JobState.SUCCEEDED,) if look_up else (JobState.SUCCEEDED, JobState.SUBMIT_UNKNOWN)
    )


def test_moves_that_the_table_does_not_have_are_refused() -> None:
    with pytest.raises(IllegalTransition):
        check_transition(JobState.SUBMIT_UNKNOWN, JobState.QUEUED)
    with pytest.raises(IllegalTransition):
        check_transition(JobState.SUCCEEDED, JobState.RUNNING)


class OneJobOnePayment(RuleBasedStateMachine):
    """Duplicates, reordering, crashes between any two effects, late success, lost answers."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(name=st.sampled_from("abc"))
    def order(self, name: str) -> None:
        self.world.order(name)

    @rule(index=st.integers(0, 5), fuse=st.one_of(st.none(), st.integers(0, 12)))
    def deliver(self, index: int, fuse: int | None) -> None:
        self.world.fuse = fuse
        self.world.deliver(index)

    @rule(
        answer=st.sampled_from(
            ["accept", "accept", "accept", "rate", "lost", "moderate", "credit", "down"]
        )
    )
    def mood(self, answer: str) -> None:
        self.world.next_answer = answer

    @rule(look_up=st.booleans())
    def ability(self, look_up: bool) -> None:
        self.world.can_look_up = look_up

    @rule(name=st.sampled_from("abc"), can_cancel=st.booleans())
    def cancel(self, name: str, can_cancel: bool) -> None:
        self.world.can_cancel = can_cancel
        self.world.stopped.add(f"run-{name}")

    @rule(name=st.sampled_from("abc"), again=st.integers(1, 2))
    def wait_again(self, name: str, again: int) -> None:
        """Another run comes upon the same clip."""
        for identity, job in self.world.rows.items():
            if job.stem == name:
                token, run = f"token-{name}-{again}", f"run-{name}-{again}"
                with suppress(Crash):
                    self.world.engine().wait(identity, Waiter(token=token, since="", run_id=run))
                self.world.queue.append((self.world.now, identity))
                break

    @precondition(lambda self: bool(self.world.provider))
    @rule(
        index=st.integers(0, 20),
        status=st.sampled_from(["completed", "completed", "failed", "filtered"]),
    )
    def provider_ends(self, index: int, status: str) -> None:
        ids = sorted(self.world.provider)
        self.world.settle_provider(ids[index % len(ids)], status)

    @rule(minutes=st.integers(1, 60))
    def time_passes(self, minutes: int) -> None:
        self.world.now += timedelta(minutes=minutes)

    @invariant()
    def never_more_than_one_accepted_submit_a_job(self) -> None:
        owners = list(self.world.owner.values())
        assert len(owners) == len(set(owners))

    @invariant()
    def nothing_is_sent_without_a_reservation(self) -> None:
        assert set(self.world.owner.values()) <= set(self.world.reserved)

    @invariant()
    def a_paused_provider_is_tried_by_one_at_a_time(self) -> None:
        breaker = self.world.breaker
        if breaker.trial_job:
            assert breaker.is_open
            assert breaker.trial_until - breaker.retry_at >= 0

    @invariant()
    def nobody_is_told_that_a_wanted_clip_was_cancelled(self) -> None:
        """A task whose run goes on hears CANCELLED only of a job that was stopped before it."""
        for job in self.world.rows.values():
            asked = job.cancel_requested or job.stopping
            if job.state is JobState.CANCELLED:
                assert asked

    @invariant()
    def ends_are_told_truthfully(self) -> None:
        for job in self.world.rows.values():
            if job.state is JobState.SUCCEEDED:
                assert self.world.provider[job.provider_job_id] == "completed"

    def teardown(self) -> None:
        """Whatever happened: when all is quiet, the books agree with the provider's."""
        world = self.world
        world.fuse = None
        world.drain(300)
        for job in world.rows.values():
            charged = sum(
                world.charged.get(provider_id, 0.0)
                for provider_id, owner in world.owner.items()
                if owner == job.job_id
            )
            if job.state.ended and job.job_id in world.booked:
                billed, booked = world.booked[job.job_id]
                if billed != "unknown":
                    assert booked == charged


TestOneJobOnePayment = OneJobOnePayment.TestCase
TestOneJobOnePayment.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
