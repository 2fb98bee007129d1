"""Runs the workflow's own definition in moto's Step Functions engine, against functions of a test.

Only what the engine cannot parse is taken out of the definition (see `_for_engine`); Retry, Catch,
Choice, Wait and every expression run as written. Pauses between retries are noted, not slept.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import jsonata
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import DefaultConfig
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.jsonata import jsonata as engine_jsonata

from shared.aws.jobs import Tasks
from shared.errors import JobBroughtNothing
from stacks.asl import function_placeholder
from tests.workflow.definitions import SPECS

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/workflow"
LIMIT_SEC = 60
NUMBERS = count()

Function = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Ended:
    """How an execution ended, and what happened on its way."""

    status: str
    output: Any
    error: str | None
    states: list[str]


class Clients:
    """boto3 clients, made once: making them takes longer than running a clip."""

    def __init__(self) -> None:
        self.sns = boto3.client("sns", REGION)
        self.sqs = boto3.client("sqs", REGION)
        self.s3 = boto3.client("s3", REGION)
        self.sfn = boto3.client("stepfunctions", REGION)


@dataclass
class Engine:
    """A small account: the workflow's functions, its topic, its queue and its bucket."""

    clients: Clients
    functions: dict[str, Function] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[dict[str, Any] | None] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    jobs_seen: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    barren: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """A topic, a queue and a bucket that no test before has seen."""
        name = f"test-{next(NUMBERS)}"
        self.topic = self.clients.sns.create_topic(Name=name)["TopicArn"]
        self.inbox = self._queue(f"{name}-inbox")
        self.dead_letters = self._queue(f"{name}-dead-letters")
        self.jobs = self._queue(f"{name}-jobs")
        self.clients.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-inbox",
            Attributes={"RawMessageDelivery": "true"},
        )
        self.work = f"{name}-work"
        self.clients.s3.create_bucket(Bucket=self.work)

    def _queue(self, name: str) -> str:
        url: str = self.clients.sqs.create_queue(QueueName=name)["QueueUrl"]
        return url

    def put_plan(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        """Write a plan; returns what PlanBatch would answer."""
        self.clients.s3.put_object(
            Bucket=self.work, Key="runs/r/items.json", Body=json.dumps(items)
        )
        return {"plan": {"bucket": self.work, "key": "runs/r/items.json", "count": len(items)}}

    def run(
        self,
        machine: dict[str, Any],
        given: dict[str, Any],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Ended:
        """Run to the end; `meanwhile` is called again and again until then."""
        arn = self.clients.sfn.create_state_machine(
            name=f"machine-{next(NUMBERS)}",
            definition=self._for_engine(machine),
            roleArn=ROLE,
        )["stateMachineArn"]
        execution = self.clients.sfn.start_execution(stateMachineArn=arn, input=json.dumps(given))
        return self._end_of(execution["executionArn"], meanwhile)

    def _for_engine(self, machine: dict[str, Any]) -> str:
        text = json.dumps(machine).replace('"ToleratedFailurePercentage": 100, ', "")
        values = {
            "Partition": "aws",
            "CreatorsTopicArn": self.topic,
            "NotificationsDeadLettersUrl": self.dead_letters,
            "JobsQueueUrl": self.jobs,
        }
        for spec in SPECS:
            values[function_placeholder(spec.state)] = (
                f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{spec.state}"
            )
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def finish_jobs(self) -> None:
        """What the jobs' functions do in the end: tell every task that waits.

        Those of `barren` have brought nothing.
        """
        tasks = Tasks(self.clients.sfn)
        for body in self.new_jobs():
            if body["job_id"] in self.barren:
                tasks.fail(body["token"], JobBroughtNothing(f"job {body['job_id']} is FAILED"))
            else:
                tasks.tell(body["token"], {"job": {}})

    def break_waits(self) -> None:
        """Whatever it is, it is no word about the job."""
        for body in self.new_jobs():
            self.clients.sfn.send_task_failure(taskToken=body["token"], error="E", cause="c")

    def keep_token(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A function that waits with a token until somebody ends the wait."""
        self.tokens.append(payload["token"])
        return {}

    def end_waits(self) -> None:
        while self.tokens:
            self.clients.sfn.send_task_success(taskToken=self.tokens.pop(), output="{}")

    def new_jobs(self) -> list[dict[str, Any]]:
        new = [json.loads(message["Body"]) for message in self.messages(self.jobs)]
        self.jobs_seen += new
        return new

    def _end_of(self, execution: str, meanwhile: Callable[[], None]) -> Ended:
        deadline = time.monotonic() + LIMIT_SEC
        while time.monotonic() < deadline:
            seen = self.clients.sfn.describe_execution(executionArn=execution)
            if seen["status"] != "RUNNING":
                events = self.clients.sfn.get_execution_history(
                    executionArn=execution, maxResults=1000
                )
                states = [
                    event["stateEnteredEventDetails"]["name"]
                    for event in events["events"]
                    if "stateEnteredEventDetails" in event
                ]
                output = json.loads(seen["output"]) if seen.get("output") else None
                return Ended(seen["status"], output, seen.get("error"), states)
            meanwhile()
            time.sleep(0.02)
        raise TimeoutError(f"still running: {execution}")

    def messages(self, url: str) -> list[dict[str, Any]]:
        """Everything on a queue, with its attributes."""
        found: list[dict[str, Any]] = []
        while batch := self.clients.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += batch
            for message in batch:
                self.clients.sqs.delete_message(
                    QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]
                )
        return found

    def tries(self, state: str) -> int:
        return sum(1 for name, _ in self.calls if name == state)

    def payload(self, state: str) -> dict[str, Any]:
        """What the state's function was given last."""
        return next(payload for name, payload in reversed(self.calls) if name == state)

    def invoke(self, arn: str, body: str | bytes, headers: dict[str, str]) -> bytes:
        state = arn.rsplit(":", 1)[-1]
        payload = json.loads(body)
        self.calls.append((state, payload))
        try:
            answer = self.functions[state](payload)
            self.answers.append(answer)
        except Exception as error:
            self.answers.append(None)
            headers["x-amz-function-error"] = "Unhandled"
            answer = {"errorType": getattr(error, "name", type(error).__name__)}
            answer["errorMessage"] = str(error)
        return json.dumps(answer).encode()


@contextmanager
def started_clients() -> Iterator[Clients]:
    """moto with an engine that executes, for as long as wanted."""
    settings: DefaultConfig = {
        "stepfunctions": {"execute_state_machine": True},
        "lambda": {"use_docker": False},
    }
    with mock_aws(config=settings):
        yield Clients()


@contextmanager
def started_engine(clients: Clients) -> Iterator[Engine]:
    """An engine for the length of a test."""
    engine = Engine(clients)

    def invoke(
        _backend: Any, arn: str, _qualifier: Any, body: Any, _headers: Any, answered: Any
    ) -> bytes:
        return engine.invoke(arn, body, answered)

    with (
        patch.object(LambdaSimpleBackend, "invoke", invoke),
        patch.object(engine_jsonata, "_eval_jsonata", _evaluate),
        patch.object(retrier_decl, "time", SimpleNamespace(sleep=engine.pauses.append)),
    ):
        yield engine


def _evaluate(expression: str) -> Any:
    """What the engine would ask a Java library for."""
    return jsonata.Jsonata(expression).evaluate(None)
