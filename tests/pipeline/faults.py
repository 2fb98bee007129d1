"""A process that dies in the middle: after some write everything fails until it is restarted."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from cli.memory import MemoryObjects, MemoryRows
from shared.clip import ObjectRef
from shared.jobs.job import Job
from shared.jobs.memory import MemoryJobs
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.ports import Conflict
from shared.state import ClipRow, RunRow

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone; no handler of errors sees this."""


@dataclass
class Power:
    """Counts writes, and goes out at one of them.

    `fail_at` is the last write that reaches its store, but whose answer is lost; 0 for none.
    """

    fail_at: int = 0
    writes: int = 0
    out: bool = False

    def __post_init__(self) -> None:
        self._lock = Lock()

    def spend(self, write: Callable[[], T]) -> T:
        with self._lock:
            if self.out:
                raise Killed
            self.writes += 1
            answer = write()
            if self.writes == self.fail_at:
                self.out = True
                raise Killed
            return answer

    def restore(self) -> None:
        self.out = False


class MortalObjects(MemoryObjects):
    """Objects whose every write costs power; copies and uploads are writes too."""

    def __init__(self, power: Power) -> None:
        super().__init__()
        self._power = power

    def write(self, bucket: str, key: str, data: bytes, **how: Any) -> ObjectRef:
        put = super().write
        return self._power.spend(lambda: put(bucket, key, data, **how))

    def delete(self, bucket: str, key: str) -> None:
        hide = super().delete
        self._power.spend(lambda: hide(bucket, key))


class MortalRows(MemoryRows):
    """Rows whose every write costs power."""

    def __init__(self, power: Power) -> None:
        super().__init__()
        self._power = power

    def save_run(self, row: RunRow) -> RunRow:
        save = super().save_run
        return self._power.spend(lambda: save(row))

    def save_clip(self, row: ClipRow) -> ClipRow:
        save = super().save_clip
        return self._power.spend(lambda: save(row))

    def save_new_clips(self, rows: list[ClipRow]) -> None:
        for row in rows:
            with suppress(Conflict):
                self.save_clip(row)


class MortalJobs(MemoryJobs):
    """Rows of jobs whose every write costs power; nobody moves them but a test."""

    def __init__(self, power: Power) -> None:
        super().__init__()
        self._power = power

    def save_job(self, job: Job) -> Job:
        save = super().save_job
        return self._power.spend(lambda: save(job))

    def end(self, job_id: str, state: JobState, outcome: Outcome, billed: Billed) -> None:
        """Whatever way it went, the job is at this end now."""
        ending = Ending(outcome=outcome, billed=billed, retryable=False, message="it said so")
        job = self.rows[job_id]
        self.rows[job_id] = job.model_copy(update={"state": state, "ending": ending})
