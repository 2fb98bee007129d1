"""AcceptDrop: S3 says that a file was dropped; start what it asks for."""

import json
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from lambdas.money_wiring import approvals
from lambdas.observability import count, logger
from lambdas.wiring import Event, jobs_queue, jobs_store, logged, services, starter
from shared.clip import ObjectRef
from shared.keys import Folder
from shared.metrics import BATCHES_ACCEPTED, REVIEWS_APPROVED
from shared.pipeline.accept import Verdict, accept_drop
from shared.pipeline.services import Services

processor = BatchProcessor(event_type=EventType.SQS)


@logged
def handler(event: Event, context: Any) -> Event:
    """Accept each message by itself: one that fails goes back to the queue alone."""
    answer = process_partial_response(
        event=event, record_handler=accept_message, processor=processor, context=context
    )
    return dict(answer)


def accept_message(record: SQSRecord) -> None:
    created = json.loads(record.body)["detail"]
    dropped = ObjectRef(
        bucket=created["bucket"]["name"],
        key=created["object"]["key"],
        version_id=created["object"].get("version-id"),
        etag=created["object"].get("etag", ""),
        size=created["object"].get("size", 0),
    )
    house = services()
    acceptance = accept_drop(
        house,
        starter(),
        dropped,
        approvals(house),
        by=created.get("requester", ""),
        retake=created.get("retake", ""),
        hasten=partial(_look_now, house),
    )
    logger.info("drop", key=dropped.key, verdict=acceptance.verdict, run=acceptance.run_id)
    if acceptance.verdict is Verdict.REVIEWED:
        count(REVIEWS_APPROVED, acceptance.approved)
    if acceptance.verdict is Verdict.STARTED:
        count(BATCHES_ACCEPTED)


def _look_now(house: Services, folder: Folder) -> None:
    """So that a CANCEL reaches its jobs at once; a second look at one does no harm."""
    for job_id in jobs_store(house).open_jobs_of(folder):
        jobs_queue().send(job_id)
