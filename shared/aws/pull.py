"""A queue that is pulled from by a machine outside AWS, with the least rights there are.

It needs `sqs:ReceiveMessage`, `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility` on this queue.
"""

import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import Transient

if TYPE_CHECKING:
    Client = Any

LONGEST_HIDING_SEC = 12 * 3600  # SQS

logger = logging.getLogger(__name__)


class Pulled:
    """A message that is ours for as long as it is hidden from others."""

    def __init__(self, client: "Client", url: str, message: dict[str, Any]) -> None:
        self._sqs, self._url = client, url
        self._receipt = message["ReceiptHandle"]
        self.body: str = message["Body"]

    def hide(self, seconds: float) -> None:
        """Keep it from others for so long; 0 gives it back. A fault here costs only time."""
        hidden = max(0, min(LONGEST_HIDING_SEC, round(seconds)))
        try:
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=self._receipt, VisibilityTimeout=hidden
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("a message could not be hidden for %s s: %s", hidden, error)

    def delete(self) -> None:
        """It is done with. If that is not heard, it comes again, and is known by then."""
        try:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=self._receipt)
        except (BotoCoreError, ClientError) as error:
            logger.warning("a message could not be deleted: %s", error)


class PullQueue:
    """The queue."""

    def __init__(self, client: "Client", url: str) -> None:
        self._sqs, self._url = client, url

    def pull(self, *, wait_sec: int, hide_sec: float) -> Pulled | None:
        """The next message, hidden from others; None when there was none for so long.

        Raises
        ------
        Transient : the queue cannot be asked; says why.
        """
        try:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=1,
                WaitTimeSeconds=wait_sec,
                VisibilityTimeout=max(1, round(hide_sec)),
            )
        except (BotoCoreError, ClientError) as error:
            raise Transient(f"the queue {self._url} cannot be asked: {error}") from error
        messages = answer.get("Messages", [])
        return Pulled(self._sqs, self._url, messages[0]) if messages else None
