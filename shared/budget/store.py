"""What the ledger needs of a table."""

from collections.abc import Iterator
from typing import Protocol

from shared.budget.account import MonthAccount
from shared.budget.approval import Approval
from shared.budget.entry import BatchHold, LedgerEntry
from shared.budget.project import Project
from shared.budget.transitions import Books
from shared.keys import Folder


class LedgerStore(Protocol):
    """Projects, months, entries and holds; every read sees every write before it."""

    def project(self, name: str) -> Project | None: ...

    def projects(self) -> list[Project]: ...

    def save_project(self, project: Project) -> Project:
        """Write the row if its version is still the stored one; `Conflict` otherwise."""
        ...

    def account(self, project: str, month: str) -> MonthAccount | None: ...

    def accounts(self, project: str) -> list[MonthAccount]:
        """All months of a project, oldest first."""
        ...

    def entry(self, project: str, job_id: str) -> LedgerEntry | None:
        """The job's entry, in whichever month it is."""
        ...

    def entries(self, project: str, month: str) -> Iterator[LedgerEntry]: ...

    def hold(self, project: str, run_id: str) -> BatchHold | None: ...

    def holds(self, project: str) -> list[BatchHold]:
        """All holds of a project, closed ones included."""
        ...

    def commit(self, before: Books, after: Books) -> None:
        """Write the rows that differ, all or none.

        Raises
        ------
        Conflict : one of them is not any more what `before` says; nothing was written.
        """
        ...


class ApprovalStore(Protocol):
    """Questions to people about prices."""

    def approval(self, folder: Folder, run_id: str) -> Approval | None: ...

    def approvals(self, folder: Folder) -> list[Approval]:
        """All questions about a batch's runs, decided ones included."""
        ...

    def save_approval(self, approval: Approval) -> Approval:
        """Write the row if its version is still the stored one; `Conflict` otherwise."""
        ...
