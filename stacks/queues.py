"""Queues of the pipeline: encrypted, TLS only, and each with a place for what cannot be handled."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

KEPT = Duration.days(14)
"""As long as SQS allows: a dead letter waits for a person."""

RECEIVES = 5
"""Tries before a message is set aside."""

WORKER_RECEIVES = 50


def dead_letter_queue(scope: Construct, id_: str) -> sqs.Queue:
    """A queue for what was given up; an alarm watches it."""
    return sqs.Queue(
        scope,
        id_,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=KEPT,
    )


def worker_queue(scope: Construct, id_: str, *, dead_letters: sqs.Queue) -> sqs.Queue:
    """A queue that machines of yours pull from; they hide what they work at while they work.

    Being turned away because somebody else is at it counts as a receive, so there are more of them
    than tries.
    """
    return sqs.Queue(
        scope,
        id_,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        visibility_timeout=Duration.minutes(2),
        retention_period=Duration.days(4),
        dead_letter_queue=sqs.DeadLetterQueue(
            queue=dead_letters, max_receive_count=WORKER_RECEIVES
        ),
    )


def steps_queue(
    scope: Construct, id_: str, *, handler_timeout_sec: int, dead_letters: sqs.Queue
) -> sqs.Queue:
    """A queue whose messages a function reads one at a time, and may safely handle twice.

    Lambda's advice of six times the function's timeout keeps a throttled batch of messages from
    being handed out twice. Here a message is a batch, and two that move the same job at once are
    settled by the job's row. So one whose process died comes back after the timeout alone; it may
    come back six times as often, which keeps it as long as the advice would.
    """
    return sqs.Queue(
        scope,
        id_,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        visibility_timeout=Duration.seconds(handler_timeout_sec),
        retention_period=Duration.days(4),
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=6 * RECEIVES),
    )


def work_queue(
    scope: Construct, id_: str, *, handler_timeout_sec: int, dead_letters: sqs.Queue
) -> sqs.Queue:
    """A queue that a function reads in batches."""
    return sqs.Queue(
        scope,
        id_,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        # Lambda's advice: six times the function's timeout, so that a throttled batch of messages
        # is not handed out twice.
        visibility_timeout=Duration.seconds(6 * handler_timeout_sec),
        retention_period=Duration.days(4),
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=RECEIVES),
    )
