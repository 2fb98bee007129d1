"""What wakes the pipeline: a dropped file, and an execution that came to grief."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from shared.manifest.names import MANIFEST_SUFFIX, MARKERS, REVIEW_SUFFIX, TEXT_ENDING

# EventBridge's own limits; an event is worth trying for as long as a day.
RETRY_ATTEMPTS = 185
MAX_EVENT_AGE = Duration.hours(24)
BETWEEN_SWEEPS = Duration.hours(1)

BROKEN = ("FAILED", "TIMED_OUT", "ABORTED")

WAKING_SUFFIXES = tuple(
    f"{ending}{windows}"
    for ending in (MANIFEST_SUFFIX, REVIEW_SUFFIX, *(f"/{marker}" for marker in sorted(MARKERS)))
    for windows in ("", TEXT_ENDING)
)
"""Ends of keys that mean something to `accept_drop`, in any letter case."""


def drop_pattern(bucket_name: str) -> events.EventPattern:
    """Every way of creating an object counts: put, multipart, copy, POST."""
    return events.EventPattern(
        source=["aws.s3"],
        detail_type=["Object Created"],
        detail={
            "bucket": {"name": [bucket_name]},
            "object": {
                "key": [{"suffix": {"equals-ignore-case": each}} for each in WAKING_SUFFIXES]
            },
        },
    )


def wake_on_drops(
    scope: Construct, id_: str, *, bucket: s3.IBucket, queue: sqs.Queue, dead_letters: sqs.Queue
) -> events.Rule:
    """Dropped manifests and markers go to the drops queue."""
    return events.Rule(
        scope,
        id_,
        description="Dropreel: a manifest, a review, CANCEL, APPROVED or DENIED was dropped",
        event_pattern=drop_pattern(bucket.bucket_name),
        targets=[
            targets.SqsQueue(
                queue,
                dead_letter_queue=dead_letters,
                retry_attempts=RETRY_ATTEMPTS,
                max_event_age=MAX_EVENT_AGE,
            )
        ],
    )


def settle_broken_runs(
    scope: Construct,
    id_: str,
    *,
    state_machine_arn: str,
    function: lambda_.Function,
    dead_letters: sqs.Queue,
) -> events.Rule:
    """Executions of this machine that did not end well; its Map children have another ARN."""
    return events.Rule(
        scope,
        id_,
        description="Dropreel: a batch's execution failed, timed out or was aborted",
        event_pattern=events.EventPattern(
            source=["aws.states"],
            detail_type=["Step Functions Execution Status Change"],
            detail={"stateMachineArn": [state_machine_arn], "status": list(BROKEN)},
        ),
        targets=[
            targets.LambdaFunction(
                function,
                dead_letter_queue=dead_letters,
                retry_attempts=RETRY_ATTEMPTS,
                max_event_age=MAX_EVENT_AGE,
            )
        ],
    )


def sweep_every_hour(
    scope: Construct, id_: str, *, function: lambda_.Function, dead_letters: sqs.Queue
) -> events.Rule:
    """Every hour, somebody looks whether a job was lost."""
    return events.Rule(
        scope,
        id_,
        description="Dropreel: look again at jobs that have not come to an end",
        schedule=events.Schedule.rate(BETWEEN_SWEEPS),
        targets=[
            targets.LambdaFunction(
                function,
                dead_letter_queue=dead_letters,
                retry_attempts=RETRY_ATTEMPTS,
                max_event_age=BETWEEN_SWEEPS,  # then the next one is there
            )
        ],
    )
