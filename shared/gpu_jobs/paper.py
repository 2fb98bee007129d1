"""From a job's row to the document that its runner is given."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.catalog.catalog import load_catalog
from shared.catalog.model import ModelRow
from shared.clip import Deviation, ObjectRef
from shared.errors import InvalidInput
from shared.gpu_jobs.decide import decide
from shared.gpu_jobs.document import Addresses, Callback, GpuJob, InputFile
from shared.gpu_jobs.gpu import gpu_class_for
from shared.jobs.job import Job
from shared.keys import job_report_key, job_result_key

PresignGet = Callable[[ObjectRef], str]
PresignPut = Callable[[str, str, str], str]
"""Bucket, key, content type."""

VIDEO, JSON = "video/mp4", "application/json"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Writes job documents.

    Parameters
    ----------
    callback : where and with which key the runner of a job speaks to us; None where nobody listens.
    gpus : the classes of GPU that there are; all by default.
    """

    work_bucket: str
    presign_get: PresignGet
    presign_put: PresignPut
    callback: Callable[[Job], Callback | None] = lambda _: None
    gpus: tuple[str, ...] | None = None

    def document(self, job: Job) -> GpuJob:
        """The whole document, with fresh addresses.

        Raises
        ------
        InvalidInput : the model cannot make it; says why.
        """
        row = _row(job)
        decided = decide(job, row)
        return GpuJob(
            job_id=job.job_id,
            model=row.id,
            repo=row.provider_model,
            revision=row.revision,
            gpu_class=gpu_class_for(job, row, self.gpus),
            settings=decided.settings,
            target=decided.target,
            inputs={name: self._input(job, name) for name in job.inputs},
            addresses=self.addresses(job),
            callback=self.callback(job),
            deadline_at=job.rescue_until,
            deviations=decided.deviations,
        )

    def addresses(self, job: Job) -> Addresses:
        """Fresh addresses for the job's files."""
        report = job_report_key(job.job_id)
        return Addresses(
            inputs={name: self.presign_get(ref) for name, ref in job.inputs.items()},
            result=self.presign_put(self.work_bucket, job_result_key(job.job_id), VIDEO),
            report=self.presign_put(self.work_bucket, report, JSON),
            report_there=self.presign_get(ObjectRef(bucket=self.work_bucket, key=report)),
        )

    def _input(self, job: Job, name: str) -> InputFile:
        media = getattr(job.request, name)
        return InputFile(
            sha256=media.sha256,
            size_bytes=job.inputs[name].size,
            content_type=media.content_type,
        )


def decided_deviations(job: Job) -> tuple[Deviation, ...]:
    """What had to change already on our side."""
    return decide(job, _row(job)).deviations


def _row(job: Job) -> ModelRow:
    row = load_catalog().find(job.request.model)
    if row is None:
        raise InvalidInput(f"the catalogue no longer has `{job.request.model}`")
    return row
