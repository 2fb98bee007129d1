"""Where MiniStack 1.5.33 answers otherwise than AWS, and our pipeline would notice.

Each function puts one behaviour right inside the emulator's process, and has a test in
`tests/local_cloud/`. They reach into private names, so `apply` refuses any other version: an
upgrade has to look at every one of them again.
"""

import contextvars
import functools
import json
import threading
from collections.abc import Callable
from typing import Any

import ministack.core.lambda_runtime as workers
from ministack.core import iam_evaluator
from ministack.core.responses import json_response
from ministack.services import eventbridge, lambda_svc, s3, sns, stepfunctions
from ministack.services.cloudformation import provisioners

MINISTACK_VERSION = "1.5.33"

_RAISED = "__raised__"
_ANSWER_OF_WORKER = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
# What AWS's Python runtime reports, in a reply that says "ok", because the emulator ends a worker
# whose reply says "error": every rejected manifest would cost the next one a cold start.
_ANSWER_AS_ON_AWS = (
    '{"status": "ok", "result": {"__raised__": {"errorType": type(e).__name__,'
    ' "errorMessage": str(e), "requestId": context.aws_request_id,'
    ' "stackTrace": traceback.format_tb(e.__traceback__.tb_next)}}}'
)


def apply(*, handlers_at_once: int) -> None:
    """Put everything right, before the first request."""
    from importlib.metadata import version  # noqa: PLC0415 - needed here alone

    if (found := version("ministack")) != MINISTACK_VERSION:
        raise RuntimeError(
            f"ministack {found} is installed, but local_cloud/amendments.py was written for "
            f"{MINISTACK_VERSION}: install that one, or go through the amendments again."
        )
    _name_errors_by_class()
    _queue_handlers(handlers_at_once)
    _start_executions_once()
    _stop_children_with_their_parent()
    _keep_aborted_aborted()
    _publish_with_attributes()
    _tell_the_version()
    _accept_metric_math()
    _take_loopback_for_tls()


def _name_errors_by_class() -> None:
    """AWS: `Error` is the exception's class. MiniStack: always `Runtime.HandlerError`."""
    script = workers._PYTHON_WORKER_SCRIPT
    if script.count(_ANSWER_OF_WORKER) != 1:
        raise RuntimeError(
            "the emulator's Python worker is not the one this amendment was written for"
        )
    workers._PYTHON_WORKER_SCRIPT = script.replace(_ANSWER_OF_WORKER, _ANSWER_AS_ON_AWS)
    execute = lambda_svc._execute_function_warm

    @functools.wraps(execute)
    def execute_and_report(func: Any, event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = execute(func, event, request_id)
        body = result.get("body")
        if not isinstance(body, dict) or set(body) != {_RAISED}:
            return result
        raised = body[_RAISED]
        trace = "".join(raised["stackTrace"])
        said = f"{result.get('log', '')}\n{trace}{raised['errorType']}: {raised['errorMessage']}"
        return {"body": raised, "error": True, "log": said.lstrip()}

    lambda_svc._execute_function_warm = execute_and_report


def _queue_handlers(at_once: int) -> None:
    """Let `at_once` handlers run, the others wait their turn.

    AWS would give each its own machine; here each is a process on the same few cores. The
    emulator's own cap throttles instead, and a throttled queue message stays hidden for its whole
    visibility timeout. Our handlers invoke no handlers, so nobody waits for a turn that its own
    caller holds.
    """
    dispatch = lambda_svc._execute_function_dispatch
    turns = threading.BoundedSemaphore(at_once)

    @functools.wraps(dispatch)
    def dispatch_in_turn(*args: Any) -> Any:
        with turns:
            return dispatch(*args)

    lambda_svc._execute_function_dispatch = dispatch_in_turn


def _start_executions_once() -> None:
    """AWS answers a repeated name and input with the execution that runs; MiniStack refuses it."""
    start: Callable[[dict[str, Any]], Any] = stepfunctions._start_execution

    def start_once(data: dict[str, Any]) -> Any:
        machine = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        if machine and data.get("name"):
            arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{data['name']}"
            running = stepfunctions._executions.get(arn)
            if (
                running
                and running["status"] == "RUNNING"
                and _same_json(running["input"], data.get("input", "{}"))
            ):
                return json_response({"executionArn": arn, "startDate": running["startDate"]})
        return start(data)

    stepfunctions._start_execution = start_once


def _same_json(one: str, other: str) -> bool:
    return bool(one == other or json.loads(one) == json.loads(other))


def _stop_children_with_their_parent() -> None:
    """AWS stops a Distributed Map's children with the execution; MiniStack lets them run on."""
    for name in ("_execute_task", "_execute_map", "_execute_parallel"):
        setattr(stepfunctions, name, _unless_aborted(getattr(stepfunctions, name)))


def _unless_aborted(execute: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(execute)
    def execute_unless_aborted(state: Any, given: Any, execution: dict[str, Any], ctx: Any) -> Any:
        map_run = stepfunctions._map_runs.get(execution.get("mapRunArn", ""))
        parent = stepfunctions._executions.get(map_run["executionArn"]) if map_run else None
        if parent and parent["status"] == "ABORTED":
            raise stepfunctions._ExecutionError(
                "States.Aborted", "The parent execution was stopped."
            )
        return execute(state, given, execution, ctx)

    return execute_unless_aborted


def _keep_aborted_aborted() -> None:
    """A state that fails after the execution was stopped must not turn ABORTED into FAILED."""
    fail = stepfunctions._fail_execution

    @functools.wraps(fail)
    def fail_if_running(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    stepfunctions._fail_execution = fail_if_running


def _publish_with_attributes() -> None:
    """A state gives `MessageAttributes` as an object; MiniStack reads a flat form, and drops it."""
    read_flat = sns._parse_message_attributes

    @functools.wraps(read_flat)
    def read(params: dict[str, Any]) -> dict[str, Any]:
        given = params.get("MessageAttributes")
        attributes: dict[str, Any] = given if isinstance(given, dict) else read_flat(params)
        return attributes

    sns._parse_message_attributes = read


def _tell_the_version() -> None:
    """AWS's `Object Created` events name the version of the object; MiniStack's leave it out."""
    version: contextvars.ContextVar[str | None] = contextvars.ContextVar("version", default=None)
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    @functools.wraps(fire)
    def fire_with_version(*args: Any, version_id: str | None = None, **others: Any) -> Any:
        version.set(version_id)  # each event has a thread, and so a context, of its own
        return fire(*args, version_id=version_id, **others)

    @functools.wraps(dispatch)
    def dispatch_with_version(event: dict[str, Any], *args: Any, **others: Any) -> Any:
        if event.get("Source") == "aws.s3" and version.get():
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version.get()
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **others)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_with_version, dispatch_with_version


def _accept_metric_math() -> None:
    """CloudFormation takes alarms on expressions, MiniStack refuses them. Here they never ring."""
    record = provisioners._cw_metric_alarm_record

    @functools.wraps(record)
    def record_any(name: str, properties: dict[str, Any]) -> Any:
        if properties.get("Metrics"):
            silent = {"Namespace": "NotEvaluated", "MetricName": "Expression", "Period": 60}
            properties = {k: v for k, v in properties.items() if k != "Metrics"} | silent
        return record(name, properties)

    provisioners._cw_metric_alarm_record = record_any


def _take_loopback_for_tls() -> None:
    """Bucket policies refuse requests without TLS; on the loopback interface there is none."""
    resolve = iam_evaluator._resolve_condition_key

    @functools.wraps(resolve)
    def resolve_secure(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_secure
