"""`Gateway` of the jobs engine over a provider: from a job's row to calls, and from files to S3."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.catalog.catalog import load_catalog
from shared.clip import ObjectRef
from shared.errors import InvalidInput
from shared.jobs.job import Job
from shared.jobs.outcome import Outcome, Reading, SubmitReading
from shared.jobs.ports import Down, ResultUnusable
from shared.jobs.request import MediaInput, VideoRequest
from shared.keys import job_result_key
from shared.ports import ObjectStore
from shared.providers.contract import JobRef
from shared.providers.provider import Provider
from shared.providers.refusals import refused

Presign = Callable[[ObjectRef], str | None]
CallbackUrl = Callable[[Job], str | None]


class ProviderGateway:
    """One provider's jobs.

    Parameters
    ----------
    presign : makes an address from which the provider may fetch an input file; None where nobody
        can, and the file travels inside the request.
    callback_url : where the provider may tell us that it is done; None where nobody listens.
    """

    def __init__(
        self,
        provider: Provider,
        objects: ObjectStore,
        work_bucket: str,
        *,
        presign: Presign,
        callback_url: CallbackUrl = lambda _: None,
    ) -> None:
        self._provider = provider
        self._objects = objects
        self._work = work_bucket
        self._presign = presign
        self._callback_url = callback_url

    def submit(self, job: Job) -> SubmitReading:
        try:
            return self._provider.submit(
                self._filled(job),
                model=_vendor_model(job),
                reference=job.job_id,
                callback_url=self._callback_url(job),
            )
        except InvalidInput as error:  # nothing was sent
            return refused(Outcome.FAILED, error.message)

    def poll(self, job: Job) -> Reading | Down | None:
        return self._provider.look(self._ref(job))

    def cancel(self, job: Job) -> bool | None:
        return self._provider.stop(self._ref(job))

    def lookup(self, job: Job) -> SubmitReading | None:
        return self._provider.lookup(self._ref(job))

    def fetch(self, job: Job) -> ObjectRef:
        if not job.outputs:
            raise ResultUnusable(f"{job.provider} says that it is done and names no file")
        with TemporaryDirectory() as scratch:
            path = Path(scratch) / "result.mp4"
            self._provider.fetch(self._ref(job), job.outputs[0], path)
            return self._objects.upload(
                self._work, job_result_key(job.job_id), path, content_type="video/mp4"
            )

    def poll_delay_sec(self, job: Job) -> int:
        return max(1, round(self._provider.poll_delay_sec(job.steps)))

    def _ref(self, job: Job) -> JobRef:
        return self._provider.ref(
            job.provider_job_id,
            _vendor_model(job),
            reference=job.job_id,
            operation=job.request.operation,
            poll_url=job.poll_url,
            cancel_url=job.cancel_url,
        )

    def _filled(self, job: Job) -> VideoRequest:
        """The request with its files: by address, and by their bytes where the provider asks."""
        files = {name: self._file(job, name) for name in job.inputs}
        return job.request.model_copy(update=files)

    def _file(self, job: Job, name: str) -> MediaInput:
        ref = job.inputs[name]
        item: MediaInput = getattr(job.request, name)
        item = item.model_copy(update={"url": self._presign(ref), "size_bytes": ref.size})
        if self._provider.declaration.wants_bytes(item):
            return item.model_copy(update={"data": self._objects.read(ref)})
        return item


def _vendor_model(job: Job) -> str:
    """What the vendor calls the candidate's model."""
    row = load_catalog().find(job.request.model)
    return row.provider_model if row else ""
