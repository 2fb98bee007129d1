"""The ledger's table in plain memory, with the same conditions as the real one."""

from collections.abc import Iterator
from typing import TypeVar

from shared.budget.account import MonthAccount
from shared.budget.approval import Approval
from shared.budget.entry import BatchHold, LedgerEntry
from shared.budget.project import Project
from shared.budget.transitions import Books
from shared.keys import Folder
from shared.ports import Conflict

Row = TypeVar("Row", Project, MonthAccount, LedgerEntry, BatchHold, Approval)
Key = tuple[str, ...]


class MemoryLedger:
    """`LedgerStore` and `ApprovalStore` in dictionaries."""

    def __init__(self) -> None:
        self._projects: dict[Key, Project] = {}
        self._accounts: dict[Key, MonthAccount] = {}
        self._entries: dict[Key, LedgerEntry] = {}
        self._holds: dict[Key, BatchHold] = {}
        self._approvals: dict[Key, Approval] = {}

    def project(self, name: str) -> Project | None:
        return self._projects.get((name,))

    def projects(self) -> list[Project]:
        return [row for _, row in sorted(self._projects.items())]

    def save_project(self, project: Project) -> Project:
        return _save(self._projects, (project.name,), project)

    def account(self, project: str, month: str) -> MonthAccount | None:
        return self._accounts.get((project, month))

    def accounts(self, project: str) -> list[MonthAccount]:
        return [row for key, row in sorted(self._accounts.items()) if key[0] == project]

    def entry(self, project: str, job_id: str) -> LedgerEntry | None:
        return self._entries.get((project, job_id))

    def entries(self, project: str, month: str) -> Iterator[LedgerEntry]:
        rows = [row for key, row in sorted(self._entries.items()) if key[0] == project]
        return (row for row in rows if row.month == month)

    def hold(self, project: str, run_id: str) -> BatchHold | None:
        return self._holds.get((project, run_id))

    def holds(self, project: str) -> list[BatchHold]:
        return [row for key, row in sorted(self._holds.items()) if key[0] == project]

    def commit(self, before: Books, after: Books) -> None:
        changes = after.changes(before)
        for write in (_check, _save):  # all conditions first, then all writes
            for row in changes:
                if isinstance(row, MonthAccount):
                    write(self._accounts, (row.project_id, row.month), row)
                elif isinstance(row, LedgerEntry):
                    write(self._entries, (row.project_id, row.job_id), row)
                else:
                    write(self._holds, (row.project_id, row.run_id), row)

    def approval(self, folder: Folder, run_id: str) -> Approval | None:
        return self._approvals.get((*folder, run_id))

    def approvals(self, folder: Folder) -> list[Approval]:
        return [row for key, row in sorted(self._approvals.items()) if key[:2] == tuple(folder)]

    def save_approval(self, approval: Approval) -> Approval:
        key = (approval.project_id, approval.batch_id, approval.run_id)
        return _save(self._approvals, key, approval)


def _check(rows: dict[Key, Row], key: Key, row: Row) -> None:
    there = rows.get(key)
    if (there.version if there else 0) != row.version:
        raise Conflict(f"{'/'.join(key)} was changed by somebody else")


def _save(rows: dict[Key, Row], key: Key, row: Row) -> Row:
    _check(rows, key, row)
    saved = row.model_copy(update={"version": row.version + 1})
    rows[key] = saved
    return saved
