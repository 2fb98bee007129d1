"""A ledger's table on a bad day: calls die before or after their write, others come in between."""

from collections import Counter
from collections.abc import Callable

from shared.budget.account import MonthAccount
from shared.budget.memory import MemoryLedger
from shared.budget.transitions import Books


class Crash(Exception):
    """The process died here."""


class UnreliableLedger(MemoryLedger):
    """A `MemoryLedger` that can be told to fail, once each.

    `dies` says where the next write dies: `before` it, or `after` it. `meanwhile` runs once, in the
    middle of somebody else's call: at their next read of a month, or right before their next write.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dies = ""
        self.meanwhile: Callable[[], object] | None = None
        self.meanwhile_at = "write"
        self.adopted: Counter[str] = Counter()

    def account(self, project: str, month: str) -> MonthAccount | None:
        self._let_others("read")
        return super().account(project, month)

    def commit(self, before: Books, after: Books) -> None:
        self._let_others("write")
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Crash
        super().commit(before, after)
        self._check(before.account, after.account)
        if dies == "after":
            raise Crash

    def _let_others(self, place: str) -> None:
        if self.meanwhile and self.meanwhile_at == place:
            others, self.meanwhile = self.meanwhile, None
            others()

    def _check(self, before: MonthAccount, after: MonthAccount) -> None:
        """Whoever sets money aside leaves the month within its budget."""
        self.adopted[after.month] += before.budget != after.budget
        if after.committed > before.committed and after.overrun == before.overrun:
            assert after.committed <= after.budget
