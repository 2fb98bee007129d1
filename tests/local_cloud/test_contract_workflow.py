"""What we rely on from Step Functions and Lambda, with our amendments to the emulator."""

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.contract_stack import Cloud, until

pytestmark = pytest.mark.cloud


@pytest.fixture
def run() -> str:
    return f"run-{uuid.uuid4().hex[:8]}"


def invoke(cloud: Cloud, function: str, **event: Any) -> tuple[str, dict[str, Any]]:
    reply = cloud.client("lambda").invoke(
        FunctionName=cloud.function(function), Payload=json.dumps(event)
    )
    return reply.get("FunctionError", ""), json.loads(reply["Payload"].read())


def test_a_handler_sees_its_own_settings_and_nothing_of_the_users(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, seen = invoke(cloud, "Environment")
    environment = seen["environment"]
    assert environment["TABLE"] == cloud.deployment.state_table
    assert environment["AWS_ENDPOINT_URL"] == cloud.emulator.endpoint
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_ACCESS_KEY_ID"] == "000000000000"
    assert not {"PYTHONPATH", "VIRTUAL_ENV", "AWS_PROFILE"} & set(environment)
    assert seen["request"]
    assert 25_000 < seen["left_ms"] <= 30_000


def test_an_error_arrives_under_its_class_name_with_the_runtimes_cause(
    cloud: Cloud, run: str
) -> None:
    cloud.end_of(cloud.start(run, each={"trouble": "missing"}))
    (told,) = cloud.notes(f"record-{run}")
    cause = json.loads(told["error"]["Cause"])
    assert told["outcome"] == "rejected"
    assert told["error"]["Error"] == cause["errorType"] == "KeyframeMissing"
    assert cause["errorMessage"] == "img_000: never came\nsecond line"
    assert cause["requestId"]
    assert "raise KeyframeMissing" in cause["stackTrace"][-1]


def test_an_unknown_error_falls_through_to_the_catch_all(cloud: Cloud, run: str) -> None:
    cloud.end_of(cloud.start(run, each={"trouble": "bug"}))
    (told,) = cloud.notes(f"record-{run}")
    assert (told["outcome"], told["error"]["Error"]) == ("failed", "KeyError")


def test_an_error_costs_no_cold_start(cloud: Cloud, run: str) -> None:
    cloud.end_of(cloud.start(run, count=6, each={"trouble": "missing"}))
    assert len({note["pid"] for note in cloud.notes(f"work-{run}")}) <= 2


def test_a_passing_fault_is_tried_again(cloud: Cloud, run: str) -> None:
    ended = cloud.end_of(cloud.start(run, each={"trouble": "passing"}))
    assert ended["status"] == "SUCCEEDED"
    assert len(cloud.notes(f"work-{run}")) == 2
    assert not cloud.notes(f"record-{run}")


def test_a_handler_past_its_time_is_ended(cloud: Cloud) -> None:
    fault, body = invoke(cloud, "Slow", seconds=4)
    assert fault
    assert body["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 2.00 seconds" in body["errorMessage"]


def test_two_hundred_items_two_at_a_time_take_two_processes(cloud: Cloud, run: str) -> None:
    ended = cloud.end_of(cloud.start(run, count=200), within_sec=60)
    notes = cloud.notes(f"work-{run}")
    assert ended["status"] == "SUCCEEDED"
    assert sorted(note["index"] for note in notes) == list(range(200))
    assert len({note["pid"] for note in notes}) <= 2


def test_a_wait_lasts_as_long_as_its_expression_says(cloud: Cloud, run: str) -> None:
    began = time.monotonic()
    cloud.end_of(cloud.start(run, wait_sec=2))
    assert 2 <= time.monotonic() - began < 8


def test_the_end_is_published_with_attributes_that_filters_see(cloud: Cloud, run: str) -> None:
    cloud.end_of(cloud.start(run))
    sqs, queue = cloud.client("sqs"), cloud.deployment.outputs["MailUrl"]

    def mail() -> list[dict[str, Any]]:
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        bodies = [json.loads(message["Body"]) for message in received]
        return [body for body in bodies if body.get("Subject") == run]

    (body,) = until(mail)
    assert json.loads(body["Message"]) == {"run": run, "execution": run}
    assert body["MessageAttributes"]["project"] == {"Type": "String", "Value": "wald"}


def test_the_same_start_twice_is_one_execution(cloud: Cloud, run: str) -> None:
    first = cloud.start(run, wait_sec=2)
    assert cloud.start(run, wait_sec=2) == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        cloud.start(run, wait_sec=3)
    cloud.end_of(first)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        cloud.start(run, wait_sec=2)
    assert len(cloud.notes(f"work-{run}")) == 1


def settled(cloud: Cloud, run: str) -> list[dict[str, Any]]:
    events = [note["event"] for note in cloud.notes("settle")]
    return [event["detail"] for event in events if event["detail"]["name"] == run]


def test_a_failed_execution_is_told_to_a_handler(cloud: Cloud, run: str) -> None:
    ended = cloud.end_of(cloud.start(run, count="not a number"))
    (detail,) = until(lambda: settled(cloud, run))
    assert ended["status"] == detail["status"] == "FAILED"
    assert detail["error"] == "TypeError"
    assert json.loads(detail["cause"])["errorType"] == "TypeError"
    assert json.loads(detail["input"])["run"] == run


def test_a_stopped_execution_starts_no_more_of_its_items_and_stays_aborted(
    cloud: Cloud, run: str
) -> None:
    execution = cloud.start(run, count=20, each={"seconds": 0.3})
    until(lambda: cloud.notes(f"work-{run}"))
    cloud.client("stepfunctions").stop_execution(
        executionArn=execution, error="Cancelled", cause="asked"
    )
    stopped = time.time()
    (detail,) = until(lambda: settled(cloud, run))
    assert detail["status"] == "ABORTED"
    time.sleep(1.5)
    # What was on its way may still begin; all twenty would go on for three seconds.
    begun = [note["started"] for note in cloud.notes(f"work-{run}")]
    assert max(begun) < stopped + 1
    assert len(begun) < 20
    describe = cloud.client("stepfunctions").describe_execution
    assert describe(executionArn=execution)["status"] == "ABORTED"
    assert len(settled(cloud, run)) == 1


def test_what_a_handler_says_is_in_its_log_group(cloud: Cloud, run: str) -> None:
    cloud.end_of(cloud.start(run, each={"trouble": "bug"}))
    found = cloud.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{cloud.function('WorkOn')}", filterPattern="KeyError"
    )
    assert any("KeyError: 'bug'" in event["message"] for event in found["events"])
