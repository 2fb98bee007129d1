"""What both of our engines share behind the jobs engine's `Gateway`: reading, fetching, pacing."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from pydantic import ValidationError

from shared.clip import ObjectRef
from shared.errors import Transient
from shared.gpu_jobs.paper import Paper
from shared.gpu_jobs.reading import given_up, read_record, read_report, unreadable
from shared.gpu_jobs.record import GpuRecord
from shared.gpu_jobs.report import Report
from shared.jobs.job import Job
from shared.jobs.outcome import Reading, SubmitReading
from shared.jobs.ports import Down, ResultUnusable
from shared.keys import job_report_key, job_result_key
from shared.ports import Conflict, ObjectStore
from shared.providers.contract import Pace


class Records(Protocol):
    """Rows of what was heard of jobs, with optimistic locking."""

    def record(self, job_id: str) -> GpuRecord | None: ...

    def save_record(self, record: GpuRecord) -> GpuRecord:
        """Write the row if its version is still the stored one; `Conflict` otherwise."""
        ...


PACE = Pace(first_sec=5.0, growth=1.4, most_sec=120.0)
"""A runner's last word brings the next look forward, so waiting costs little."""


@dataclass(frozen=True, kw_only=True)
class OwnGpus(ABC):
    """One engine of ours."""

    paper: Paper
    records: Records
    objects: ObjectStore
    now: Callable[[], float] = time.time

    @abstractmethod
    def submit(self, job: Job) -> SubmitReading: ...

    @abstractmethod
    def cancel(self, job: Job) -> bool | None: ...

    @abstractmethod
    def lookup(self, job: Job) -> SubmitReading | None: ...

    @abstractmethod
    def poll(self, job: Job) -> Reading | Down | None: ...

    @abstractmethod
    def usd_per_second(self, job: Job, gpu: str) -> Decimal:
        """What a second of the GPU costs that the job ran on."""

    def read(self, job: Job) -> Reading:
        """How the job stands by what its runners wrote and said."""
        record = self.records.record(job.job_id)
        try:
            report = self.report(job)
        except ValidationError as error:
            return unreadable(str(error.errors()[0]["msg"]), self.cost(job, record, None))
        if report is not None:
            return read_report(report, self.cost(job, record, report))
        self._sign_if_wanted(job, record)
        if record is not None and record.given_up(self.now()):
            return given_up(record, self.cost(job, record, None))
        return read_record(record)

    def _sign_if_wanted(self, job: Job, record: GpuRecord | None) -> None:
        """Put fresh addresses where the runner finds them."""
        if record is None or not record.wants_addresses:
            return
        signed = {
            "wants_addresses": False,
            "addresses": self.paper.addresses(job),
            "signed_at": self.now(),
        }
        with suppress(Conflict):  # the runner spoke meanwhile, and will ask again
            self.records.save_record(record.model_copy(update=signed))

    def report(self, job: Job) -> Report | None:
        """How it ended, if it has.

        Raises
        ------
        pydantic.ValidationError : what lies there is no report.
        """
        ref = ObjectRef(bucket=self.paper.work_bucket, key=job_report_key(job.job_id))
        try:
            return Report.model_validate_json(self.objects.read(ref))
        except FileNotFoundError:
            return None

    def cost(self, job: Job, record: GpuRecord | None, report: Report | None) -> float:
        """US dollars for every GPU second that is known of, those of broken-off runs included."""
        seconds, gpu = 0.0, ""
        if record is not None:
            seconds, gpu = record.lost_gpu_seconds, record.gpu
            if report is None:
                seconds += record.gpu_seconds
        if report is not None:
            seconds, gpu = seconds + report.gpu_seconds, report.gpu or gpu
        return float(Decimal(str(seconds)) * self.usd_per_second(job, gpu))

    def fetch(self, job: Job) -> ObjectRef:
        """The result lies in the work bucket already: see that it is what was reported."""
        key = job_result_key(job.job_id)
        head = self.objects.head(self.paper.work_bucket, key)
        report = self.report(job)
        if report is None or report.made is None:
            raise Transient(f"the report of job {job.job_id} is not there yet")
        if head is None:
            raise ResultUnusable("the run ended well, but its result is not there")
        if head.ref.size != report.made.size_bytes:
            raise ResultUnusable(
                f"the result has {head.ref.size:,} bytes, and the run reported "
                f"{report.made.size_bytes:,}"
            )
        return head.ref

    def poll_delay_sec(self, job: Job) -> int:
        return round(PACE.delay_sec(job.steps))
