"""The ledger's table under many hands."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.aws.ledger import DynamoLedger
from shared.budget.account import MonthAccount
from shared.budget.entry import BatchHold, LedgerEntry
from shared.budget.errors import BudgetExceeded
from shared.budget.transitions import Books
from shared.meter import Meter
from shared.ports import Conflict
from tests.budget.conftest import TABLE, OneAtATime
from tests.budget.desk import FILM, Desk, attempt, charge

HANDS = 12


@pytest.fixture
def books() -> Books:
    account = MonthAccount(project_id="film", month="2026-11", budget=100, reserved=7)
    entry = LedgerEntry(**attempt("a", 0).model_dump(), month="2026-11", reserved_at="2026-11-01")
    hold = BatchHold(
        project_id="film",
        batch_id="day-1",
        run_id="run-1",
        month="2026-11",
        amount=7,
        left=7,
        held_at="2026-11-01",
    )
    return Books(account, entry, hold)


def read(store: DynamoLedger) -> Books:
    account = store.account("film", "2026-11")
    assert account
    return Books(account, store.entry("film", "a"), store.hold("film", "run-1"))


def empty(books: Books) -> Books:
    return Books(MonthAccount(project_id="film", month="2026-11"))


def test_rows_come_back_as_they_were_written(dynamo: DynamoLedger, books: Books) -> None:
    dynamo.commit(empty(books), books)
    stored = read(dynamo)
    assert stored.changes(books) != ()  # their versions, and nothing else, moved on
    assert {row.version for row in (stored.account, stored.entry, stored.hold) if row} == {1}
    assert stored.account.changed(version=0) == books.account
    assert list(dynamo.entries("film", "2026-11")) == [stored.entry]
    assert dynamo.holds("film") == [stored.hold]


@pytest.mark.parametrize("stale", ["account", "entry", "hold"])
def test_one_row_changed_by_others_and_nothing_is_written(
    dynamo: DynamoLedger, books: Books, stale: str
) -> None:
    dynamo.commit(empty(books), books)
    mine = read(dynamo)
    assert mine.entry
    assert mine.hold
    changed = {
        "account": mine.account.changed(reserved=9),
        "entry": mine.entry.changed(note="theirs"),
        "hold": mine.hold.changed(left=9),
    }
    dynamo.commit(mine, replace(mine, **{stale: changed[stale]}))  # type: ignore[arg-type]
    theirs = read(dynamo)
    after = Books(
        mine.account.changed(settled=1), mine.entry.changed(note="mine"), mine.hold.changed(left=1)
    )
    with pytest.raises(Conflict):
        dynamo.commit(mine, after)
    assert read(dynamo) == theirs


def test_a_job_gets_one_entry_even_in_another_month(dynamo: DynamoLedger, books: Books) -> None:
    dynamo.commit(empty(books), books)
    assert books.entry
    december = Books(MonthAccount(project_id="film", month="2026-12"))
    with pytest.raises(Conflict):
        dynamo.commit(december, replace(december, entry=books.entry.changed(month="2026-12")))
    assert list(dynamo.entries("film", "2026-12")) == []
    assert dynamo.account("film", "2026-12") is None


def test_many_hands_never_set_aside_more_than_the_budget(dynamo: DynamoLedger) -> None:
    desk = Desk(dynamo)
    desk.budget(10)

    def work(number: int) -> bool:
        job = f"j{number % 30}"  # every job is asked for twice
        try:
            return desk.ledger.reserve(attempt(job, 0.5)).may_spend
        except BudgetExceeded:
            return False

    with ThreadPoolExecutor(HANDS) as pool:
        granted = list(pool.map(work, range(60)))
    entries = list(dynamo.entries("film", "2026-11"))
    assert len(entries) == 20
    assert sum(granted) == 40
    assert desk.account() == (1000, 0)
    assert sorted(p for warning in desk.warnings for p in warning.percents) == [50, 80, 100]


def test_many_hands_end_the_same_jobs_and_the_sums_are_right(dynamo: DynamoLedger) -> None:
    desk = Desk(dynamo)
    desk.budget(10)
    desk.ledger.hold_batch(FILM, "run-1", 6_000_000)
    for number in range(8):
        desk.ledger.reserve(attempt(f"j{number}", 0.5))

    def end(number: int) -> None:
        job = f"j{number % 8}"
        if number % 8 < 4:
            desk.ledger.settle("film", job, charge(0.4))
        else:
            desk.ledger.release("film", job)

    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(end, range(32)))
    assert desk.account() == (440, 160)  # 6.00 less four times 0.40 is still the batch's
    desk.ledger.close_batch("film", "run-1")
    assert desk.account() == (0, 160)


def test_a_reservation_costs_little(table: OneAtATime) -> None:
    meter = Meter()
    desk = Desk(DynamoLedger(table, TABLE, meter))
    desk.budget(10)
    meter.take()
    desk.ledger.reserve(attempt("a", 0.5))
    used = meter.take()
    assert used["table_writes"] <= 6  # account, entry and pointer, each twice for the transaction
    assert used["table_reads"] <= 5
