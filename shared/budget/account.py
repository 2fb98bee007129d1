"""A project's month: the budget, what is set aside, what is spent, and who was warned of it."""

from datetime import datetime
from typing import Any

from pydantic import Field

from shared.budget.errors import BudgetExceeded
from shared.budget.money import MicroUsd
from shared.budget.project import ALERT_PERCENTS, Project
from shared.clip import Document


class Alert(Document):
    """A share of the budget was reached. `told` is set once the message is out."""

    percent: int
    at: str
    told: bool = False


class MonthAccount(Document):
    """The totals of one project and month; they equal the sums over its entries and holds.

    `budget` and `alert_percents` are the project's, as of the last time that money was set aside.
    `overrun` sums what attempts cost beyond what was set aside for them: the one way in which
    `committed` can come to exceed the budget.
    """

    version: int = 0
    project_id: str
    month: str
    budget: MicroUsd = 0
    alert_percents: tuple[int, ...] = ALERT_PERCENTS
    reserved: MicroUsd = Field(0, ge=0)
    settled: MicroUsd = Field(0, ge=0)
    overrun: MicroUsd = Field(0, ge=0)
    alerts: tuple[Alert, ...] = ()

    @property
    def committed(self) -> MicroUsd:
        """What is gone or may go: spent and set aside."""
        return self.reserved + self.settled

    @property
    def free(self) -> MicroUsd:
        return max(0, self.budget - self.committed)

    @property
    def beyond_budget(self) -> MicroUsd:
        return max(0, self.committed - self.budget)

    def changed(self, **values: Any) -> "MonthAccount":
        return self.model_copy(update=values)

    def under(self, project: Project) -> "MonthAccount":
        """The account with the project's present rules.

        Another budget makes the marks that it does not reach any more count anew.
        """
        if (self.budget, self.alert_percents) == (project.monthly_budget, project.alert_percents):
            return self
        moved = self.changed(budget=project.monthly_budget, alert_percents=project.alert_percents)
        reached = moved.reached()
        return moved.changed(alerts=tuple(a for a in moved.alerts if a.percent in reached))

    def claimed(self, amount: MicroUsd) -> "MonthAccount":
        """The account with `amount` more set aside.

        Raises
        ------
        BudgetExceeded : it does not hold that much more.
        """
        if self.committed + amount > self.budget and amount:
            raise BudgetExceeded.of(self, amount)
        return self.changed(reserved=self.reserved + amount)

    def reached(self) -> tuple[int, ...]:
        """The marks that are reached now."""
        if not self.committed:
            return ()
        return tuple(p for p in self.alert_percents if self.committed * 100 >= self.budget * p)

    def marked(self, at: datetime) -> "MonthAccount":
        """The account with every mark recorded that it has come to."""
        sent = {alert.percent for alert in self.alerts}
        new = tuple(Alert(percent=p, at=at.isoformat()) for p in self.reached() if p not in sent)
        return self.changed(alerts=self.alerts + new) if new else self

    def told(self, percents: tuple[int, ...]) -> "MonthAccount":
        """The account with these marks' messages known to be out."""
        alerts = tuple(
            a.model_copy(update={"told": True}) if a.percent in percents else a for a in self.alerts
        )
        return self if alerts == self.alerts else self.changed(alerts=alerts)

    def untold(self) -> tuple[int, ...]:
        return tuple(alert.percent for alert in self.alerts if not alert.told)
