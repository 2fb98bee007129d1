"""What the jobs engine needs from the outside world."""

from datetime import datetime
from typing import NamedTuple, Protocol

from shared.clip import ObjectRef
from shared.errors import DropreelError, Transient
from shared.jobs.breaker import Contact
from shared.jobs.job import Job
from shared.jobs.outcome import Reading, SubmitReading


class ResultExpired(Transient):
    """The address of the result is no longer good: ask the provider for a fresh one."""


class ResultUnusable(DropreelError):
    """What the provider handed over is no video, too large, or not where results may lie."""


class Down(NamedTuple):
    """The provider could not be asked, because it is not there or broke down."""

    reason: str


class JobStore(Protocol):
    """Rows of jobs, with optimistic locking."""

    def job(self, job_id: str) -> Job | None: ...

    def save_job(self, job: Job) -> Job:
        """Write the row if its version is still the stored one; `Conflict` otherwise."""
        ...

    def open_jobs(self) -> list[str]:
        """Ids of all jobs that have not come to their last end, rescue included."""
        ...

    def close_job(self, job_id: str) -> None:
        """The job has come to its last end: nobody needs to look after it any more."""
        ...


class Gateway(Protocol):
    """One engine: a provider's API, Modal, or a worker queue. Never retries a submit."""

    def submit(self, job: Job) -> SubmitReading:
        """Send the job once. Whatever happens is an answer; it raises for our own mistakes only."""
        ...

    def poll(self, job: Job) -> Reading | Down | None:
        """How the job is doing; `Down` or None when nobody could be asked just now."""
        ...

    def cancel(self, job: Job) -> bool | None:
        """Ask to stop; was it heard? None where there is no way to ask."""
        ...

    def lookup(self, job: Job) -> SubmitReading | None:
        """Was this job ever accepted? None when the provider cannot be asked that."""
        ...

    def fetch(self, job: Job) -> ObjectRef:
        """Copy the result into the work bucket.

        Raises
        ------
        ResultExpired, ResultUnusable, Transient
        """
        ...

    def poll_delay_sec(self, job: Job) -> int:
        """Seconds until the next look, growing with the job's age."""
        ...


class Slots(Protocol):
    """Caps across all batches: how many jobs a provider may run, and how fast they may start."""

    def take(self, provider: str, job_id: str, now: datetime) -> bool:
        """A lease for the job, or False; taking it again renews it."""
        ...

    def give_back(self, provider: str, job_id: str) -> None: ...


class Breakers(Protocol):
    """Circuit breakers across all batches; see `shared/jobs/breaker.py`."""

    def wait_sec(self, provider: str, job_id: str, now: datetime) -> float:
        """How long the job must wait, because its provider is paused; 0 when it need not."""
        ...

    def may_send(self, provider: str, job_id: str, now: datetime) -> bool:
        """Asked last, before a job is sent: of a provider on trial only one job may."""
        ...

    def failed(self, provider: str, contact: Contact, reason: str, now: datetime) -> None: ...

    def answered(self, provider: str, contact: Contact) -> None: ...


class Treasury(Protocol):
    """The ledger as jobs see it. Every call may be repeated."""

    def reserve(self, job: Job) -> None:
        """Set the job's estimate aside; raises `BudgetExceeded`."""
        ...

    def close(self, job: Job) -> None:
        """Book the job's ending: settled, released, or held where nobody knows."""
        ...


class Desk(Protocol):
    """Who is told, and what is queued."""

    def again(self, job_id: str, delay_sec: int) -> None:
        """Look at the job again after the delay."""
        ...

    def tell(self, job: Job) -> None:
        """Tell every waiter how the job ended; telling twice changes nothing."""
        ...

    def alive(self, job: Job) -> None:
        """Tell every waiter that the job goes on (heartbeat), and show its progress.

        Those whose run was stopped are told to wait no longer.
        """
        ...

    def wanted(self, job: Job) -> bool:
        """Does any run still want the clip? No, when CANCEL was dropped for all that did."""
        ...

    def rescued(self, job: Job) -> None:
        """A job succeeded after its clip had given up: let the clip be finished. Repeatable."""
        ...
