"""How money moves: pure functions from books to books.

          reserve              settle
    ∅ ───────────▶ reserved ───────────▶ settled ◀┐ (a more trusted amount; a late success)
                    │   │ release                 │
               hold │   └───────────▶ released ───┤
                    ▼                     ▲       │
               held_unknown ──────────────┴───────┘
                             (release, settle, or a person: resolve)

Every function may be called again, and out of order: what is known already changes nothing, and
then the very same books come back. Nothing ever leads back to `reserved`: an attempt that ended is
over, another try is another job.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from shared.budget.account import MonthAccount
from shared.budget.entry import Attempt, BatchHold, Charge, EntryState, LedgerEntry
from shared.budget.errors import NotReserved
from shared.budget.money import MicroUsd
from shared.budget.project import Project
from shared.jobs.outcome import Billed


@dataclass(frozen=True, slots=True)
class Books:
    """The rows that one decision is made from: the month, the attempt, its batch's hold."""

    account: MonthAccount
    entry: LedgerEntry | None = None
    hold: BatchHold | None = None

    @property
    def open_hold(self) -> BatchHold | None:
        return self.hold if self.hold and self.hold.open else None

    def changes(self, before: "Books") -> tuple[MonthAccount | LedgerEntry | BatchHold, ...]:
        """The rows that differ from those of `before`: what has to be written.

        A new month's account goes with its first row, even if that one costs nothing: who lists
        the months must find every entry.
        """
        rows = [
            now
            for now, then in ((self.entry, before.entry), (self.hold, before.hold))
            if now is not None and now != then
        ]
        new_month = bool(rows) and not self.account.version
        if new_month or self.account != before.account:
            return (self.account, *rows)
        return tuple(rows)

    def written(self, before: "Books") -> "Books":
        """The rows as they are stored, once `changes` are written: each a version further."""
        changes = self.changes(before)
        return Books(
            _next(self.account, changes), _next(self.entry, changes), _next(self.hold, changes)
        )


Row = TypeVar("Row", MonthAccount, LedgerEntry | None, BatchHold | None)


def _next(row: Row, changes: tuple[object, ...]) -> Row:
    if row is None or row not in changes:
        return row
    return row.model_copy(update={"version": row.version + 1})


def open_hold(books: Books, project: Project, hold: BatchHold, at: datetime) -> Books:
    """Set a batch's money aside, once.

    Raises
    ------
    BudgetExceeded : the month does not hold it.
    """
    if books.hold is not None:
        return books
    account = books.account.under(project).claimed(hold.amount).marked(at)
    return replace(books, account=account, hold=hold)


def approve_hold(books: Books, by: str) -> Books:
    """Write down who approved a batch's price; its attempts carry the name on."""
    hold = books.hold
    if hold is None or hold.approved_by == by:
        return books
    return replace(books, hold=hold.changed(approved_by=by))


def close_hold(books: Books, at: datetime) -> Books:
    """Give back what no attempt of the batch has drawn."""
    hold = books.open_hold
    if hold is None:
        return books
    account = books.account.changed(reserved=books.account.reserved - hold.left)
    closed = hold.changed(left=0, open=False, closed_at=at.isoformat())
    return replace(books, account=account, hold=closed)


def reserve(books: Books, project: Project, attempt: Attempt, at: datetime) -> Books:
    """Set an attempt's money aside, once: from its batch's hold, the rest from the month.

    Raises
    ------
    BudgetExceeded : the month does not hold the rest.
    """
    if books.entry is not None:
        return books
    hold = books.open_hold
    drawn = min(attempt.reserved, hold.left) if hold else 0
    account, rest = books.account, attempt.reserved - drawn
    if rest:
        account = account.under(project).claimed(rest).marked(at)
    approved_by = attempt.approved_by or (hold.approved_by if hold else "")
    entry = LedgerEntry(
        **{**attempt.model_dump(), "approved_by": approved_by},
        month=account.month,
        reserved_at=at.isoformat(),
        changed_at=at.isoformat(),
    )
    if hold and drawn:
        return Books(account, entry, hold.changed(left=hold.left - drawn))
    return replace(books, account=account, entry=entry)


def settle(
    books: Books, charge: Charge, at: datetime, *, resolved_by: str = "", note: str = ""
) -> Books:
    """Book what the attempt cost, success or not.

    Counted in full even beyond what was set aside, and beyond the budget: the money is gone. What
    the attempt did not need goes back to its batch while that runs, else to the month. A second
    word counts only if it comes from a more trusted source.
    """
    entry = _entry(books)
    if entry.state is EntryState.SETTLED and not charge.source.beats(entry.cost_source):
        return books
    returned = max(0, entry.held - charge.amount) if books.open_hold else 0
    covered = entry.held + entry.spent - entry.overrun
    overrun = max(0, charge.amount - covered)
    account = books.account.changed(
        reserved=books.account.reserved - entry.held + returned,
        settled=books.account.settled - entry.spent + charge.amount,
        overrun=books.account.overrun - entry.overrun + overrun,
    ).marked(at)
    settled = entry.changed(
        state=EntryState.SETTLED,
        actual=charge.amount,
        overrun=overrun,
        cost_source=charge.source,
        billed=Billed.YES,
        changed_at=at.isoformat(),
        resolved_by=resolved_by or entry.resolved_by,
        note=note or entry.note,
    )
    return Books(account, settled, _returned(books, returned))


def release(books: Books, at: datetime, *, resolved_by: str = "", note: str = "") -> Books:
    """Give back what was set aside for an attempt that verifiably costs nothing.

    A charge that is booked stays booked, whatever comes late.
    """
    entry = books.entry
    if entry is None or entry.ended:
        return books
    returned = entry.held if books.open_hold else 0
    account = books.account.changed(reserved=books.account.reserved - entry.held + returned)
    released = entry.changed(
        state=EntryState.RELEASED,
        billed=Billed.NO,
        changed_at=at.isoformat(),
        resolved_by=resolved_by or entry.resolved_by,
        note=note or entry.note,
    )
    return Books(account, released, _returned(books, returned))


def hold(books: Books, at: datetime, *, note: str = "") -> Books:
    """Keep the money set aside: nobody knows whether the attempt was accepted or charged."""
    entry = _entry(books)
    if entry.state is not EntryState.RESERVED:
        return books
    held = entry.changed(state=EntryState.HELD_UNKNOWN, changed_at=at.isoformat(), note=note)
    return replace(books, entry=held)


def _entry(books: Books) -> LedgerEntry:
    if books.entry is None:
        raise NotReserved(f"money of {books.account.project_id} is booked for an unknown job")
    return books.entry


def _returned(books: Books, amount: MicroUsd) -> BatchHold | None:
    hold = books.open_hold
    return hold.changed(left=hold.left + amount) if hold and amount else books.hold
