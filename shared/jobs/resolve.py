"""A person's answer to the one question that the engine never answers itself: did it run?

Each is a pure change of a job that is `SUBMIT_UNKNOWN`; the engine does the rest at the next look.
"""

from datetime import datetime, timedelta

from shared.budget.money import micro_usd
from shared.errors import InvalidInput
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, Ending, JobState, Outcome

ANOTHER_LOOK = timedelta(hours=1)


def found_at_provider(job: Job, provider_job_id: str, now: datetime) -> Job:
    """It runs, or ran, under this id: it is polled again, for an hour at least."""
    _must_be_open(job)
    if not provider_job_id.strip() or not provider_job_id.isprintable():
        raise InvalidInput(f"the id that {job.provider} gave the job cannot be {provider_job_id!r}")
    until = max(datetime.fromisoformat(job.rescue_until), now + ANOTHER_LOOK).isoformat()
    return job.moved(
        JobState.RUNNING,
        provider_job_id=provider_job_id.strip(),
        deadline_at=until,
        rescue_until=until,
        note=f"{job.note}; found by a person",
    )


def never_ran(job: Job, by: str) -> Job:
    """The provider has no such job: nothing is owed, and another attempt may be made."""
    _must_be_open(job)
    return _ended(job, Billed.NO, None, f"{by} knows that {job.provider} never ran it")


def charged_for_nothing(job: Job, cost_usd: float, by: str) -> Job:
    """It was charged, and no clip can be had: the money is booked."""
    _must_be_open(job)
    try:
        micro_usd(cost_usd)
    except ValueError as error:
        raise InvalidInput(f"a charge is an amount in dollars: {error}") from error
    return _ended(job, Billed.YES, cost_usd, f"{by} knows that {job.provider} charged for it")


def _ended(job: Job, billed: Billed, cost_usd: float | None, message: str) -> Job:
    ending = Ending(
        outcome=Outcome.FAILED,
        billed=billed,
        retryable=billed is Billed.NO,
        message=message,
        cost_usd=cost_usd,
    )
    return job.moved(JobState.FAILED, ending=ending, refusals=job.submits)


def _must_be_open(job: Job) -> None:
    if job.state is not JobState.SUBMIT_UNKNOWN:
        raise InvalidInput(
            f"job {job.job_id} is {job.state.value}: only SUBMIT_UNKNOWN waits for an answer"
        )
