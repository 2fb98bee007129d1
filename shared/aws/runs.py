"""Starting runs, and feeding the drops queue again."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.clip import ObjectRef
from shared.state import RunRow

if TYPE_CHECKING:
    Client = Any


class StateMachineStarter:
    """`RunStarter` on Step Functions."""

    def __init__(self, client: "Client", state_machine_arn: str) -> None:
        self._sfn = client
        self._arn = state_machine_arn

    def start(self, row: RunRow) -> None:
        """Start the run's execution; one of the same name is the same run, so that is no error.

        AWS answers with the running execution when name and input agree, and with
        ExecutionAlreadyExists when it has ended; the embedded cloud gives the latter in both cases.
        """
        try:
            self._sfn.start_execution(
                stateMachineArn=self._arn, name=row.run_id, input=json.dumps(run_input(row))
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise


def run_input(row: RunRow) -> dict[str, Any]:
    """The state machine's input: ids only, everything heavy lies in S3."""
    return {
        "run": {
            "project_id": row.project_id,
            "batch_id": row.batch_id,
            "run_id": row.run_id,
            "manifest": row.source.model_dump(),
            "dry_run": row.dry_run,
        }
    }


class SqsDropQueue:
    """`DropQueue` on SQS: the message looks like the event that S3 would send."""

    def __init__(self, client: "Client", queue_url: str) -> None:
        self._sqs = client
        self._url = queue_url

    def drop_again(self, manifest: ObjectRef, *, retake: str = "") -> None:
        event = {
            "detail-type": "Object Created",
            "source": "dropreel.again",
            "detail": {
                "retake": retake,
                "bucket": {"name": manifest.bucket},
                "object": {
                    "key": manifest.key,
                    "size": manifest.size,
                    "etag": manifest.etag,
                    "version-id": manifest.version_id,
                },
            },
        }
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(event))
