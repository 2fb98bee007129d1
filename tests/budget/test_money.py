"""Exact money, months, and what people are told about both."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.budget.approval import ask
from shared.budget.memory import MemoryLedger
from shared.budget.money import micro_usd, usd, usd_text
from shared.budget.months import month_of, resets_on
from shared.budget.notices import approval_notice, budget_notices
from shared.budget.project import Project
from shared.budget.spend import By, account_summary, spend_by
from shared.notices import SUBJECT_LIMIT
from tests.budget.desk import FILM, Desk, attempt, charge


@pytest.mark.parametrize(
    ("dollars", "micro"),
    [
        (0, 0),
        (0.1 + 0.2, 300_000),
        ("0.0000001", 1),
        (0.21, 210_000),
        (Decimal("1e3"), 10**9),
        (1.005, 1_005_000),
    ],
)
def test_dollars_become_whole_micro_dollars(dollars: float, micro: int) -> None:
    assert micro_usd(dollars) == micro


@pytest.mark.parametrize("bad", [-0.01, float("nan"), float("inf"), "a lot", ""])
def test_what_is_no_amount_is_refused(bad: float | str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        micro_usd(bad)


@given(st.integers(0, 10**12))
def test_dollars_and_back_lose_nothing(micro: int) -> None:
    assert micro_usd(usd(micro)) == micro
    assert micro_usd(usd_text(micro).removeprefix("USD ").replace(",", "")) == micro


def test_amounts_read_well() -> None:
    assert [usd_text(each) for each in (0, 500_000, 313, 1_234_567_890_000, -2_500_000)] == [
        "USD 0.00",
        "USD 0.50",
        "USD 0.000313",
        "USD 1,234,567.89",
        "USD -2.50",
    ]


def test_a_month_is_a_month_of_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert month_of(datetime(2026, 12, 1, 3, tzinfo=tokyo)) == "2026-11"
    assert resets_on("2026-11") == date(2026, 12, 1)
    assert resets_on("2026-12") == date(2027, 1, 1)
    with pytest.raises(ValueError, match="time zone"):
        month_of(datetime(2026, 12, 1))


def test_a_project_is_checked_when_it_changes() -> None:
    project = Project(name="film", alert_percents=(100, 50, 50))
    assert project.alert_percents == (50, 100)
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        project.changed(monthly_budget=-1)
    with pytest.raises(ValueError, match="above 0"):
        project.changed(alert_percents=(0,))


def test_people_learn_what_waits_what_it_costs_and_how_to_answer() -> None:
    approval = ask(
        FILM,
        "run-1",
        estimate=12_500_000,
        threshold=5_000_000,
        at=datetime(2026, 11, 3, tzinfo=UTC),
        nonce="secret-nonce",
        resume="secret-token",
    )
    lines = [(f"clip {n}", 100_000) for n in range(30)]
    told = approval_notice(approval, lines, {"approve": "https://x/a", "deny": "https://x/d"})
    body = json.loads(told.message)
    assert len(told.subject) < SUBJECT_LIMIT
    assert told.attributes == {
        "type": "needs_approval",
        "project": "film",
        "batch": "day-1",
        "status": "waiting",
    }
    assert body["estimate_usd"] == 12.5
    assert body["breakdown"][0] == {"what": "clip 0", "usd": 0.1}
    assert len(body["breakdown"]) == 20
    assert body["links"] == {"approve": "https://x/a", "deny": "https://x/d"}
    assert "dropreel approve film/day-1" in body["how"]
    assert "secret" not in told.message


def test_marks_and_overruns_are_told_with_the_months_totals() -> None:
    desk = Desk(MemoryLedger())
    desk.budget(10)
    desk.ledger.reserve(attempt("a", 9))
    desk.ledger.settle("film", "a", charge(11))
    first, second = (budget_notices(warning) for warning in desk.warnings)
    assert [notice.attributes["status"] for notice in first] == ["50", "80"]
    assert [notice.attributes["type"] for notice in second] == ["budget_alert", "budget_overrun"]
    body = json.loads(second[1].message)
    assert (body["overrun_usd"], body["spent_usd"], body["status"]) == (2.0, 11.0, "over_budget")
    assert "USD 1.00 over its budget" in body["text"]
    assert "batch" not in second[1].attributes


def test_spending_is_summed_by_what_one_asks_for() -> None:
    desk = Desk(MemoryLedger())
    desk.budget(10)
    desk.ledger.reserve(attempt("a", 2))
    desk.ledger.settle("film", "a", charge(3))
    desk.ledger.reserve(attempt("b", 1, provider="other", model="other/x"))
    desk.ledger.hold("film", "b")
    desk.ledger.reserve(attempt("c", 1))
    desk.ledger.release("film", "c")
    rows = list(desk.store.entries("film", "2026-11"))
    acme, other = (line.to_dict() for line in spend_by(rows, By.PROVIDER))
    assert acme == {
        "name": "acme",
        "attempts": 2,
        "billed": 1,
        "estimated_usd": 2.0,
        "spent_usd": 3.0,
        "off_by_percent": 50.0,
        "reserved_usd": 0.0,
        "unknown_usd": 0.0,
    }
    assert (other["name"], other["unknown_usd"], other["off_by_percent"]) == ("other", 1.0, None)
    assert [line.name for line in spend_by(rows, By.MODEL)] == ["acme/one", "other/x"]
    assert [line.name for line in spend_by(rows, By.MONTH)] == ["2026-11"]
    (account,) = desk.store.accounts("film")
    assert account_summary(account)["free_usd"] == 6.0
