"""A batch's money, from its plan to its end: set aside, asked for, given back."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from shared.batch import BatchState
from shared.budget.errors import ApprovalDenied, ApprovalExpired, BudgetExceeded
from shared.budget.ledger import Ledger
from shared.budget.memory import MemoryLedger
from shared.budget.money import micro_usd
from shared.budget.project import Project
from shared.budget.questions import Questions
from shared.clip import ObjectRef
from shared.errors import BatchCancelled
from shared.keys import made_key
from shared.pipeline.accept import Acceptance, Verdict, accept_drop
from shared.pipeline.approvals import DECIDED_BY, Approvals
from shared.pipeline.close import close_batch
from shared.pipeline.plan import ClipOrder
from shared.pipeline.reserve import Next, Reserved, estimate_run, reserve_budget
from shared.pipeline.services import RunRef
from shared.pipeline.till import Till, release_budget
from tests.pipeline.house import House, build_house, picture

WAN = "wavespeed/wan-2.5"
CLIP_USD = 0.5  # 5 s at the price of the model's default size


@dataclass
class Bank:
    """A house whose project has money, up to the moment when clips are made."""

    house: House
    books: MemoryLedger = field(default_factory=MemoryLedger)
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(store=self.books, now=self.house.clock)
        self.questions = Questions(store=self.books, now=self.house.clock)
        self.till = Till(ledger=self.ledger, questions=self.questions)
        self.approvals = Approvals(questions=self.questions, waker=self)

    def wake(self, resume: str) -> None:
        self.woken.append(resume)

    def allow(self, budget: float, approve_above: float | None = None) -> None:
        there = self.books.project("film") or Project(name="film")
        limit = None if approve_above is None else micro_usd(approve_above)
        self.books.save_project(
            there.changed(monthly_budget=micro_usd(budget), approve_above=limit)
        )

    def plan(self, *names: str, **clip: Any) -> RunRef:
        """Drop and plan a batch of clips that a model makes."""
        for number, name in enumerate(names):
            self.house.put(name, picture(seed=number))
        settings = {
            "route": [WAN],
            "operation": "image_to_video",
            "prompt": "waves",
            "motion": {"duration_sec": 5},
            **clip,
        }
        keyframes = [{"image_path": name, **settings} for name in names]
        self.house.drop("manifest.json", {"keyframes": keyframes})
        run = self.house.ref(self.house.started[-1])
        self.house.open(run)
        self.house.plan(run)
        return run

    def reserve(self, run: RunRef) -> Reserved:
        return reserve_budget(self.house.services, self.till, run)

    def wait(self, run: RunRef, resume: str = "token-1") -> None:
        row = self.house.services.rows.run(run.folder, run.drop.relative)
        self.approvals.await_answer(run, row, resume)

    def mark(self, word: str, by: str = "") -> Acceptance:
        metadata = {DECIDED_BY: by} if by else {}
        key = self.house.folder.key(word)
        ref = self.house.objects.write("drop", key, b"", content_type="", metadata=metadata)
        return accept_drop(self.house.services, self.house, ref, self.approvals, "123456789012")

    @property
    def set_aside(self) -> float:
        account = self.books.accounts("film")
        return sum(each.reserved for each in account) / 1e6

    def close(self, run: RunRef, outcome: BatchState) -> None:
        release_budget(self.till, run)
        close_batch(self.house.services, self.house, run, outcome)


@pytest.fixture
def bank() -> Bank:
    house = build_house()
    engines = frozenset({"camera_move", "api:wavespeed"})
    house.services = replace(house.services, engines=engines)
    return Bank(house)


def test_what_the_batch_may_cost_is_set_aside_before_anything_is_made(bank: Bank) -> None:
    bank.allow(20)
    run = bank.plan("a.png", "b.png")
    assert bank.reserve(run) == Reserved(next=Next.RENDER)
    assert bank.set_aside == pytest.approx(2 * CLIP_USD)


def test_asking_again_sets_nothing_more_aside(bank: Bank) -> None:
    bank.allow(20)
    run = bank.plan("a.png")
    for _ in range(3):
        bank.reserve(run)
    assert bank.set_aside == pytest.approx(CLIP_USD)


def test_a_batch_beyond_the_budget_is_refused_and_told_why(bank: Bank) -> None:
    bank.allow(0.75)
    run = bank.plan("a.png", "b.png")
    with pytest.raises(BudgetExceeded, match=r"0\.75"):
        bank.reserve(run)
    bank.close(run, BatchState.REJECTED)
    assert bank.set_aside == 0
    told = bank.house.answer("_ERRORS.md")
    assert "budget of project `film`" in told
    assert "The next budget begins on" in told
    assert {clip["status"] for clip in bank.house.status()["clips"]} == {"rejected"}


def test_two_batches_cannot_spend_the_same_money(bank: Bank) -> None:
    bank.allow(1.2)
    run = bank.plan("a.png", "b.png")
    bank.reserve(run)
    bank.ledger.close_batch("film", "another")
    with pytest.raises(BudgetExceeded):
        bank.ledger.hold_batch(bank.house.folder, "another", micro_usd(0.5))


def test_what_no_clip_needed_is_free_again_when_the_batch_ends(bank: Bank) -> None:
    bank.allow(20)
    run = bank.plan("a.png")
    bank.reserve(run)
    bank.close(run, BatchState.FINISHED)
    assert bank.set_aside == 0


def test_a_clip_that_nobody_can_make_is_not_paid_for(bank: Bank) -> None:
    bank.allow(20)
    run = bank.plan("a.png", route=["runway/gen4_turbo"])  # no engine for it here
    assert bank.reserve(run).next is Next.RENDER
    assert bank.set_aside == 0


def test_what_was_made_before_asks_nobody_for_its_money(bank: Bank) -> None:
    bank.allow(20)
    run = bank.plan("a.png", "b.png")
    key = run.work.request(0)
    order = ClipOrder.model_validate_json(
        bank.house.objects.read(ObjectRef(bucket="work", key=key))
    )
    bank.house.objects.write("work", made_key(order.order_key), b"{}", content_type="")
    assert estimate_run(bank.house.services, run).to_reserve == micro_usd(CLIP_USD)


def test_above_the_threshold_it_waits_with_its_money_set_aside(bank: Bank) -> None:
    bank.allow(20, approve_above=0.6)
    run = bank.plan("a.png", "b.png")
    asked = bank.reserve(run)
    assert asked.next is Next.ASK
    assert asked.notification
    assert asked.notification.attributes["type"] == "needs_approval"
    assert "2 clip(s) by wavespeed/wan-2.5" in asked.notification.message
    status = bank.house.status()
    assert status["state"] == "awaiting_approval"
    assert "APPROVED" in status["message"]
    assert bank.set_aside == pytest.approx(1.0)
    assert bank.reserve(run) == Reserved(next=Next.WAIT), "people are told once"


def test_approved_it_goes_on_and_the_books_know_by_whom(bank: Bank) -> None:
    bank.allow(20, approve_above=0)
    run = bank.plan("a.png")
    bank.reserve(run)
    bank.wait(run)
    assert bank.woken == []
    assert bank.mark("APPROVED", by="mia").verdict is Verdict.ANSWERED
    assert bank.woken == ["token-1"]
    assert bank.reserve(run).next is Next.RENDER
    hold = bank.books.hold("film", run.run_id)
    assert hold
    assert hold.approved_by == "mia"
    assert bank.house.status()["state"] == "rendering"


def test_a_marker_from_the_console_is_signed_with_what_s3_says(bank: Bank) -> None:
    bank.allow(20, approve_above=0)
    run = bank.plan("a.png")
    bank.reserve(run)
    bank.mark("APPROVED")
    asked = bank.books.approval(run.folder, run.run_id)
    assert asked
    assert asked.decided_by == "123456789012"


@pytest.mark.parametrize("first", ["answer", "wait"])
def test_an_answer_is_not_lost_whichever_comes_first(bank: Bank, first: str) -> None:
    bank.allow(20, approve_above=0)
    run = bank.plan("a.png")
    bank.reserve(run)
    if first == "answer":
        bank.mark("APPROVED")
        bank.wait(run)
    else:
        bank.wait(run)
        bank.mark("APPROVED")
    assert bank.woken == ["token-1"]


def test_told_twice_it_wakes_twice_and_decides_once(bank: Bank) -> None:
    bank.allow(20, approve_above=0)
    run = bank.plan("a.png")
    bank.reserve(run)
    bank.wait(run)
    bank.mark("APPROVED", by="mia")
    bank.mark("APPROVED", by="tom")
    asked = bank.books.approval(run.folder, run.run_id)
    assert asked
    assert asked.decided_by == "mia"
    assert set(bank.woken) == {"token-1"}


def test_denied_it_is_let_go_and_nothing_is_set_aside(bank: Bank) -> None:
    bank.allow(20, approve_above=0)
    run = bank.plan("a.png")
    bank.reserve(run)
    bank.mark("DENIED", by="mia")
    with pytest.raises(ApprovalDenied, match="mia"):
        bank.reserve(run)
    bank.close(run, BatchState.REJECTED)
    assert bank.set_aside == 0
    assert "was denied by mia" in bank.house.answer("_ERRORS.md")


def test_nobody_answers_and_it_is_let_go_politely(bank: Bank) -> None:
    bank.allow(20, approve_above=0)
    run = bank.plan("a.png")
    bank.reserve(run)
    bank.house.clock.ahead += timedelta(days=4)
    with pytest.raises(ApprovalExpired, match="drop the manifest again"):
        bank.reserve(run)


def test_a_marker_that_lay_there_before_the_price_approves_nothing(bank: Bank) -> None:
    bank.allow(20, approve_above=0)
    bank.house.clock.ahead -= timedelta(seconds=30)
    bank.mark("APPROVED")
    bank.house.clock.ahead += timedelta(seconds=30)
    run = bank.plan("a.png")
    assert bank.reserve(run).next is Next.ASK
    bank.wait(run)
    assert bank.woken == []


def test_cancel_ends_the_wait(bank: Bank) -> None:
    bank.allow(20, approve_above=0)
    run = bank.plan("a.png")
    bank.reserve(run)
    bank.wait(run)
    bank.mark("CANCEL")
    assert bank.woken == ["token-1"]
    with pytest.raises(BatchCancelled):
        bank.reserve(run)
    bank.close(run, BatchState.CANCELLED)
    assert bank.set_aside == 0
    asked = bank.books.approval(run.folder, run.run_id)
    assert asked
    assert asked.state.value == "withdrawn"


def test_cancelled_between_the_question_and_the_wait_it_does_not_wait(bank: Bank) -> None:
    bank.allow(20, approve_above=0)
    run = bank.plan("a.png")
    bank.reserve(run)
    bank.mark("CANCEL")
    bank.wait(run)
    assert bank.woken == ["token-1"]


def test_clips_that_ask_for_the_same_are_ranked_once_and_each_counted(bank: Bank) -> None:
    run = bank.plan("a.png", "b.png", "c.png")
    estimate = estimate_run(bank.house.services, run)
    assert [clip.stem for clip in estimate.clips] == ["a", "b", "c"]
    assert estimate.to_reserve == 3 * micro_usd(CLIP_USD)
