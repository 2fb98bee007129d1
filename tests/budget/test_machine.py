"""Whatever happens, in whatever order and however often: the books are right.

A model of jobs, batches and a provider that remembers what it charged. Each job has a fate; what
is heard of it arrives in any order, any number of times, through a process that may die before or
after every write and that is not alone.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.budget.entry import Attempt, Charge, CostSource, EntryState
from shared.budget.errors import BudgetExceeded, NothingHeld
from shared.budget.ledger import BudgetWarning, Ledger
from shared.budget.project import Project
from shared.keys import Folder
from tests.budget.unreliable import Crash, UnreliableLedger

PROJECT = "film"
STEPS_PER_EXAMPLE = 50
FIRST_DAY = datetime(2026, 11, 30, 12, tzinfo=UTC)  # soon another month

# What is heard of a job of each fate, and whether the provider charges it.
FATES = {
    "success": (["billed"], True),
    "failed but billed": (["billed"], True),
    "refused": (["not billed"], False),
    "estimated, then reported": (["estimated", "billed"], True),
    "late success": (["not billed", "billed"], True),
    "timed out, then finished": (["unknown", "billed"], True),
    "unknown, was accepted": (["unknown", "person: billed"], True),
    "unknown, was not accepted": (["unknown", "person: not billed"], False),
    "unknown, a person erred": (["unknown", "person: not billed", "billed"], True),
    "never sent": (["not billed"], False),
}
amounts = st.integers(0, 60)
crashes = st.sampled_from(["", "", "", "before", "after"])
numbers = st.integers(0, 99)


@dataclass
class Sim:
    """A job as the engine and the provider know it."""

    job_id: str
    run_id: str
    estimate: int
    cost: int
    fate: str
    sent: bool = False
    heard: list[str] = field(default_factory=list)

    @property
    def news(self) -> list[str]:
        return FATES[self.fate][0]

    @property
    def attempt(self) -> Attempt:
        return Attempt(
            project_id=PROJECT,
            batch_id="b",
            run_id=self.run_id,
            stem=self.job_id,
            job_id=self.job_id,
            provider="acme",
            model="acme/one",
            estimate=self.estimate,
            reserved=self.estimate,
        )


class MoneyMachine(RuleBasedStateMachine):
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.now = FIRST_DAY
        self.store = UnreliableLedger()
        self.warned: Counter[tuple[str, int, int]] = Counter()
        self.ledger = Ledger(
            store=self.store, warn=self._warned, now=lambda: self.now, pause=lambda _: None
        )
        self.jobs: list[Sim] = []
        self.highest_budget = 0
        self.charged: dict[str, int] = {}

    def _warned(self, warning: BudgetWarning) -> None:
        month = warning.account.month
        for percent in warning.percents:
            self.warned[month, self.store.adopted[month], percent] += 1

    @initialize(budget=st.integers(0, 300))
    def set_up(self, budget: int) -> None:
        self.store.save_project(Project(name=PROJECT, monthly_budget=budget))
        self.highest_budget = budget

    @rule(budget=st.integers(0, 300))
    def another_budget(self, budget: int) -> None:
        project = self.store.project(PROJECT)
        assert project
        self.store.save_project(project.changed(monthly_budget=budget))
        self.highest_budget = max(self.highest_budget, budget)

    @rule(hours=st.integers(1, 12))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(run=st.integers(0, 3), amount=amounts, dies=crashes)
    def hold_batch(self, run: int, amount: int, dies: str) -> None:
        self._try(dies, lambda: self.ledger.hold_batch(Folder(PROJECT, "b"), f"r{run}", amount))

    @rule(run=st.integers(0, 3), dies=crashes)
    def close_batch(self, run: int, dies: str) -> None:
        self._try(dies, lambda: self.ledger.close_batch(PROJECT, f"r{run}"))

    @rule(
        run=st.integers(0, 4),
        estimate=amounts,
        cost=amounts,
        fate=st.sampled_from(sorted(FATES)),
        dies=crashes,
    )
    def new_job(self, run: int, estimate: int, cost: int, fate: str, dies: str) -> None:
        job = Sim(f"j{len(self.jobs)}", f"r{run}", estimate, cost, fate)
        self.jobs.append(job)
        self._try(dies, lambda: self._start(job))

    @precondition(lambda self: self.jobs)
    @rule(which=numbers, dies=crashes)
    def start_again(self, which: int, dies: str) -> None:
        """A duplicate event, a redrive, a retry after a crash."""
        self._try(dies, lambda: self._start(self._pick(which)))

    @precondition(lambda self: self.jobs)
    @rule(which=numbers, news=numbers, dies=crashes)
    def hear(self, which: int, news: int, dies: str) -> None:
        self._try(dies, lambda: self._hear(self._pick(which), news))

    @precondition(lambda self: self.jobs)
    @rule(
        one=numbers,
        other=numbers,
        news=numbers,
        starts=st.booleans(),
        place=st.sampled_from(["read", "write"]),
    )
    def two_at_once(self, one: int, other: int, news: int, starts: bool, place: str) -> None:
        """A second call comes in the middle of the first."""
        self.store.meanwhile_at = place
        self.store.meanwhile = lambda: self._try("", lambda: self._act(other, news, starts))
        self._try("", lambda: self._act(one, news, True))
        self.store.meanwhile = None

    def _act(self, which: int, news: int, starts: bool) -> None:
        job = self._pick(which)
        if starts and not job.sent:
            self._start(job)
        else:
            self._hear(job, news)

    def _pick(self, which: int) -> Sim:
        return self.jobs[which % len(self.jobs)]

    def _try(self, dies: str, call: Callable[[], object]) -> None:
        self.store.dies = dies
        try:
            call()
        except (Crash, BudgetExceeded, NothingHeld):
            pass
        finally:
            self.store.dies = ""

    def _start(self, job: Sim) -> None:
        entry = self.ledger.reserve(job.attempt)
        # The engine's own row lets one step send; here that is `sent`.
        if entry.may_spend and not job.sent and job.fate != "never sent":
            job.sent = True
            if FATES[job.fate][1]:
                self.charged[job.job_id] = job.cost

    def _hear(self, job: Sim, number: int) -> None:
        if not job.sent and job.fate != "never sent":
            return
        news = job.news[number % len(job.news)]
        reported = Charge(amount=job.cost, source=CostSource.PROVIDER_REPORTED)
        estimated = Charge(amount=2 * job.estimate, source=CostSource.CATALOGUE_ESTIMATE)
        if news == "billed":
            self.ledger.settle(PROJECT, job.job_id, reported)
        elif news == "estimated":
            self.ledger.settle(PROJECT, job.job_id, estimated)
        elif news == "not billed":
            self.ledger.release(PROJECT, job.job_id)
        elif news == "unknown":
            self.ledger.hold(PROJECT, job.job_id)
        else:
            said = reported if news == "person: billed" else None
            self.ledger.resolve_hold(PROJECT, job.job_id, said, by="ops")
        job.heard.append(news)

    @invariant()
    def totals_are_the_sums_of_the_rows(self) -> None:
        MoneyMachine.steps += 1
        holds = self.store.holds(PROJECT)
        for account in self.store.accounts(PROJECT):
            rows = list(self.store.entries(PROJECT, account.month))
            kept = sum(hold.left for hold in holds if hold.month == account.month)
            assert account.reserved == sum(row.held for row in rows) + kept
            assert account.settled == sum(row.spent for row in rows)
            assert account.overrun == sum(row.overrun for row in rows)

    @invariant()
    def never_over_budget_but_by_overruns(self) -> None:
        for account in self.store.accounts(PROJECT):
            assert account.committed - account.overrun <= self.highest_budget

    @invariant()
    def a_job_has_one_entry_and_nothing_is_sent_without(self) -> None:
        months = [account.month for account in self.store.accounts(PROJECT)]
        ids = [row.job_id for month in months for row in self.store.entries(PROJECT, month)]
        assert len(ids) == len(set(ids))
        assert {job.job_id for job in self.jobs if job.sent} <= set(ids)

    @invariant()
    def every_mark_is_told_once(self) -> None:
        assert all(count == 1 for count in self.warned.values())
        for account in self.store.accounts(PROJECT):
            marks = [alert.percent for alert in account.alerts]
            assert len(marks) == len(set(marks))

    def teardown(self) -> None:
        """When everything has been heard, the books hold what the provider charged; no more."""
        for job in self.jobs:
            for number in (*range(len(job.news)), *reversed(range(len(job.news)))):
                self._try("", lambda job=job, number=number: self._hear(job, number))  # type: ignore[misc]
            if not job.sent:
                self.ledger.release(PROJECT, job.job_id)
        for hold in self.store.holds(PROJECT):
            self.ledger.close_batch(PROJECT, hold.run_id)
        accounts = self.store.accounts(PROJECT)
        rows = [row for each in accounts for row in self.store.entries(PROJECT, each.month)]
        assert all(row.state in {EntryState.SETTLED, EntryState.RELEASED} for row in rows)
        assert sum(account.reserved for account in accounts) == 0
        assert sum(account.settled for account in accounts) == sum(self.charged.values())
        assert {r.job_id: r.spent for r in rows if r.actual is not None} == self.charged


def test_the_books_are_right_whatever_happens() -> None:
    nightly = settings.get_current_profile_name() == "nightly"
    examples = settings().max_examples if nightly else 200
    MoneyMachine.steps = 0
    run_state_machine_as_test(
        MoneyMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS_PER_EXAMPLE,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert MoneyMachine.steps >= (20_000 if nightly else 2_000)
