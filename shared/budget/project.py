"""A project's rules about money and models; without a row nothing may be spent."""

from typing import Any

from pydantic import Field, field_validator

from shared.budget.money import MicroUsd
from shared.clip import Document
from shared.routing.policy import Policy
from shared.scoring.policy import ScoringPolicy

ALERT_PERCENTS = (50, 80, 100)


class Project(Document):
    """What a project may spend, and on which models.

    `monthly_budget` of 0 means that nothing may be spent; there is no value for "unlimited".
    `approve_above` is what a batch may cost before a person is asked: None asks never (the budget
    is the approval), 0 asks for every batch that costs anything. `default_route` is taken where a
    manifest names none; empty means the deployment's own. `scoring` is what it asks of keyframes.
    """

    version: int = 0
    name: str
    monthly_budget: MicroUsd = Field(0, ge=0)
    approve_above: MicroUsd | None = Field(None, ge=0)
    policy: Policy = Policy()
    scoring: ScoringPolicy = ScoringPolicy()
    default_route: tuple[str, ...] = ()
    alert_percents: tuple[int, ...] = ALERT_PERCENTS
    changed_at: str = ""
    changed_by: str = ""

    @field_validator("alert_percents")
    @classmethod
    def _ascending(cls, percents: tuple[int, ...]) -> tuple[int, ...]:
        if any(percent <= 0 for percent in percents):
            raise ValueError("alert marks are percentages above 0")
        return tuple(sorted(set(percents)))

    def changed(self, **values: Any) -> "Project":
        """The project with these fields replaced, checked like a new one."""
        return Project.model_validate({**self.model_dump(), **values})

    def must_be_asked(self, estimate: MicroUsd) -> bool:
        """Does a batch of this price wait for a person?"""
        return self.approve_above is not None and estimate > self.approve_above
