"""Engine `modal`: a GPU is rented for as long as the job runs.

The function there is our runner with the same document that a worker gets. Modal keeps the call's
id; the end is read from the report, and from Modal where the run came to no report.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from shared.catalog.catalog import load_catalog
from shared.clip import Document
from shared.errors import InvalidInput
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.gateway import OwnGpus
from shared.gpu_jobs.gpu import gpu_class_for, price_of_gpu, tiers
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, Ending, Outcome, Reading, SubmitReading
from shared.jobs.ports import Down
from shared.providers.refusals import refused

MODAL = "modal"
OF_MODAL = "modal/"
"""How runners at Modal call themselves: this, and the call's id."""


class CallState(StrEnum):
    """`vanished`: Modal no longer knows the call, or its result expired."""

    RUNNING = "running"
    RETURNED = "returned"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    VANISHED = "vanished"
    NOBODY_SAYS = "nobody says"


class CallReading(Document):
    """What Modal says of a call."""

    state: CallState
    message: str = ""


class ModalCalls(Protocol):
    """Modal's client, as far as jobs need it."""

    def spawn(self, document: GpuJob) -> SubmitReading:
        """Start the call, once; whatever happens is an answer."""
        ...

    def look(self, call_id: str) -> CallReading: ...

    def cancel(self, call_id: str) -> bool:
        """Ask for a stop; was it heard?"""
        ...


@dataclass(frozen=True, kw_only=True)
class ModalGateway(OwnGpus):
    """Jobs at Modal."""

    calls: ModalCalls

    def submit(self, job: Job) -> SubmitReading:
        try:
            return self.calls.spawn(self.paper.document(job))
        except InvalidInput as error:  # nothing was sent
            return refused(Outcome.FAILED, error.message)

    def lookup(self, job: Job) -> SubmitReading | None:
        """Modal cannot be asked by our name, but a run that began has told us its own."""
        record = self.records.record(job.job_id)
        if record is None or not record.runner.startswith(OF_MODAL):
            return None
        return SubmitReading(job_id=record.runner.removeprefix(OF_MODAL))

    def poll(self, job: Job) -> Reading | Down | None:
        reading = self.read(job)
        if reading.ending is not None:
            return reading
        said = self.calls.look(job.provider_job_id)
        if said.state is CallState.RUNNING:
            return reading
        if said.state is CallState.NOBODY_SAYS:
            return Down(said.message)
        # The report may have been written between the two looks; and a call that was sent away,
        # because another one has the job, says nothing about that one.
        reading = self.read(job)
        if reading.ending is not None or self._held_by_another(job):
            return reading
        return self._ended(job, said)

    def cancel(self, job: Job) -> bool | None:
        """Modal stops it at once, if it hears; if not, the runner hears it when it speaks next."""
        return self.calls.cancel(job.provider_job_id)

    def usd_per_second(self, job: Job, gpu: str) -> Decimal:
        row = load_catalog().find(job.request.model)
        if row is None:
            return Decimal(0)
        tier = tiers()[gpu_class_for(job, row)]
        return price_of_gpu(tier, gpu).usd_per_hour / 3600

    def _held_by_another(self, job: Job) -> bool:
        record = self.records.record(job.job_id)
        ours = f"{OF_MODAL}{job.provider_job_id}"
        return record is not None and record.runner != ours and record.held(self.now())

    def _ended(self, job: Job, said: CallReading) -> Reading:
        """The run came to an end without a report; what it used is what was last heard."""
        record = self.records.record(job.job_id)
        stopped = job.cancel_requested
        free = stopped and record is None
        ending = Ending(
            outcome=Outcome.CANCELLED if stopped else Outcome.FAILED,
            billed=Billed.NO if free else Billed.YES,
            retryable=said.state is not CallState.TIMED_OUT,
            message=said.message or f"Modal says: {said.state.value}, and there is no report",
            # a run that was never heard of has used what nobody measured: its estimate counts
            cost_usd=None if record is None else self.cost(job, record, None),
            measured=True,
        )
        return Reading(ending=ending, provider_status=said.state.value)
