"""What the ledger promises, on plain memory and on DynamoDB."""

from datetime import UTC, datetime

import pytest

from shared.budget.entry import CostSource, EntryState, best_charge
from shared.budget.errors import BudgetExceeded, NothingHeld, NotReserved
from shared.budget.ledger import BudgetWarning
from shared.budget.store import LedgerStore
from shared.jobs.outcome import Billed
from shared.ports import Conflict
from tests.budget.desk import FILM, PRICE, Desk, attempt, charge
from tests.budget.unreliable import UnreliableLedger


@pytest.fixture
def desk(store: LedgerStore) -> Desk:
    desk = Desk(store)
    desk.budget(10)
    return desk


def test_without_a_budget_nothing_may_be_spent_but_free_work_runs(store: LedgerStore) -> None:
    desk = Desk(store)
    with pytest.raises(BudgetExceeded):
        desk.ledger.reserve(attempt("a", 0.01))
    assert desk.ledger.reserve(attempt("b", 0)).may_spend


def test_a_refusal_names_limit_used_needed_and_when_it_resets(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 6))
    desk.ledger.settle("film", "a", charge(6))
    desk.ledger.reserve(attempt("b", 3))
    with pytest.raises(BudgetExceeded) as refused:
        desk.ledger.reserve(attempt("c", 1.5))
    assert refused.value.details == {
        "limit": "monthly_budget",
        "project": "film",
        "month": "2026-11",
        "limit_usd": 10.0,
        "used_usd": 9.0,
        "spent_usd": 6.0,
        "reserved_usd": 3.0,
        "needed_usd": 1.5,
        "free_usd": 1.0,
        "resets_on": "2026-12-01",
    }
    for said in ("USD 10.00", "USD 9.00", "USD 1.50", "2026-12-01", "dropreel project set film"):
        assert said in refused.value.message
    assert desk.account() == (300, 600)
    assert desk.store.entry("film", "c") is None


def test_the_last_cent_can_be_spent_and_not_one_more(desk: Desk) -> None:
    assert desk.ledger.reserve(attempt("a", 10)).may_spend
    with pytest.raises(BudgetExceeded):
        desk.ledger.reserve(attempt("b", 0.000001))


def test_reserving_twice_is_one_reservation(desk: Desk) -> None:
    first = desk.ledger.reserve(attempt("a", 4))
    again = desk.ledger.reserve(attempt("a", 4))
    assert (first, desk.account()) == (again, (400, 0))


def test_midnight_does_not_reserve_again_and_the_old_month_pays(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 4))
    desk.now = datetime(2026, 12, 1, 0, 1, tzinfo=UTC)
    desk.ledger.reserve(attempt("a", 4))
    desk.ledger.settle("film", "a", charge(3))
    assert desk.account("2026-11") == (0, 300)
    assert desk.store.account("film", "2026-12") is None


def test_a_new_month_has_a_new_budget(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 10))
    desk.now = datetime(2026, 12, 1, tzinfo=UTC)
    desk.ledger.reserve(attempt("b", 10))
    assert [account.month for account in desk.store.accounts("film")] == ["2026-11", "2026-12"]
    assert [row.job_id for row in desk.store.entries("film", "2026-12")] == ["b"]


def test_settling_books_the_actual_cost_once_and_frees_the_rest(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 4))
    desk.ledger.settle("film", "a", charge(2.5))
    entry = desk.ledger.settle("film", "a", charge(9))
    assert entry
    assert (entry.actual, entry.state, entry.billed) == (2_500_000, "settled", Billed.YES)
    assert entry.price == PRICE
    assert desk.account() == (0, 250)


def test_a_more_trusted_amount_replaces_an_estimate_and_never_the_reverse(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 4))
    desk.ledger.settle("film", "a", charge(6, CostSource.CATALOGUE_ESTIMATE))
    assert desk.store.account("film", "2026-11").overrun == 2_000_000  # type: ignore[union-attr]
    desk.ledger.settle("film", "a", charge(3, CostSource.MEASURED_GPU))
    desk.ledger.settle("film", "a", charge(5))
    desk.ledger.settle("film", "a", charge(1, CostSource.MEASURED_GPU))
    account = desk.store.account("film", "2026-11")
    assert account
    # measured at 3 it needed no more than was set aside; the report of 5 then came on top of that
    assert (account.settled, account.overrun) == (5_000_000, 2_000_000)


def test_the_provider_beats_the_meter_beats_the_catalogue() -> None:
    assert best_charge(reported=1, measured=2, estimate=3).source is CostSource.PROVIDER_REPORTED
    assert best_charge(reported=None, measured=2, estimate=3).amount == 2
    assert best_charge(reported=None, measured=None, estimate=3).source == "catalogue_estimate"
    assert best_charge(reported=0, measured=2, estimate=3).amount == 0


def test_a_charge_beyond_the_budget_is_counted_in_full_and_told(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 10))
    desk.warnings.clear()
    desk.ledger.settle("film", "a", charge(12))
    assert desk.account() == (0, 1200)
    (warning,) = desk.warnings
    assert (warning.overrun, warning.account.beyond_budget) == (2_000_000, 2_000_000)


def test_releasing_gives_the_money_back_and_ends_the_attempt(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 10))
    desk.ledger.release("film", "a", "moderated")
    assert desk.account() == (0, 0)
    again = desk.ledger.reserve(attempt("a", 10))
    assert (again.state, again.may_spend, again.note) == (EntryState.RELEASED, False, "moderated")
    assert desk.account() == (0, 0)


def test_a_late_success_is_counted_again(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 4))
    desk.ledger.release("film", "a")
    desk.ledger.settle("film", "a", charge(4))
    desk.ledger.release("film", "a")  # the old news, once more
    assert desk.account() == (0, 400)


def test_what_nobody_knows_stays_set_aside_until_somebody_says(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 4))
    desk.ledger.reserve(attempt("b", 4))
    for job in ("a", "b"):
        held = desk.ledger.hold("film", job, "no answer to the submit")
        assert held
        assert not held.may_spend
    assert desk.account() == (800, 0)
    billed = desk.ledger.resolve_hold("film", "a", charge(3), by="mia", note="on the invoice")
    unbilled = desk.ledger.resolve_hold("film", "b", None, by="mia")
    assert billed
    assert unbilled
    assert (billed.state, billed.resolved_by, billed.note) == ("settled", "mia", "on the invoice")
    assert (unbilled.state, unbilled.resolved_by) == ("released", "mia")
    assert desk.account() == (0, 300)
    desk.ledger.resolve_hold("film", "a", None, by="tom")  # answered already
    assert desk.account() == (0, 300)


def test_only_open_questions_can_be_resolved(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 4))
    for job in ("a", "never-seen"):
        with pytest.raises(NothingHeld, match=job):
            desk.ledger.resolve_hold("film", job, None, by="mia")


def test_booking_money_that_was_never_reserved_is_our_own_fault(desk: Desk) -> None:
    with pytest.raises(NotReserved):
        desk.ledger.settle("film", "ghost", charge(1))
    assert desk.ledger.release("film", "ghost") is None  # cancelled before it asked for any


def test_a_batch_sets_its_money_aside_at_once_and_its_clips_draw_from_it(desk: Desk) -> None:
    hold = desk.ledger.hold_batch(FILM, "run-1", 8_000_000, approved_by="mia")
    assert hold.open
    with pytest.raises(BudgetExceeded):
        desk.ledger.hold_batch(FILM, "run-2", 3_000_000)
    entry = desk.ledger.reserve(attempt("a", 4))
    assert entry.approved_by == "mia"
    assert desk.account() == (800, 0)
    desk.ledger.settle("film", "a", charge(3))  # what it did not need is its batch's again
    assert desk.account() == (500, 300)
    desk.ledger.reserve(attempt("b", 6))  # 5 from the batch, 1 from the month
    assert desk.account() == (600, 300)
    desk.ledger.release("film", "b")
    desk.ledger.close_batch("film", "run-1")
    desk.ledger.close_batch("film", "run-1")
    assert desk.account() == (0, 300)
    assert not desk.ledger.hold_batch(FILM, "run-1", 8_000_000).open


def test_an_attempt_that_outlives_its_batch_keeps_its_own_money(desk: Desk) -> None:
    desk.ledger.hold_batch(FILM, "run-1", 8_000_000)
    desk.ledger.reserve(attempt("a", 5))
    desk.ledger.close_batch("film", "run-1")
    assert desk.account() == (500, 0)
    desk.ledger.settle("film", "a", charge(4))
    assert desk.account() == (0, 400)


def test_a_batch_that_was_held_in_november_is_paid_by_november(desk: Desk) -> None:
    desk.ledger.hold_batch(FILM, "run-1", 8_000_000)
    desk.now = datetime(2026, 12, 2, tzinfo=UTC)
    entry = desk.ledger.reserve(attempt("a", 4))
    assert entry.month == "2026-11"
    assert desk.ledger.hold_batch(FILM, "run-1", 8_000_000).month == "2026-11"


def test_each_mark_of_the_budget_is_told_once(desk: Desk) -> None:
    for number in range(10):
        desk.ledger.reserve(attempt(f"j{number}", 1))
        desk.ledger.release("film", f"j{number - 1}")
        desk.ledger.settle("film", f"j{number}", charge(1))
    desk.ledger.settle("film", "j3", charge(1))
    assert [warning.percents for warning in desk.warnings] == [(50,), (80,), (100,)]


def test_a_raised_budget_is_warned_of_anew_a_reached_mark_is_not(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 9))
    desk.budget(15)
    desk.ledger.reserve(attempt("b", 1))
    desk.ledger.reserve(attempt("c", 2))
    assert [warning.percents for warning in desk.warnings] == [(50, 80), (80,)]


def test_a_warning_that_was_lost_is_told_again(desk: Desk) -> None:
    lost: list[BudgetWarning] = []

    def fails(warning: BudgetWarning) -> None:
        lost.append(warning)
        raise ConnectionError

    working = desk.ledger
    desk.ledger = type(working)(store=desk.store, warn=fails, now=lambda: desk.now)
    with pytest.raises(ConnectionError):
        desk.ledger.reserve(attempt("a", 6))
    assert desk.account() == (600, 0)  # the money is set aside all the same
    working.warn_again("film", "2026-11")
    working.warn_again("film", "2026-11")
    assert [warning.percents for warning in desk.warnings] == [(50,)]


def test_lowering_the_budget_stops_what_is_new_and_keeps_what_runs(desk: Desk) -> None:
    desk.ledger.reserve(attempt("a", 8))
    desk.budget(5)
    with pytest.raises(BudgetExceeded):
        desk.ledger.reserve(attempt("b", 1))
    desk.ledger.settle("film", "a", charge(8))
    assert desk.account() == (0, 800)


def test_projects_are_listed_and_kept_apart(desk: Desk) -> None:
    other = desk.store.save_project(desk.budget(10).changed(name="a-film", version=0))
    desk.ledger.reserve(attempt("a", 4).model_copy(update={"project_id": "a-film"}))
    assert [project.name for project in desk.store.projects()] == ["a-film", "film"]
    assert desk.store.project("a-film") == other
    assert desk.store.accounts("film") == []
    with pytest.raises(Conflict):
        desk.store.save_project(other.changed(version=0))


def test_a_twin_that_was_faster_took_the_money_for_both() -> None:
    store = UnreliableLedger()
    desk = Desk(store)
    desk.budget(5)
    store.meanwhile_at = "read"
    store.meanwhile = lambda: desk.ledger.reserve(attempt("a", 4))
    assert desk.ledger.reserve(attempt("a", 4)).may_spend
    store.meanwhile = lambda: desk.ledger.hold_batch(FILM, "run-1", 1_000_000)
    assert desk.ledger.hold_batch(FILM, "run-1", 1_000_000).open
    assert desk.account() == (500, 0)
