"""`Desk` of the jobs engine: the jobs queue, waiting tasks, progress, and rescued clips."""

from contextlib import suppress

from shared.aws.jobs import JobsQueue, Tasks
from shared.batch import ClipStatus
from shared.errors import JobBroughtNothing
from shared.jobs.job import Job, Waiter
from shared.jobs.outcome import JobState
from shared.keys import Folder, parse_drop_key
from shared.pipeline.services import Services
from shared.pipeline.status import write_status
from shared.ports import Conflict, DropQueue
from shared.state import RunRow


class JobDesk:
    """Who is told how a job goes. Made anew for each step: it reads a run's row once."""

    def __init__(
        self, services: Services, queue: JobsQueue, tasks: Tasks, drops: DropQueue
    ) -> None:
        self._services = services
        self._queue = queue
        self._tasks = tasks
        self._drops = drops
        self._runs: dict[str, RunRow | None] = {}

    def again(self, job_id: str, delay_sec: int) -> None:
        self._queue.send(job_id, delay_sec)

    def tell(self, job: Job) -> None:
        for waiter in job.waiters:
            self._tell(job, waiter)

    def _tell(self, job: Job, waiter: Waiter) -> None:
        """A clip that is there is finished; whatever else ends the wait is for RouteClip.

        So is one that came when its run had been stopped: RouteClip says that it is there.
        """
        if job.state is JobState.SUCCEEDED and not self._is_stopped(waiter):
            answer = {"job": {"job_id": job.job_id, "state": job.state.value}}
            self._tasks.tell(waiter.token, answer)
        else:
            self._tasks.fail(waiter.token, JobBroughtNothing(_why(job)))

    def alive(self, job: Job) -> None:
        for waiter in job.waiters:
            if self._is_stopped(waiter):
                self._tell(job, waiter)  # RouteClip finds the run cancelled, and ends the clip
            else:
                self._tasks.heartbeat(waiter.token)
        self._show_progress(job)

    def wanted(self, job: Job) -> bool:
        """Waiters of runs that are over count neither way; without a CANCEL a job is wanted."""
        own = (Waiter(token="", since="", run_id=job.run_id, manifest_key=_manifest_key(job)),)
        waiters = [each for each in job.waiters if each.run_id] or own
        if not any(self._is_stopped(each) for each in waiters):
            return True
        return any(self._is_going_on(each) for each in waiters)

    def _is_stopped(self, waiter: Waiter) -> bool:
        row = self._run(waiter)
        return row is not None and row.cancel_requested

    def _is_going_on(self, waiter: Waiter) -> bool:
        row = self._run(waiter)
        return row is not None and not row.cancel_requested and not row.state.ended

    def _run(self, waiter: Waiter) -> RunRow | None:
        """The run that a waiter belongs to; None when nobody knows, or another has replaced it."""
        drop = parse_drop_key(waiter.manifest_key)
        if drop is None:
            return None
        if waiter.manifest_key not in self._runs:
            row = self._services.rows.run(drop.folder, drop.relative)
            self._runs[waiter.manifest_key] = row
        row = self._runs[waiter.manifest_key]
        return row if row is not None and row.run_id == waiter.run_id else None

    def rescued(self, job: Job) -> None:
        """Drop the manifest again: the new run finds the paid clip by its content."""
        if job.manifest is not None:
            self._drops.drop_again(job.manifest, retake=job.run_id)

    def _show_progress(self, job: Job) -> None:
        folder = Folder(job.project_id, job.batch_id)
        row = self._services.rows.clip(folder, job.run_id, job.stem)
        if row is None or row.status is not ClipStatus.GENERATING:
            return
        told = (row.result.progress_percent, row.result.progress_text)
        if told != (job.progress_percent, job.progress_text):
            news = {"progress_percent": job.progress_percent, "progress_text": job.progress_text}
            with suppress(Conflict):  # the clip has moved on: its own news are newer
                self._services.rows.save_clip(row.moved(row.status, **news))
        write_status(self._services, folder)


def _why(job: Job) -> str:
    said = job.ending.message if job.ending else job.note
    return f"job {job.job_id} is {job.state.value}: {said}".rstrip(": ")


def _manifest_key(job: Job) -> str:
    return job.manifest.key if job.manifest else ""
