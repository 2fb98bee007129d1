"""The ledger behind the jobs engine."""

from typing import Any

import pytest

from shared.budget.entry import CostSource
from shared.budget.errors import BudgetExceeded, PriceUnknown
from shared.budget.memory import MemoryLedger
from shared.budget.prices import catalogue_price
from shared.budget.treasury import JobPrice, LedgerTreasury
from shared.clip import Operation
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.jobs.ports import Treasury
from shared.jobs.request import VideoRequest
from shared.ports import Conflict
from tests.budget.desk import PRICE, Desk


def job(**more: Any) -> Job:
    return Job(
        **{
            "job_id": "a",
            "project_id": "film",
            "batch_id": "day-1",
            "run_id": "run-1",
            "stem": "img_001",
            "clip_key": "c",
            "candidate": "acme/one",
            "provider": "acme",
            "request": VideoRequest(operation=Operation.IMAGE_TO_VIDEO, model="acme/one"),
            "estimate_usd": 0.5,
            "created_at": "2026-11-30T10:00:00+00:00",
            "deadline_at": "2026-11-30T10:10:00+00:00",
            "rescue_until": "2026-11-30T16:10:00+00:00",
            **more,
        }
    )


def ended(billed: Billed, *, cost_usd: float | None = None, **more: Any) -> Job:
    ending = Ending(outcome=Outcome.FAILED, billed=billed, retryable=False, cost_usd=cost_usd)
    return job(state=JobState.FAILED, ending=ending, **more)


@pytest.fixture
def desk() -> Desk:
    desk = Desk(MemoryLedger())
    desk.budget(1)
    return desk


@pytest.fixture
def treasury(desk: Desk) -> Treasury:
    return LedgerTreasury(ledger=desk.ledger)


def test_the_estimate_is_set_aside_before_and_booked_after(desk: Desk, treasury: Treasury) -> None:
    treasury.reserve(job())
    treasury.reserve(job())
    assert desk.account() == (50, 0)
    with pytest.raises(BudgetExceeded):
        treasury.reserve(job(job_id="b", estimate_usd=0.6))
    treasury.close(ended(Billed.YES))
    assert desk.account() == (0, 50)


def test_a_failure_that_was_billed_counts_at_what_the_provider_reports(
    desk: Desk, treasury: Treasury
) -> None:
    treasury.reserve(job())
    treasury.close(ended(Billed.YES, cost_usd=0.21))
    entry = desk.store.entry("film", "a")
    assert entry
    assert (entry.actual, entry.cost_source) == (210_000, CostSource.PROVIDER_REPORTED)


def test_what_was_not_billed_is_free_again(desk: Desk, treasury: Treasury) -> None:
    treasury.reserve(job())
    treasury.close(ended(Billed.NO))
    assert desk.account() == (0, 0)
    treasury.close(ended(Billed.NO, job_id="never-reserved"))


def test_an_unknown_submit_and_a_time_out_keep_their_money(desk: Desk, treasury: Treasury) -> None:
    treasury.reserve(job())
    treasury.close(job(state=JobState.SUBMIT_UNKNOWN))
    treasury.reserve(job(job_id="b"))
    treasury.close(ended(Billed.UNKNOWN, job_id="b"))
    assert desk.account() == (100, 0)
    with pytest.raises(Conflict):
        treasury.reserve(job())
    treasury.close(ended(Billed.YES, job_id="b"))  # the late rescue
    assert desk.account() == (50, 50)


def test_prices_and_gpu_seconds_come_from_those_who_know(desk: Desk) -> None:
    treasury = LedgerTreasury(
        ledger=desk.ledger,
        price_of=lambda _: JobPrice(expected=300_000, ceiling=400_000, price=PRICE),
        measured_of=lambda _: 250_000,
    )
    treasury.reserve(job())
    assert desk.account() == (40, 0)
    treasury.close(ended(Billed.YES))
    entry = desk.store.entry("film", "a")
    assert entry
    assert (entry.estimate, entry.actual) == (300_000, 250_000)
    assert (entry.cost_source, entry.price) == (CostSource.MEASURED_GPU, PRICE)


def test_the_catalogue_names_the_price_row_and_refuses_what_has_none() -> None:
    video = VideoRequest(
        operation=Operation.IMAGE_TO_VIDEO,
        model="fal/kling-v2.5-turbo-std",
        duration_sec=5,
        resolution="720p",
    )
    price = catalogue_price(job(candidate="fal/kling-v2.5-turbo-std@api:fal", request=video))
    assert price.price
    assert price.price.source
    assert 0 < price.expected <= price.ceiling
    assert catalogue_price(job(candidate="own/unlisted", estimate_usd=0.3)).ceiling == 300_000
    with pytest.raises(PriceUnknown, match="unknown price"):
        catalogue_price(job(candidate="own/unlisted", estimate_usd=0))
