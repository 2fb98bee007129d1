"""From the environment to `Services`: the only place where handlers meet boto3."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache, wraps
from typing import Any

import boto3
from botocore.config import Config

from lambdas.environment import environment
from lambdas.observability import logger
from shared.aws.audit import S3AuditTrail
from shared.aws.documents import DocumentTable
from shared.aws.jobs import DynamoJobs, JobsQueue
from shared.aws.objects import S3Objects
from shared.aws.rows import DynamoRows
from shared.aws.runs import SqsDropQueue, StateMachineStarter
from shared.links import ConsoleLinks
from shared.meter import Meter
from shared.pipeline.services import ClipItem, Limits, RunRef, Services

Event = dict[str, Any]
Handler = Callable[[Event, Any], Event]

# Adaptive mode slows down by itself when S3 or DynamoDB throttle a burst of clips.
RETRIES = Config(retries={"mode": "adaptive", "max_attempts": 8}, max_pool_connections=32)


@cache
def client(name: str) -> Any:
    return boto3.client(name, config=RETRIES)


@cache
def table() -> Any:
    return boto3.resource("dynamodb", config=RETRIES).Table(environment().state_table)


def services() -> Services:
    """Fresh services for one invocation; the clients below them are kept warm."""
    env = environment()
    meter = Meter(memory_gb=env.memory_mb / 1024)
    objects = S3Objects(client("s3"), meter)
    return Services(
        drop_bucket=env.drop_bucket,
        work_bucket=env.work_bucket,
        library_bucket=env.library_bucket,
        objects=objects,
        rows=DynamoRows(table(), meter),
        audit=S3AuditTrail(objects, env.library_bucket, _log_audit_line),
        meter=meter,
        limits=Limits(
            keyframe_wait_sec=env.keyframe_wait_sec,
            max_manifest_bytes=env.max_manifest_bytes,
            max_keyframe_bytes=env.max_keyframe_bytes,
            job_deadline=timedelta(seconds=env.job_deadline_sec) if env.job_deadline_sec else None,
        ),
        links=ConsoleLinks(
            region=env.region,
            state_machine_arn=env.state_machine_arn,
            drop_bucket=env.drop_bucket,
            library_bucket=env.library_bucket,
            console=not env.endpoint_url,
        ),
    )


def jobs_store(house: Services) -> DynamoJobs:
    return DynamoJobs(DocumentTable(table(), house.meter))


def jobs_queue() -> JobsQueue:
    return JobsQueue(client("sqs"), environment().jobs_queue_url)


def starter() -> StateMachineStarter:
    return StateMachineStarter(client("stepfunctions"), environment().state_machine_arn)


def drop_queue() -> SqsDropQueue:
    return SqsDropQueue(client("sqs"), environment().drops_queue_url)


def run_ref(event: Event) -> RunRef:
    """The run that a state speaks of; its ids go onto every log line from here on."""
    run = RunRef.model_validate(event["run"])
    logger.append_keys(project=run.project_id, batch=run.batch_id, run=run.run_id)
    return run


def clip_item(event: Event) -> ClipItem:
    """The clip that a state speaks of; its ids go onto every log line from here on."""
    item = ClipItem(
        run=run_ref(event),
        stem=event["stem"],
        index=event["index"],
        clip_key=event.get("clip_key", ""),
        job_id=event.get("job_id", ""),
        failed_inspection=event.get("failed_inspection", ""),
    )
    logger.append_keys(clip=item.stem)
    return item


def logged(handler: Handler) -> Handler:
    """Give a handler its log context, and log its errors with their details before they leave."""

    @logger.inject_lambda_context(clear_state=True)
    @wraps(handler)
    def with_context(event: Event, context: Any) -> Event:
        try:
            return handler(event, context)
        except Exception as error:
            details = getattr(error, "details", {})
            logger.exception("the step failed", error_details=details)
            raise

    return with_context


def _log_audit_line(line: str) -> None:
    logger.info("audit", audit=line)
