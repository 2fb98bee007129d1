"""`Desk` of the jobs engine: the jobs queue, waiting tasks, progress, and rescued clips."""

from contextlib import suppress

from shared.aws.jobs import JobsQueue, Tasks
from shared.batch import ClipStatus
from shared.jobs.job import Job
from shared.keys import Folder
from shared.pipeline.services import Services
from shared.pipeline.status import write_status
from shared.ports import Conflict, DropQueue


class JobDesk:
    """Who is told how a job goes."""

    def __init__(
        self, services: Services, queue: JobsQueue, tasks: Tasks, drops: DropQueue
    ) -> None:
        self._services = services
        self._queue = queue
        self._tasks = tasks
        self._drops = drops

    def again(self, job_id: str, delay_sec: int) -> None:
        self._queue.send(job_id, delay_sec)

    def tell(self, job: Job) -> None:
        answer = {"job": {"job_id": job.job_id, "state": job.state.value}}
        for waiter in job.waiters:
            self._tasks.tell(waiter.token, answer)

    def alive(self, job: Job) -> None:
        for waiter in job.waiters:
            self._tasks.heartbeat(waiter.token)
        self._show_progress(job)

    def rescued(self, job: Job) -> None:
        """Drop the manifest again: the new run finds the paid clip by its content."""
        if job.manifest is not None:
            self._drops.drop_again(job.manifest)

    def _show_progress(self, job: Job) -> None:
        folder = Folder(job.project_id, job.batch_id)
        row = self._services.rows.clip(folder, job.run_id, job.stem)
        if row is None or row.status is not ClipStatus.GENERATING:
            return
        if row.result.progress_percent != job.progress_percent:
            with suppress(Conflict):  # the clip has moved on: its own news are newer
                self._services.rows.save_clip(
                    row.moved(row.status, progress_percent=job.progress_percent)
                )
        write_status(self._services, folder)
