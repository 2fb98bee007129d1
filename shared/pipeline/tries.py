"""The attempts of one run at one clip: who tried, with which job, and what inspection said."""

import hashlib
import json

from shared.clip import Document, ObjectRef
from shared.jobs.job import Job
from shared.jobs.outcome import Ending, Outcome
from shared.pipeline.passed import TRIED_AGAIN
from shared.pipeline.services import ClipItem, Services
from shared.routing.fallback import QUALITY_FAILED, Tried
from shared.routing.ranking import Ranking

SEEDS = 2**31
"""Seeds of ours lie below this: every provider's field takes them."""


class Try(Document):
    """One attempt: the candidate and its job.

    `seed` is set where it is not the one that was asked for; `failed` when the clip came, was paid
    and did not pass inspection.
    """

    candidate: str
    job_id: str
    seed: int | None = None
    failed: bool = False


def read_tries(services: Services, item: ClipItem) -> list[Try]:
    """The attempts so far, oldest first; the one that has just failed inspection marked so."""
    ref = ObjectRef(bucket=services.work_bucket, key=item.run.work.tries(item.index))
    try:
        tries = [Try(**each) for each in json.loads(services.objects.read(ref))]
    except FileNotFoundError:
        return []
    marked = [
        each.model_copy(update={"failed": each.failed or each.job_id == item.failed_inspection})
        for each in tries
    ]
    if marked != tries:
        services.meter.add("transitions", TRIED_AGAIN)
        write_tries(services, item, marked)
    return marked


def write_tries(services: Services, item: ClipItem, tries: list[Try]) -> None:
    services.objects.write(
        services.work_bucket,
        item.run.work.tries(item.index),
        json.dumps([each.model_dump() for each in tries]).encode(),
        content_type="application/json",
    )


def tried_so_far(ranking: Ranking, tries: list[Try], rows: list[Job]) -> list[Tried]:
    """The attempts as the fallback rule wants them; those whose candidate is gone need no rule."""
    candidates = {candidate.key: candidate for candidate in ranking.candidates}
    jobs = {job.job_id: job for job in rows}
    found: list[Tried] = []
    for each in tries:
        candidate, job = candidates.get(each.candidate), jobs.get(each.job_id)
        if candidate is None or job is None or is_withdrawn(job):
            continue
        if each.failed:
            found.append((candidate, QUALITY_FAILED))
        elif isinstance(job.ending, Ending):
            found.append((candidate, job.ending))
    return found


def is_withdrawn(job: Job) -> bool:
    """Stopped by a CANCEL that was for another run: this one wants the clip, and may try anew."""
    ending = job.ending
    by_us = job.cancel_requested or bool(job.stopping)
    return by_us and ending is not None and ending.outcome is Outcome.CANCELLED


def another_seed(tries: list[Try], candidate: str, asked: int | None) -> int:
    """A seed that this candidate has not tried yet; a retry of the step finds the same."""
    number = sum(each.candidate == candidate for each in tries)
    digest = hashlib.sha256(f"{candidate}\0{asked}\0{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % SEEDS
