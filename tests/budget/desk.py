"""A ledger on a given day, and the attempts that ask it for money."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.budget.entry import Attempt, Charge, CostSource, PriceUsed
from shared.budget.ledger import BudgetWarning, Ledger
from shared.budget.money import micro_usd
from shared.budget.project import Project
from shared.budget.store import LedgerStore
from shared.keys import Folder

FILM = Folder("film", "day-1")
PRICE = PriceUsed(
    id="acme/one#720p", source="https://example.com", as_of="2026-10-01", verification="reported"
)


@dataclass
class Desk:
    """One project, its ledger, a clock that can be set, and the warnings that went out."""

    store: LedgerStore
    now: datetime = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    warnings: list[BudgetWarning] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(
            store=self.store,
            warn=self.warnings.append,
            now=lambda: self.now,
            pause=lambda _: None,
        )

    def budget(self, dollars: float, **more: Any) -> Project:
        project = self.store.project("film") or Project(name="film")
        changed = project.changed(monthly_budget=micro_usd(dollars), **more)
        return self.store.save_project(changed)

    def account(self, month: str = "2026-11") -> tuple[int, int]:
        """Set aside and spent, in whole cents."""
        account = self.store.account("film", month)
        assert account
        return account.reserved // 10_000, account.settled // 10_000


def attempt(job_id: str, dollars: float, *, run: str = "run-1", **more: Any) -> Attempt:
    amount = micro_usd(dollars)
    return Attempt(
        project_id="film",
        batch_id="day-1",
        run_id=run,
        stem=job_id,
        job_id=job_id,
        **{
            "provider": "acme",
            "model": "acme/one",
            "estimate": amount,
            "reserved": amount,
            "price": PRICE,
            **more,
        },
    )


def charge(dollars: float, source: CostSource = CostSource.PROVIDER_REPORTED) -> Charge:
    return Charge(amount=micro_usd(dollars), source=source)
