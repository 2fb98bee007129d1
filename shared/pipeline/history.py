"""What has been tried for one clip of one run, and what follows from it.

All of it is on the jobs' rows and in what inspection said, so a retry, a replay or a redrive comes
to the same answer, and never to a second payment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.errors import BatchCancelled
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, JobState
from shared.jobs.ports import JobStore
from shared.pipeline.attempt import may_still_come, why_held
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.step import Routed, Step
from shared.pipeline.tries import Try, read_tries


@dataclass(frozen=True)
class History:
    """The attempts of this run at the clip, oldest first, and the jobs' rows of those."""

    tries: list[Try]
    rows: list[Job]

    @property
    def paid(self) -> dict[str, float]:
        """What the attempts cost so far, as far as is known: US dollars by job."""
        return {job.job_id: _paid(job) for job in self.rows}

    @property
    def setback(self) -> str:
        """Why the last attempt brought nothing; empty where it brought a clip."""
        last = self.rows[-1] if self.rows else None
        if last is None or last.ending is None or last.state is JobState.SUCCEEDED:
            return ""
        return f"{last.provider} said: {last.ending.message}"

    def known_step(self, item: ClipItem) -> Routed | None:
        """What follows from the rows alone; None when somebody, or somebody else, may try."""
        if not self.rows:
            return None
        last = self.rows[-1]
        if not last.state.ended:
            return _unfinished(item, last)
        if last.state is JobState.SUCCEEDED and not self.tries[-1].failed:
            return Routed(step=Step.FINISH, clip_key=last.clip_key, job_id=last.job_id)
        held = next((job for job in self.rows if may_still_come(job)), None)
        if held is not None:
            return Routed(step=Step.HOLD, clip_key=held.clip_key, reason=why_held(held))
        return None

    @contextmanager
    def explaining_cancel(self) -> Iterator[None]:
        """Whoever cancelled reads with it what runs on at a provider, and may be billed.

        Raises
        ------
        BatchCancelled : CANCEL was dropped.
        """
        try:
            yield
        except BatchCancelled as stopped:
            raise BatchCancelled(". ".join((stopped.message, *self._runs_on()))) from stopped

    def _runs_on(self) -> Iterator[str]:
        if not self.rows:
            return
        job = self.rows[-1]
        if job.state is JobState.SUCCEEDED:
            made = f"{job.provider} had made it already"
            yield f"{made}: dropped again, it is finished from that file"
        elif job.state is JobState.SUBMIT_UNKNOWN:
            yield why_held(job)
        elif not job.state.ended:
            yield job.stopping or f"{job.provider} may still be at work on it, and bill it"
            yield "If it is made after all, dropping the manifest again takes it, already paid"


NOTHING_TRIED = History([], [])


def read_history(services: Services, jobs: JobStore, item: ClipItem) -> History:
    """The attempts so far; the one that has just failed inspection is marked so."""
    # A try is noted before its row: one without a row was never begun.
    found = [(each, jobs.job(each.job_id)) for each in read_tries(services, item)]
    begun = [(each, row) for each, row in found if row is not None]
    return History([each for each, _ in begun], [row for _, row in begun])


def _unfinished(item: ClipItem, job: Job) -> Routed:
    """The last attempt has no end: it goes on, or nobody knows."""
    held = job.state is JobState.SUBMIT_UNKNOWN
    return Routed(
        step=Step.HOLD if held else Step.GENERATE,
        clip_key=job.clip_key or item.clip_key,
        job_id=job.job_id,
        reason=why_held(job) if held else "",
    )


def _paid(job: Job) -> float:
    """What an attempt cost, as far as is known; what nobody knows counts as its estimate."""
    if job.ending is None or job.ending.billed is Billed.NO:
        return 0.0
    return job.ending.cost_usd if job.ending.cost_usd is not None else job.estimate_usd
