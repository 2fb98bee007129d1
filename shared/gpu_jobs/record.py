"""What was heard of a job so far, and the rules of who may run it.

A claim holds for as long as its runner is heard. Whoever comes while it holds is sent away; whoever
comes after it ran out takes over, and the first is told so when it speaks again. Too many claims
without an end mean that the job kills its runners.
"""

from datetime import UTC, datetime

from shared.clip import Document
from shared.gpu_jobs.document import Addresses
from shared.gpu_jobs.messages import Answer, Said, Stage, Verdict, Word
from shared.jobs.job import Job
from shared.jobs.outcome import JobState, Outcome

MOST_CLAIMS = 4
SOONEST_SEC = 1.0
FRESH_SEC = 600.0
SIGNED_WITHIN_SEC = 2.0


class GpuRecord(Document):
    """The row beside a job's row. `lease_until` and `heard_at` are epoch seconds.

    `lost_gpu_seconds` were used on claims that came to no end. `addresses` are fresh ones that the
    runner asked for.
    """

    version: int = 0
    job_id: str
    runner: str
    claims: int = 1
    lease_until: float
    heard_at: float
    stage: Stage = Stage.FETCHING
    percent: int = 0
    gpu: str = ""
    gpu_seconds: float = 0
    lost_gpu_seconds: float = 0
    wants_addresses: bool = False
    addresses: Addresses | None = None
    signed_at: float = 0

    def held(self, now: float) -> bool:
        """Is somebody at it?"""
        return now < self.lease_until

    def given_up(self, now: float) -> bool:
        """Did it end all who claimed it?"""
        return self.claims >= MOST_CLAIMS and not self.held(now)


def hear(
    record: GpuRecord | None, said: Said, job: Job, now: float
) -> tuple[GpuRecord | None, Answer]:
    """The record after a message, and the answer; the record is unchanged when it is to stay so."""
    if _over(job, now):
        return record, Answer(verdict=Verdict.DONE)
    if job.cancel_requested and said.word is not Word.END:
        return record, Answer(verdict=Verdict.CANCEL)
    if said.word is Word.CLAIM:
        return _claim(record, said, job, now)
    if record is None or record.runner != said.runner:
        return record, Answer(verdict=Verdict.LOST)
    if said.word is Word.REFRESH:
        return _refreshed(record, now)
    return _renewed(record, said, now), Answer(verdict=Verdict.GO)


def _claim(
    record: GpuRecord | None, said: Said, job: Job, now: float
) -> tuple[GpuRecord | None, Answer]:
    if record is None:
        first = GpuRecord(
            job_id=job.job_id, runner=said.runner, lease_until=now + said.lease_sec, heard_at=now
        )
        return first, Answer(verdict=Verdict.GO)
    if record.runner != said.runner and record.held(now):
        wait = max(SOONEST_SEC, record.lease_until - now)
        return record, Answer(verdict=Verdict.BUSY, retry_after_sec=wait)
    if record.claims >= MOST_CLAIMS:
        return record, Answer(verdict=Verdict.DONE)
    taken = record.model_copy(
        update={
            "runner": said.runner,
            "claims": record.claims + 1,
            "lost_gpu_seconds": record.lost_gpu_seconds + record.gpu_seconds,
            "gpu_seconds": 0.0,
            "lease_until": now + said.lease_sec,
            "heard_at": now,
            "stage": said.stage,
        }
    )
    return taken, Answer(verdict=Verdict.GO)


def _refreshed(record: GpuRecord, now: float) -> tuple[GpuRecord, Answer]:
    """Addresses if somebody signed them just now; else note that they are wanted.

    Who listens to runners is open to the internet, so it may not read the work bucket, nor sign
    for it; `advance_job` does.
    """
    if record.addresses is not None and now - record.signed_at < FRESH_SEC:
        return record, Answer(verdict=Verdict.GO, addresses=record.addresses)
    wanting = record.model_copy(update={"wants_addresses": True})
    return wanting, Answer(verdict=Verdict.GO, retry_after_sec=SIGNED_WITHIN_SEC)


def _renewed(record: GpuRecord, said: Said, now: float) -> GpuRecord:
    return record.model_copy(
        update={
            "lease_until": now + said.lease_sec,
            "heard_at": now,
            "stage": said.stage,
            "percent": max(record.percent, said.percent),
            "gpu": said.gpu or record.gpu,
            "gpu_seconds": max(record.gpu_seconds, said.gpu_seconds),
        }
    )


def _over(job: Job, now: float) -> bool:
    """Has the job come to its last end? One that timed out is still worth finishing."""
    if not job.state.ended:
        return False
    timed_out = job.ending is not None and job.ending.outcome is Outcome.TIMED_OUT
    rescue = job.state is JobState.FAILED and timed_out
    return not rescue or job.beyond_rescue(datetime.fromtimestamp(now, UTC))
