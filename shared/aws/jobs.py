"""Jobs and slots in the state table, and the queue and tasks around them.

pk  job#<job id>        sk  job
pk  open-jobs           sk  <job id>      until the job's last end, for the sweeper
pk  slots#<provider>    sk  slots
pk  breakers            sk  provider#<provider>
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.aws.documents import DocumentTable
from shared.clip import Document
from shared.errors import DropreelError
from shared.jobs.job import Job
from shared.jobs.leases import Caps, SlotSheet, give_slot_back, take_slot
from shared.keys import Folder
from shared.ports import Conflict

if TYPE_CHECKING:
    Client = Any

LONGEST_DELAY_SEC = 900  # SQS
TASK_GONE = frozenset({"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"})
TRIES = 6


class OpenJob(Document):
    """A pointer to a job that has not come to its last end, and the batch that opened it."""

    job_id: str
    since: str
    batch: str = ""


class UsedOnce(Document):
    """A token that nobody may use again."""


class DynamoJobs:
    """`JobStore` on DynamoDB."""

    def __init__(self, documents: DocumentTable) -> None:
        self._documents = documents

    def job(self, job_id: str) -> Job | None:
        return self._documents.get(f"job#{job_id}", "job", Job)

    def save_job(self, job: Job) -> Job:
        saved = job.model_copy(update={"version": job.version + 1})
        if (
            job.version == 0
        ):  # the pointer first: a pointer to nothing is harmless, a lost job is not
            batch = Folder(job.project_id, job.batch_id).prefix
            pointer = OpenJob(job_id=job.job_id, since=job.created_at, batch=batch)
            self._documents.put_new([("open-jobs", f"job#{job.job_id}", pointer, {})])
        self._documents.put(
            f"job#{job.job_id}", "job", saved, version=saved.version, state=job.state.value
        )
        return saved

    def open_jobs(self) -> list[str]:
        return [pointer.job_id for pointer in self._pointers()]

    def open_jobs_of(self, folder: Folder) -> list[str]:
        """Those that a batch has opened; not what another one had open when it came upon it."""
        return [each.job_id for each in self._pointers() if each.batch == folder.prefix]

    def _pointers(self) -> list[OpenJob]:
        return self._documents.query("open-jobs", "job#", OpenJob)

    def close_job(self, job_id: str) -> None:
        self._documents.delete("open-jobs", f"job#{job_id}")

    def use_once(self, use_id: str) -> None:
        """Note that a callback token was used; `Conflict` when it was used before."""
        self._documents.put(f"callback#{use_id}", "used", UsedOnce(), version=1)


class DynamoSlots:
    """`Slots` on DynamoDB: one sheet a provider, changed under a condition."""

    def __init__(
        self, documents: DocumentTable, caps: Mapping[str, Caps], default: Caps | None = None
    ) -> None:
        self._documents = documents
        self._caps = caps
        self._default = default or Caps()

    def take(self, provider: str, job_id: str, now: datetime) -> bool:
        caps = self._caps.get(provider, self._default)
        return self._change(provider, lambda sheet: take_slot(sheet, job_id, now, caps))

    def give_back(self, provider: str, job_id: str) -> None:
        self._change(provider, lambda sheet: give_slot_back(sheet, job_id))

    def _change(self, provider: str, change: Callable[[SlotSheet], SlotSheet | None]) -> bool:
        """Apply a change; False when it declines, or when the sheet is too busy just now."""
        pk = f"slots#{provider}"
        for attempt in range(TRIES):
            sheet = self._documents.get(pk, "slots", SlotSheet) or SlotSheet(provider=provider)
            changed = change(sheet)
            if changed is None:
                return False
            version = sheet.version + 1
            try:
                row = changed.model_copy(update={"version": version})
                self._documents.put(pk, "slots", row, version=version)
            except Conflict:
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
                continue
            return True
        return False


class JobsQueue:
    """The jobs queue: `advance this job now`, or later."""

    def __init__(self, client: "Client", queue_url: str) -> None:
        self._sqs = client
        self._url = queue_url

    def send(self, job_id: str, delay_sec: int = 0) -> None:
        self._sqs.send_message(
            QueueUrl=self._url,
            MessageBody=json.dumps({"job_id": job_id}),
            DelaySeconds=max(0, min(LONGEST_DELAY_SEC, delay_sec)),
        )


class Tasks:
    """The Step Functions tasks that wait for jobs."""

    def __init__(self, client: "Client") -> None:
        self._sfn = client

    def tell(self, token: str, answer: Mapping[str, Any]) -> None:
        self._call(self._sfn.send_task_success, taskToken=token, output=json.dumps(answer))

    def fail(self, token: str, error: DropreelError) -> None:
        """End a wait with an error, which the state machine knows by the name of its class."""
        self._call(
            self._sfn.send_task_failure,
            taskToken=token,
            error=type(error).__name__,
            cause=error.message,
        )

    def wake(self, token: str) -> None:
        """End a wait that has nothing to say: the state after it looks for itself."""
        self.tell(token, {})

    def heartbeat(self, token: str) -> None:
        self._call(self._sfn.send_task_heartbeat, taskToken=token)

    def _call(self, call: Callable[..., Any], **arguments: Any) -> None:
        """Tell a task; one that is gone, or was told before, needs no telling."""
        try:
            call(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] not in TASK_GONE:
                raise
