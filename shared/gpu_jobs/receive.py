"""What a runner's message does: the record is brought up to date, and the runner is told."""

from pydantic import ValidationError

from shared.gpu_jobs.gateway import Records
from shared.gpu_jobs.messages import Answer, Said
from shared.gpu_jobs.record import hear
from shared.jobs.job import Job
from shared.ports import Conflict
from shared.providers.webhooks.signature import SignatureRefused

TRIES = 5


def read_said(body: bytes) -> Said:
    """The message in a body whose signature is checked.

    Raises
    ------
    SignatureRefused : it is none of ours.
    """
    try:
        return Said.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise SignatureRefused(f"this is no message of a runner: {first}") from error


def receive(records: Records, job: Job, said: Said, now: float) -> Answer:
    """Note what a runner says of a job, and answer.

    Raises
    ------
    Conflict : the row is too busy just now.
    """
    for _ in range(TRIES):
        before = records.record(job.job_id)
        after, answer = hear(before, said, job, now)
        if after is None or after == before:
            return answer
        try:
            records.save_record(after)
        except Conflict:
            continue
        return answer
    raise Conflict(f"the record of job {job.job_id} is too busy")
