"""AdvanceJob: move one job one step; the step itself queues the next look."""

import json
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from lambdas.jobs_wiring import book_later, jobs_engine
from lambdas.observability import logger
from lambdas.wiring import Event, jobs_queue, logged
from shared.jobs.engine import JobsEngine
from shared.jobs.job import Waiter
from shared.ports import Conflict

SOON_SEC = 5

processor = BatchProcessor(event_type=EventType.SQS)


@logged
def handler(event: Event, context: Any) -> Event:
    """Advance each job by itself: one that fails goes back to the queue alone."""
    answer = process_partial_response(
        event=event, record_handler=advance, processor=processor, context=context
    )
    return dict(answer)


def _waiter(message: Event) -> Waiter:
    run = message.get("run") or {}
    return Waiter(
        token=message["token"],
        since=datetime.now(UTC).isoformat(),
        run_id=run.get("run_id", ""),
        manifest_key=run.get("manifest", {}).get("key", ""),
    )


def advance(record: SQSRecord) -> None:
    message = json.loads(record.body)
    job_id = message["job_id"]
    logger.append_keys(job=job_id)
    engine = jobs_engine()
    try:
        _advance(engine, message, job_id)
    finally:
        book_later(engine)


def _advance(engine: JobsEngine, message: Event, job_id: str) -> None:
    if message.get("token"):
        engine.wait(job_id, _waiter(message))
    try:
        job = engine.advance(job_id)
    except Conflict:  # somebody else moved it: what they did counts, and is looked at soon
        jobs_queue().send(job_id, SOON_SEC)
        return
    logger.info("job", state=job.state if job else None, step=job.steps if job else None)
