"""The next paid attempt at a clip: its row and its files, or the row that the same content has."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clip import ObjectRef
from shared.jobs.deadlines import RESCUE, deadline_for
from shared.jobs.job import Job, job_id, new_deadlines
from shared.jobs.outcome import Billed, JobState, Outcome
from shared.jobs.ports import JobStore
from shared.jobs.request import MediaInput, VideoRequest
from shared.ports import Conflict, ObjectStore
from shared.routing.ranking import Candidate


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What is to be tried, and for whom.

    Attributes
    ----------
    files : the request's media, by its field, as bytes.
    tried : attempts with this candidate before; a new one gets a number of its own.
    manifest : dropped again when the clip arrives after everybody stopped waiting.
    deadline : instead of the operation's.
    """

    project_id: str
    clip_key: str
    candidate: Candidate
    request: VideoRequest
    files: Mapping[str, bytes]
    batch_id: str = ""
    run_id: str = ""
    stem: str = ""
    manifest: ObjectRef | None = None
    tried: int = 0
    deadline: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attempt's row goes, so that it can be noted before there is one.

    Attributes
    ----------
    number : 1 for the first attempt at this content by this candidate.
    row : the row that the same content has there already, made or in the making, by whichever run.
    """

    number: int
    job_id: str
    row: Job | None


def place_of(objects: ObjectStore, jobs: JobStore, attempt: Attempt) -> Place:
    """The first place of the candidate that is not taken by a row of no more use."""
    number = attempt.tried + 1
    while True:
        identity = job_id(attempt.project_id, attempt.clip_key, attempt.candidate.key, number)
        row = jobs.job(identity)
        if row is None or not is_spent(objects, row):
            return Place(number, identity, row)
        number += 1


def open_attempt(
    objects: ObjectStore,
    work_bucket: str,
    jobs: JobStore,
    attempt: Attempt,
    place: Place,
    now: datetime,
) -> Job:
    """The row of the attempt: a new one, or the very one that the same content has already."""
    if place.row is not None:
        return place.row
    media, inputs = _kept(objects, work_bucket, attempt, place.job_id)
    candidate = attempt.candidate
    patience = deadline_for(attempt.request.operation, candidate.engine)
    job = Job(
        job_id=place.job_id,
        project_id=attempt.project_id,
        batch_id=attempt.batch_id,
        run_id=attempt.run_id,
        stem=attempt.stem,
        clip_key=attempt.clip_key,
        candidate=candidate.key,
        provider=candidate.engine.removeprefix("api:"),
        attempt=place.number,
        request=attempt.request.model_copy(update=dict(media)),
        inputs=inputs,
        manifest=attempt.manifest,
        estimate_usd=float(candidate.quote.high),
        **new_deadlines(now, attempt.deadline or patience, RESCUE),
    )
    try:
        return jobs.save_job(job)
    except Conflict:  # a retry of this very step was faster
        return jobs.job(place.job_id) or job


def _kept(
    objects: ObjectStore, work_bucket: str, attempt: Attempt, identity: str
) -> tuple[dict[str, MediaInput], dict[str, ObjectRef]]:
    """The files where the engine finds them, and the request's media with their true sizes."""
    media: dict[str, MediaInput] = {}
    inputs: dict[str, ObjectRef] = {}
    for field, data in attempt.files.items():
        item: MediaInput = getattr(attempt.request, field)
        extension = item.name.rpartition(".")[2].lower()
        key = f"jobs/{identity}/{field}.{extension}"
        inputs[field] = objects.write(work_bucket, key, data, content_type=item.content_type)
        facts = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        media[field] = item.model_copy(update=facts)
    return media, inputs


def is_spent(objects: ObjectStore, job: Job) -> bool:
    """Is this row no use any more: ended without a clip, or its file has expired since?"""
    if job.state is JobState.SUCCEEDED:
        result = job.result
        return result is None or objects.head(result.bucket, result.key) is None
    return job.state.ended and not may_still_come(job)


def may_still_come(job: Job) -> bool:
    """Has it ended for us, while its provider may yet deliver and charge?"""
    ending = job.ending
    return (
        ending is not None
        and ending.outcome is Outcome.TIMED_OUT
        and ending.billed is Billed.UNKNOWN
    )


def why_held(job: Job) -> str:
    """Why nobody else may try while this job has no verified end."""
    if job.state is JobState.SUBMIT_UNKNOWN:
        return (
            f"nobody can say whether {job.provider} accepted job {job.job_id} ({job.note}). "
            "Nothing else is paid until that is known: see `dropreel jobs`."
        )
    return job.ending.message if job.ending else ""
