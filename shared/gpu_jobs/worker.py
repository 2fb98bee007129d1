"""Engine `worker`: your own GPU box pulls its jobs from a queue.

Sending is harmless to repeat, for whoever takes a job must claim it first, and only one can. So an
unclear answer of the queue is answered by sending again, and nothing is ever held in doubt.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from shared.errors import InvalidInput, Transient
from shared.gpu_jobs.gateway import OwnGpus
from shared.gpu_jobs.reading import stopped_early
from shared.jobs.job import Job
from shared.jobs.outcome import Outcome, Reading, SubmitReading
from shared.providers.refusals import refused

WORKER = "worker"
SEND_AGAIN_SEC = 15.0


class WorkerQueues(Protocol):
    """The queues that workers pull from, one a class of GPU."""

    def send(self, gpu_class: str, message: str) -> None:
        """Queue a document.

        Raises
        ------
        InvalidInput : there is no queue for that class here.
        Transient : it was perhaps not queued.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class WorkerGateway(OwnGpus):
    """Jobs for workers. `usd_per_hour` is what your own box costs; nothing, unless you say so."""

    queues: WorkerQueues
    usd_per_hour: Decimal = Decimal(0)

    def submit(self, job: Job) -> SubmitReading:
        try:
            document = self.paper.document(job)
            self.queues.send(document.gpu_class, document.message())
        except InvalidInput as error:
            return refused(Outcome.FAILED, error.message)
        except Transient as error:
            return refused(
                Outcome.FAILED, error.message, retryable=True, retry_after_sec=SEND_AGAIN_SEC
            )
        return SubmitReading(job_id=job.job_id)

    def lookup(self, job: Job) -> SubmitReading | None:
        """Nobody knows whether it was sent: send it (again)."""
        return self.submit(job)

    def poll(self, job: Job) -> Reading | None:
        reading = self.read(job)
        if reading.ending is None and job.cancel_requested and not self._taken(job):
            return stopped_early()
        return reading

    def cancel(self, job: Job) -> bool | None:
        """Whoever runs it is told when it speaks next; whoever takes it later, at once."""
        return True

    def usd_per_second(self, job: Job, gpu: str) -> Decimal:
        del job, gpu
        return self.usd_per_hour / 3600

    def _taken(self, job: Job) -> bool:
        record = self.records.record(job.job_id)
        return record is not None and record.held(self.now())
