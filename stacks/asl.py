"""Building blocks of the workflow in Amazon States Language: plain data, one function a shape.

The machine's top level is JSONPath, because the embedded cloud reads a Distributed Map's reader so;
every state made here says `QueryLanguage: JSONata` for itself. ARNs stand as `${…}` placeholders
that CloudFormation substitutes, so the whole definition can be read and tested without CDK.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import JobBroughtNothing
from stacks.error_families import (
    CANCELLED,
    CROWDED,
    DECIDED,
    INVALID_INPUT,
    PASSING,
    QUALITY_FAILED,
)

State = dict[str, Any]
States = dict[str, State]

INPUT = "{% $states.input %}"
WITH_ANSWER = "{% $merge([$states.input, $states.result.Payload]) %}"
WITH_ERROR = "{% $merge([$states.input, {'error': $states.errorOutput}]) %}"

# Longer than the function's own limit, so that a try has surely ended when the next begins.
TASK_MARGIN_SEC = 30
MESSAGE_TIMEOUT_SEC = 30

JOB_TIMEOUT_SEC = 2 * 3600
# a lost message is found by the hourly sweep, which is given some time
JOB_HEARTBEAT_SEC = 75 * 60

PASSING_RETRY = {
    "ErrorEquals": PASSING,
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 6,
    "MaxDelaySeconds": 60,
    "JitterStrategy": "FULL",
}
# An account with few concurrent functions is slow, not broken: its clips queue for about two hours.
CROWDED_RETRY = {
    "ErrorEquals": CROWDED,
    "IntervalSeconds": 5,
    "BackoffRate": 1.5,
    "MaxAttempts": 120,
    "MaxDelaySeconds": 120,
    "JitterStrategy": "FULL",
}
RETRIES: list[dict[str, Any]] = [
    {"ErrorEquals": DECIDED, "MaxAttempts": 0},
    CROWDED_RETRY,
    PASSING_RETRY,
    {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 1},
]
MESSAGE_RETRIES: list[dict[str, Any]] = [{**PASSING_RETRY, "ErrorEquals": ["States.ALL"]}]
# A wait that is over is for the job's row to judge; a message that SQS refused is sent again, with
# pauses: without them the loop around it would turn as fast as it can.
WAIT_OVER = [JobBroughtNothing.__name__, "States.Timeout", "States.HeartbeatTimeout"]
WAIT_RETRIES: list[dict[str, Any]] = [
    {"ErrorEquals": WAIT_OVER, "MaxAttempts": 0},
    *MESSAGE_RETRIES,
]


def from_input(*names: str) -> dict[str, str]:
    """A payload that hands on some of the state's facts under their own names."""
    return {name: f"{{% $states.input.{name} %}}" for name in names}


def handler(
    state: str,
    comment: str,
    *,
    payload: Mapping[str, Any],
    timeout_sec: int,
    then: str,
    catches: Sequence[dict[str, Any]] = (),
) -> State:
    """Call the function named after the state; its answer is laid over the state's facts."""
    task: State = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Comment": comment,
        "Resource": "arn:${Partition}:states:::lambda:invoke",
        "Arguments": {"FunctionName": f"${{{function_placeholder(state)}}}", "Payload": payload},
        "Output": WITH_ANSWER,
        "TimeoutSeconds": timeout_sec + TASK_MARGIN_SEC,
        "Retry": RETRIES,
        "Next": then,
    }
    return {**task, "Catch": list(catches)} if catches else task


def function_placeholder(state: str) -> str:
    """`CheckManifest` → `CheckManifestArn`."""
    return f"{state}Arn"


def catch(errors: list[str], then: str) -> dict[str, Any]:
    """On these errors go on elsewhere, with the error beside the state's facts."""
    return {"ErrorEquals": errors, "Next": then, "Output": WITH_ERROR}


def batch_catches() -> list[dict[str, Any]]:
    """What ends a batch in good order; anything else stops it where it stands, for a redrive."""
    return [catch(INVALID_INPUT, "RejectBatch"), catch(CANCELLED, "CancelBatch")]


def clip_catches() -> list[dict[str, Any]]:
    """Every error ends the clip in good order: one clip must not stop its batch."""
    return [
        catch(INVALID_INPUT, "RejectClip"),
        catch(CANCELLED, "CancelClip"),
        catch(QUALITY_FAILED, "HoldClip"),
        catch(["States.ALL"], "FailClip"),
    ]


def mark(comment: str, *, then: str, **facts: str) -> State:
    """Add facts to the state's; values may be JSONata."""
    merged = ", ".join(f"'{name}': {value}" for name, value in facts.items())
    return {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Comment": comment,
        "Output": f"{{% $merge([$states.input, {{{merged}}}]) %}}",
        "Next": then,
    }


def choose(comment: str, *, otherwise: str, rules: Mapping[str, str]) -> State:
    """Go where the first true condition points; `rules` maps JSONata conditions to states."""
    return {
        "Type": "Choice",
        "QueryLanguage": "JSONata",
        "Comment": comment,
        "Choices": [
            {"Condition": f"{{% {condition} %}}", "Next": then} for condition, then in rules.items()
        ],
        "Default": otherwise,
    }


def notify(comment: str, *, aside: str, then: str | None, output: Any = INPUT) -> State:
    """Publish the state's notification; if SNS refuses for good, set it aside and go on."""
    return {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Comment": comment,
        "Resource": "arn:${Partition}:states:::sns:publish",
        "Arguments": {
            "TopicArn": "${CreatorsTopicArn}",
            "Subject": "{% $states.input.notification.subject %}",
            "Message": "{% $states.input.notification.message %}",
            "MessageAttributes": (
                "{% $merge($each($states.input.notification.attributes, function($value, $name) {"
                "{$name: {'DataType': 'String', 'StringValue': $value}}})) %}"
            ),
        },
        "Output": output,
        "TimeoutSeconds": MESSAGE_TIMEOUT_SEC,
        "Retry": MESSAGE_RETRIES,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": aside, "Output": WITH_ERROR}],
        **_onwards(then),
    }


def set_aside(comment: str, *, then: str | None, otherwise: str, output: Any = INPUT) -> State:
    """Keep an undeliverable notification on the dead-letter queue; if even that fails, go on."""
    return {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Comment": comment,
        "Resource": "arn:${Partition}:states:::sqs:sendMessage",
        "Arguments": {
            "QueueUrl": "${NotificationsDeadLettersUrl}",
            "MessageBody": (
                "{% $string({'notification': $states.input.notification,"
                " 'error': $states.input.error}) %}"
            ),
        },
        "Output": output,
        "TimeoutSeconds": MESSAGE_TIMEOUT_SEC,
        "Retry": MESSAGE_RETRIES,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": otherwise, "Output": output}],
        **_onwards(then),
    }


def wait_for_job(comment: str, *, then: str, otherwise: str) -> State:
    """Queue the clip's job and wait until it is told that the clip is there.

    Whatever else ends the wait, `otherwise` looks at the job's own row: a wait that broke off says
    nothing, and a job that brought nothing says there why.
    """
    return {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Comment": comment,
        "Resource": "arn:${Partition}:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {
            "QueueUrl": "${JobsQueueUrl}",
            "MessageBody": (
                "{% $string({'job_id': $states.input.job_id, 'run': $states.input.run,"
                " 'token': $states.context.Task.Token}) %}"
            ),
        },
        "Output": INPUT,
        "TimeoutSeconds": JOB_TIMEOUT_SEC,
        "HeartbeatSeconds": JOB_HEARTBEAT_SEC,
        "Retry": WAIT_RETRIES,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": otherwise, "Output": INPUT}],
        "Next": then,
    }


def wait_for_answer(state: str, comment: str, *, timeout_sec: int, then: str) -> State:
    """Hand a token to the function named after the state, and wait until somebody ends the wait.

    Whatever ends it, `then` looks at what was answered: a wait that is over says nothing.
    """
    return {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Comment": comment,
        "Resource": "arn:${Partition}:states:::lambda:invoke.waitForTaskToken",
        "Arguments": {
            "FunctionName": f"${{{function_placeholder(state)}}}",
            "Payload": {**from_input("run"), "token": "{% $states.context.Task.Token %}"},
        },
        "Output": INPUT,
        "TimeoutSeconds": timeout_sec,
        "Retry": WAIT_RETRIES,
        "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": then, "Output": INPUT}],
        "Next": then,
    }


def end(comment: str) -> State:
    """A good end that returns nothing: ten thousand of them must fit into one answer."""
    return {"Type": "Succeed", "QueryLanguage": "JSONata", "Comment": comment, "Output": {}}


def _onwards(then: str | None) -> State:
    return {"Next": then} if then else {"End": True}
