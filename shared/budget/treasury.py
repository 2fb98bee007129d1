"""The ledger as the jobs engine sees it: one call before an attempt, one after it."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.budget.entry import Attempt, Charge, PriceUsed, best_charge
from shared.budget.ledger import Ledger
from shared.budget.money import MicroUsd, micro_usd
from shared.clip import Document
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, Ending, JobState
from shared.ports import Conflict


class JobPrice(Document):
    """What a job is expected to cost, what is set aside for it, and by which price row."""

    expected: MicroUsd
    ceiling: MicroUsd
    price: PriceUsed | None = None


def priced_by_its_estimate(job: Job) -> JobPrice:
    """The price that the job's row names."""
    amount = micro_usd(job.estimate_usd)
    return JobPrice(expected=amount, ceiling=amount)


def nothing_measured(_job: Job) -> MicroUsd | None:
    """Engines that tell no GPU seconds."""
    return None


@dataclass(frozen=True, kw_only=True)
class LedgerTreasury:
    """`Treasury` of the jobs engine. Every call may be repeated.

    Parameters
    ----------
    price_of : what a job is expected to cost, from the catalogue.
    measured_of : what the GPU seconds of a job cost, where they are known.
    """

    ledger: Ledger
    price_of: Callable[[Job], JobPrice] = priced_by_its_estimate
    measured_of: Callable[[Job], MicroUsd | None] = nothing_measured

    def reserve(self, job: Job) -> None:
        """Set the job's money aside.

        Raises
        ------
        BudgetExceeded : the month does not hold it.
        Conflict : the job is past its reservation, so somebody else has moved it: nothing may be
            sent by this step.
        """
        price = self.price_of(job)
        entry = self.ledger.reserve(
            Attempt(
                project_id=job.project_id,
                batch_id=job.batch_id,
                run_id=job.run_id,
                stem=job.stem,
                job_id=job.job_id,
                provider=job.provider,
                model=job.candidate,
                estimate=price.expected,
                reserved=price.ceiling,
                price=price.price,
            )
        )
        if not entry.may_spend:
            raise Conflict(f"the money of job {job.job_id} is {entry.state.value} by now")

    def close(self, job: Job) -> None:
        """Book the job's ending: settled if billed, released if not, held if nobody knows."""
        name, ending = job.project_id, job.ending
        if job.state is JobState.SUBMIT_UNKNOWN:
            self.ledger.hold(name, job.job_id, job.note)
        elif ending is None:
            return
        elif ending.billed is Billed.YES:
            self.ledger.settle(name, job.job_id, self._charge(job, ending))
        elif ending.billed is Billed.NO:
            self.ledger.release(name, job.job_id, ending.message)
        else:
            self.ledger.hold(name, job.job_id, ending.message)

    def _charge(self, job: Job, ending: Ending) -> Charge:
        entry = self.ledger.store.entry(job.project_id, job.job_id)
        known = None if ending.cost_usd is None else micro_usd(ending.cost_usd)
        return best_charge(
            reported=None if ending.measured else known,
            measured=known if ending.measured else self.measured_of(job),
            # what the money was set aside for, whatever the price list says by now
            estimate=entry.estimate if entry else self.price_of(job).expected,
        )
