"""The deployed system as its users see it: a drop bucket, a library, and a topic."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_cloud.cloud import session_for
from local_cloud.deploy import Deployment
from local_cloud.sessions import CloudSession

PROJECT = "film"
KEYFRAME_WAIT_SEC = 8
"""How long batches wait for keyframes here: long enough for a test to drop one late."""

PATIENCE_SEC = 100.0

ENDS = ("batch_done", "batch_rejected")


@dataclass
class Town:
    """A deployment, its clients, and the messages that its creators were sent so far."""

    deployment: Deployment
    session: CloudSession
    inbox: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.s3 = self.session.client("s3", max_pool_connections=16)
        self.sqs = self.session.client("sqs")

    def put(self, batch: str, name: str, data: bytes | dict[str, Any]) -> None:
        raw = json.dumps(data).encode() if isinstance(data, dict) else data
        self.s3.put_object(
            Bucket=self.deployment.drop_bucket, Key=f"{PROJECT}/{batch}/{name}", Body=raw
        )

    def drop(self, batch: str, files: dict[str, bytes | dict[str, Any]]) -> None:
        """Put files in this order."""
        for name, data in files.items():
            self.put(batch, name, data)

    def answer(self, batch: str, name: str) -> str:
        """A file of the drop folder; empty when it is not there."""
        return self._read(self.deployment.drop_bucket, batch, name).decode()

    def library(self, batch: str) -> dict[str, int]:
        """Names and sizes of what is published of a batch."""
        prefix = f"{PROJECT}/{batch}/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.deployment.library_bucket, Prefix=prefix
        )
        return {
            each["Key"][len(prefix) :]: each["Size"]
            for page in pages
            for each in page.get("Contents", ())
        }

    def published(self, batch: str, name: str) -> bytes:
        return self._read(self.deployment.library_bucket, batch, name)

    def _read(self, bucket: str, batch: str, name: str) -> bytes:
        try:
            body = self.s3.get_object(Bucket=bucket, Key=f"{PROJECT}/{batch}/{name}")["Body"]
        except self.s3.exceptions.NoSuchKey:
            return b""
        data: bytes = body.read()
        return data

    def runs(self, batch: str) -> list[dict[str, Any]]:
        """The runs of a batch's folder, newest first."""
        found: list[dict[str, Any]] = json.loads(
            self.answer(batch, "_status.json") or '{"runs":[]}'
        )["runs"]
        return found

    def run(self, batch: str) -> dict[str, Any]:
        return self.runs(batch)[0]

    def clips(self, batch: str) -> dict[str, dict[str, Any]]:
        return {clip["stem"]: clip for clip in self.run(batch)["clips"]}

    def ended(
        self, batch: str, *, runs: int = 1, patience_sec: float = PATIENCE_SEC
    ) -> list[dict[str, Any]]:
        """Wait until a batch's folder has so many runs and all have ended."""

        def all_ended() -> bool:
            found = self.runs(batch)
            return len(found) >= runs and all(run["ended"] for run in found)

        wait_until(
            all_ended,
            f"{batch} to end",
            lambda: self.answer(batch, "_status.json"),
            patience_sec=patience_sec,
        )
        return self.runs(batch)

    def told(self, batch: str, *types: str) -> list[dict[str, Any]]:
        """Messages of these types about a batch; waits for the first of them."""

        def arrived() -> list[dict[str, Any]]:
            self._empty_inbox()
            return [
                each
                for each in self.messages
                if each["body"]["batch"] == batch and each["body"]["type"] in types
            ]

        wait_until(lambda: bool(arrived()), f"{types} about {batch}")
        return arrived()

    def _empty_inbox(self) -> None:
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10)
            received = answer.get("Messages", [])
            if not received:
                return
            for each in received:
                envelope = json.loads(each["Body"])
                attributes = {
                    name: value["Value"] for name, value in envelope["MessageAttributes"].items()
                }
                self.messages.append(
                    {
                        "subject": envelope["Subject"],
                        "body": json.loads(envelope["Message"]),
                        "attributes": attributes,
                    }
                )
                self.sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=each["ReceiptHandle"])


def wait_until(
    condition: Callable[[], bool],
    what: str,
    state: Callable[[], str] = lambda: "",
    *,
    patience_sec: float = PATIENCE_SEC,
) -> None:
    deadline = time.monotonic() + patience_sec
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited too long for {what}: {state()[:3000]}")
        time.sleep(0.2)


def build_town(deployment: Deployment) -> Town:
    """A town whose creators' messages arrive in a queue, and that waits less for keyframes."""
    session = session_for(deployment.endpoint)
    inbox = session.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    subscribe(session, deployment)
    _shorten_the_wait(session)
    _redeliver_soon(session)
    return Town(deployment, session, inbox)


def subscribe(session: CloudSession, deployment: Deployment) -> None:
    """Let the inbox have what creators are told."""
    session.client("sns").subscribe(
        TopicArn=deployment.creators_topic_arn,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{deployment.region}:{deployment.account}:inbox",
    )


def _shorten_the_wait(session: CloudSession) -> None:
    functions = session.client("lambda")
    for each in _functions(functions):
        variables = each.get("Environment", {}).get("Variables", {})
        if "KEYFRAME_WAIT_SEC" in variables:
            wait = {"KEYFRAME_WAIT_SEC": str(KEYFRAME_WAIT_SEC)}
            functions.update_function_configuration(
                FunctionName=each["FunctionName"], Environment={"Variables": variables | wait}
            )


def _redeliver_soon(session: CloudSession) -> None:
    """A step of a job that is killed is tried again in seconds, and often twice at once."""
    sqs = session.client("sqs")
    (url,) = (
        each for each in sqs.list_queues()["QueueUrls"] if "Jobs" in each and "Dead" not in each
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})


def _functions(functions: Any) -> Iterable[dict[str, Any]]:
    for page in functions.get_paginator("list_functions").paginate():
        yield from page["Functions"]


def workers_of(town: Town, function: str) -> list[int]:
    """All processes of this cloud that run a function's handler."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().decode()
            environment = (folder / "environ").read_bytes().decode().split("\0")
        except OSError:
            continue
        ours = f"AWS_ENDPOINT_URL={town.deployment.endpoint}" in environment
        if ours and f"ministack-lambda-{function}" in command:
            found.append(int(folder.name))
    return found
