"""What the jobs engine makes of a job's record and report."""

from shared.gpu_jobs.record import MOST_CLAIMS, GpuRecord
from shared.gpu_jobs.report import Report, RunOutcome
from shared.jobs.outcome import Billed, Ending, Outcome, Reading

BEFORE_DONE = 89
"""The engine counts 90 as "the file is on its way"."""


def read_report(report: Report, cost_usd: float) -> Reading:
    """The end that a report tells of. Seconds of our own GPUs are paid whatever came of them."""
    outcome = {
        RunOutcome.SUCCEEDED: Outcome.SUCCEEDED,
        RunOutcome.CANCELLED: Outcome.CANCELLED,
    }.get(report.outcome, Outcome.FAILED)
    return Reading(
        ending=Ending(
            outcome=outcome,
            billed=Billed.YES,
            retryable=report.retryable,
            message=report.message,
            cost_usd=cost_usd,
            measured=True,
        ),
        outputs=("report",) if outcome is Outcome.SUCCEEDED else (),
        progress_percent=100,
        provider_status=report.outcome.value,
    )


def read_record(record: GpuRecord | None) -> Reading:
    """How far it is; without a record it still waits for a runner."""
    if record is None:
        return Reading(progress_percent=0, provider_status="waiting for a GPU")
    return Reading(
        progress_percent=min(record.percent, BEFORE_DONE), provider_status=record.stage.value
    )


def given_up(record: GpuRecord, cost_usd: float) -> Reading:
    """It ended all of its runners."""
    message = (
        f"{MOST_CLAIMS} runners in turn took the job and were never heard of again "
        f"(last at {record.stage.value}, on {record.gpu or 'a GPU that it did not name'})"
    )
    return Reading(
        ending=Ending(
            outcome=Outcome.FAILED,
            billed=Billed.YES,
            retryable=False,
            message=message,
            cost_usd=cost_usd,
            measured=True,
        ),
        provider_status="given up",
    )


def stopped_early() -> Reading:
    """Cancelled before anybody took it."""
    return Reading(
        ending=Ending(
            outcome=Outcome.CANCELLED,
            billed=Billed.NO,
            retryable=True,
            message="cancelled before a GPU took it",
        ),
        provider_status="cancelled",
    )


def unreadable(why: str, cost_usd: float) -> Reading:
    """There is a report, and it is none."""
    return Reading(
        ending=Ending(
            outcome=Outcome.FAILED,
            billed=Billed.YES,
            retryable=False,
            message=f"the run's report cannot be read: {why}",
            cost_usd=cost_usd,
            measured=True,
        ),
        provider_status="unreadable",
    )
