"""Where the money went: ledger entries, summed by what one asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.budget.account import MonthAccount
from shared.budget.entry import EntryState, LedgerEntry
from shared.budget.money import MicroUsd, usd


class By(StrEnum):
    """What spending can be summed by."""

    PROJECT = "project"
    PROVIDER = "provider"
    MODEL = "model"
    MONTH = "month"

    def of(self, entry: LedgerEntry) -> str:
        return str(getattr(entry, "project_id" if self is By.PROJECT else self.value))


@dataclass(frozen=True, slots=True)
class Spend:
    """One line: how many attempts, what they were expected to cost, what they did cost.

    `estimated` counts billed attempts only, so that it can be held against `spent`. `reserved` is
    set aside for what runs; `unknown` is the part of it whose fate nobody knows.
    """

    name: str
    attempts: int
    billed: int
    estimated: MicroUsd
    spent: MicroUsd
    reserved: MicroUsd
    unknown: MicroUsd

    @property
    def off_by_percent(self) -> float | None:
        """How far the spending is from the estimate; None without an estimate."""
        return 100 * (self.spent / self.estimated - 1) if self.estimated else None

    def to_dict(self) -> dict[str, Any]:
        """The line for JSON, in dollars."""
        off = self.off_by_percent
        return {
            "name": self.name,
            "attempts": self.attempts,
            "billed": self.billed,
            "estimated_usd": usd(self.estimated),
            "spent_usd": usd(self.spent),
            "off_by_percent": None if off is None else round(off, 1),
            "reserved_usd": usd(self.reserved),
            "unknown_usd": usd(self.unknown),
        }


def spend_by(entries: Iterable[LedgerEntry], by: By) -> list[Spend]:
    """Sum entries by project, provider, model or month; the dearest first, months in order."""
    groups: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        groups.setdefault(by.of(entry), []).append(entry)
    lines = [_line(name, rows) for name, rows in sorted(groups.items())]
    return lines if by is By.MONTH else sorted(lines, key=lambda line: -line.spent)


def _line(name: str, rows: list[LedgerEntry]) -> Spend:
    billed = [row for row in rows if row.state is EntryState.SETTLED]
    return Spend(
        name=name,
        attempts=len(rows),
        billed=len(billed),
        estimated=sum(row.estimate for row in billed),
        spent=sum(row.spent for row in billed),
        reserved=sum(row.held for row in rows),
        unknown=sum(row.held for row in rows if row.state is EntryState.HELD_UNKNOWN),
    )


def account_summary(account: MonthAccount) -> dict[str, Any]:
    """A month's totals for JSON, in dollars; `reserved` includes what batches have set aside."""
    return {
        "project": account.project_id,
        "month": account.month,
        "budget_usd": usd(account.budget),
        "spent_usd": usd(account.settled),
        "reserved_usd": usd(account.reserved),
        "free_usd": usd(account.free),
        "overrun_usd": usd(account.overrun),
    }
