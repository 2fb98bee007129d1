"""The environment of a handler, read once as one document."""

import json
import os
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

WORKER_QUEUES = "WORKER_QUEUES"
"""Class of GPU → URL of the queue that its workers pull from, as JSON."""


class Environment(BaseModel):
    """What the stack tells every handler. Fields that only some handlers get have a default."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    drop_bucket: str = Field(alias="DROP_BUCKET")
    work_bucket: str = Field(alias="WORK_BUCKET")
    library_bucket: str = Field(alias="LIBRARY_BUCKET")
    state_table: str = Field(alias="STATE_TABLE")
    state_machine_arn: str = Field("", alias="STATE_MACHINE_ARN")
    drops_queue_url: str = Field("", alias="DROPS_QUEUE_URL")
    jobs_queue_url: str = Field("", alias="JOBS_QUEUE_URL")
    providers_secret: str = Field("", alias="PROVIDERS_SECRET")
    callback_url: str = Field("", alias="CALLBACK_URL")
    worker_queues: dict[str, str] = Field(default_factory=dict, alias="WORKER_QUEUES")
    approval_url: str = Field("", alias="APPROVAL_URL")
    approval_wait_hours: float = Field(72.0, alias="APPROVAL_WAIT_HOURS", gt=0)
    creators_topic_arn: str = Field("", alias="CREATORS_TOPIC_ARN")
    keyframe_wait_sec: float = Field(900.0, alias="KEYFRAME_WAIT_SEC", gt=0)
    max_manifest_bytes: int = Field(16 * 1024**2, alias="MAX_MANIFEST_BYTES", gt=0)
    max_keyframe_bytes: int = Field(64 * 1024**2, alias="MAX_KEYFRAME_BYTES", gt=0)
    job_deadline_sec: float | None = Field(None, alias="JOB_DEADLINE_SEC", gt=0)
    region: str = Field("us-east-1", alias="AWS_REGION")
    endpoint_url: str = Field("", alias="AWS_ENDPOINT_URL")
    memory_mb: int = Field(0, alias="AWS_LAMBDA_FUNCTION_MEMORY_SIZE")

    @property
    def approval_wait(self) -> timedelta:
        return timedelta(hours=self.approval_wait_hours)


@cache
def environment() -> Environment:
    """The process's environment.

    Raises
    ------
    pydantic.ValidationError : at the first invocation, naming the variable that is missing.
    """
    given: dict[str, Any] = dict(os.environ)
    given[WORKER_QUEUES] = json.loads(given.get(WORKER_QUEUES) or "{}")
    return Environment.model_validate(given)
