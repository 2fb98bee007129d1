"""The batch's state machine as data, top level JSONPath and every other state JSONata.

    CheckManifest → AwaitKeyframes ⇄ WaitForKeyframes → PlanBatch
        → (ReserveBudget ⇄ AwaitApproval) → RenderClips → CloseBatch

State names are those of docs/architecture.md; a state that calls a function has its name.
"""

from collections.abc import Mapping
from typing import Any

from stacks.asl import (
    State,
    States,
    batch_catches,
    choose,
    end,
    from_input,
    handler,
    mark,
    notify,
    set_aside,
    wait_for_answer,
)
from stacks.clip_workflow import FIRST, clip_states

SECONDS_AN_HOUR = 3600
ANSWER_MARGIN_SEC = 300


def batch_definition(
    *, timeouts: Mapping[str, int], max_concurrency: int, timeout_hours: int, approval_hours: int
) -> dict[str, Any]:
    """The whole definition.

    Parameters
    ----------
    timeouts : seconds that each function may take, by state name.
    max_concurrency : clips of one batch made at the same time.
    timeout_hours : after this the execution ends as TIMED_OUT.
    approval_hours : how long the batch waits for somebody to approve its price.
    """
    return {
        "Comment": "One batch: from a dropped manifest to finished clips and a report.",
        "QueryLanguage": "JSONPath",
        "StartAt": "CheckManifest",
        "TimeoutSeconds": timeout_hours * SECONDS_AN_HOUR,
        "States": {
            **_opening(timeouts),
            **_budgeting(timeouts, approval_hours),
            "RenderClips": _render_clips(timeouts, max_concurrency),
            **_closing(timeouts),
        },
    }


def _opening(timeouts: Mapping[str, int]) -> States:
    def step(state: str, comment: str, then: str) -> State:
        return handler(
            state,
            comment,
            payload=from_input("run"),
            timeout_sec=timeouts[state],
            then=then,
            catches=batch_catches(),
        )

    return {
        "CheckManifest": step(
            "CheckManifest",
            "Read the manifest and say everything that is wrong with it.",
            "NotifyAccepted",
        ),
        "NotifyAccepted": notify(
            "Tell subscribers that the batch was accepted.",
            aside="SetAsideAccepted",
            then="AwaitKeyframes",
        ),
        "SetAsideAccepted": set_aside(
            "Keep the message that could not be delivered.",
            then="AwaitKeyframes",
            otherwise="AwaitKeyframes",
        ),
        "AwaitKeyframes": step(
            "AwaitKeyframes",
            "Look whether every keyframe that the manifest names has arrived.",
            "KeyframesReady",
        ),
        "KeyframesReady": choose(
            "Go on when all are here or the wait is over.",
            rules={"$states.input.ready = true": "PlanBatch"},
            otherwise="WaitForKeyframes",
        ),
        "WaitForKeyframes": {
            "Type": "Wait",
            "QueryLanguage": "JSONata",
            "Comment": "Waiting costs nothing; the last look said for how long.",
            "Seconds": "{% $states.input.wait_sec %}",
            "Next": "AwaitKeyframes",
        },
        "PlanBatch": step(
            "PlanBatch", "Write the list of clips to make into the work bucket.", "MoneyNeeded"
        ),
    }


def _budgeting(timeouts: Mapping[str, int], approval_hours: int) -> States:
    return {
        "MoneyNeeded": choose(
            "Camera moves are free, and a dry run spends nothing.",
            rules={
                "$states.input.plan.paid = true and $states.input.run.dry_run = false": (
                    "ReserveBudget"
                )
            },
            otherwise="RenderClips",
        ),
        "ReserveBudget": handler(
            "ReserveBudget",
            "Set aside what the batch may cost, or refuse it before anything is paid.",
            payload=from_input("run"),
            timeout_sec=timeouts["ReserveBudget"],
            then="ApprovalNeeded",
            catches=batch_catches(),
        ),
        "ApprovalNeeded": choose(
            "Above the project's threshold somebody has to say yes.",
            rules={
                "$states.input.next = 'ask'": "NotifyApproval",
                "$states.input.next = 'wait'": "AwaitApproval",
            },
            otherwise="RenderClips",
        ),
        "NotifyApproval": notify(
            "Tell subscribers what the batch may cost, and how to answer.",
            aside="SetAsideApproval",
            then="AwaitApproval",
        ),
        "SetAsideApproval": set_aside(
            "Keep the message that could not be delivered.",
            then="AwaitApproval",
            otherwise="AwaitApproval",
        ),
        "AwaitApproval": wait_for_answer(
            "AwaitApproval",
            "Wait for APPROVED, DENIED or CANCEL; the money is set aside meanwhile.",
            # the question itself has expired by then
            timeout_sec=approval_hours * SECONDS_AN_HOUR + ANSWER_MARGIN_SEC,
            then="ReserveBudget",
        ),
    }


def _render_clips(timeouts: Mapping[str, int], max_concurrency: int) -> State:
    """The only JSONPath state. What the children answer is dropped: their rows say how they ended.

    Its retry is for the reader alone. A batch may lose all its clips and is still closed and told.
    """
    return {
        "Type": "Map",
        "Comment": "Make every clip of the plan, each as an execution of its own.",
        "Label": "RenderClips",
        "ItemReader": {
            "Resource": "arn:${Partition}:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket.$": "$.plan.bucket", "Key.$": "$.plan.key"},
        },
        "ItemSelector": {
            "run.$": "$.run",
            "stem.$": "$$.Map.Item.Value.stem",
            "index.$": "$$.Map.Item.Value.index",
        },
        "MaxConcurrency": max_concurrency,
        "ToleratedFailurePercentage": 100,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": FIRST,
            "States": clip_states(timeouts),
        },
        "ResultPath": None,
        "Retry": [
            {
                "ErrorEquals": ["States.ItemReaderFailed"],
                "IntervalSeconds": 2,
                "BackoffRate": 2,
                "MaxAttempts": 3,
                "JitterStrategy": "FULL",
            }
        ],
        "Next": "FinishBatch",
    }


def _closing(timeouts: Mapping[str, int]) -> States:
    return {
        "FinishBatch": mark("Every clip has been tried.", then="CloseBatch", outcome="'finished'"),
        "RejectBatch": mark("The creator can mend it.", then="CloseBatch", outcome="'rejected'"),
        "CancelBatch": mark("Somebody dropped CANCEL.", then="CloseBatch", outcome="'cancelled'"),
        "CloseBatch": handler(
            "CloseBatch",
            "Settle the batch: report, contact sheet, cost, delivery.",
            payload=from_input("run", "outcome"),
            timeout_sec=timeouts["CloseBatch"],
            then="NotifyBatch",
        ),
        "NotifyBatch": notify(
            "Tell subscribers how the batch ended.",
            aside="SetAsideBatch",
            then="BatchClosed",
        ),
        "SetAsideBatch": set_aside(
            "Keep the message that could not be delivered.",
            then="BatchClosed",
            otherwise="BatchClosed",
        ),
        "BatchClosed": end("The batch has its end."),
    }
