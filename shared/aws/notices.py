"""Notices that no state of the workflow sends: published straight to the creators' topic."""

from typing import TYPE_CHECKING, Any

from shared.budget.ledger import BudgetWarning
from shared.budget.notices import budget_notices
from shared.notices import Notification

if TYPE_CHECKING:
    Client = Any


class SnsNotices:
    """The creators' topic."""

    def __init__(self, client: "Client", topic_arn: str) -> None:
        self._sns = client
        self._topic = topic_arn

    def publish(self, notification: Notification) -> None:
        self._sns.publish(
            TopicArn=self._topic,
            Subject=notification.subject,
            Message=notification.message,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in notification.attributes.items()
            },
        )

    def warn(self, warning: BudgetWarning) -> None:
        """Tell of a budget's mark or an overrun; raises where SNS refuses, so that it is untold."""
        for notification in budget_notices(warning):
            self.publish(notification)
