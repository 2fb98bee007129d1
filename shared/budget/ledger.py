"""The ledger: money is set aside before a paid call, and booked after it, however often one asks.

Each call reads the books, decides with a pure function (`transitions.py`), and writes all rows that
changed at once if none was changed meanwhile; who loses reads again and decides again.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from shared.budget import transitions
from shared.budget.account import MonthAccount
from shared.budget.entry import Attempt, BatchHold, Charge, EntryState, LedgerEntry
from shared.budget.errors import BudgetExceeded, NothingHeld
from shared.budget.money import MicroUsd
from shared.budget.months import month_of
from shared.budget.project import Project
from shared.budget.store import LedgerStore
from shared.budget.transitions import Books
from shared.keys import Folder
from shared.ports import Conflict

TRIES = 12


@dataclass(frozen=True, slots=True)
class BudgetWarning:
    """What somebody should be told of a month.

    Marks of the budget that were reached, and what the last booking cost beyond what was set aside
    for it.
    """

    account: MonthAccount
    percents: tuple[int, ...] = ()
    overrun: MicroUsd = 0


def back_off(attempt: int) -> None:
    """Wait a random while, longer each time: a batch's clips meet at one row."""
    time.sleep(random.uniform(0, min(1.0, 0.02 * 2**attempt)))  # noqa: S311 - jitter, no secret


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The ledger over its table.

    Parameters
    ----------
    store : where the rows are.
    warn : is told when a mark of the budget is reached, once each, and when an attempt cost more
        than was set aside for it. If it fails, the mark stays untold and `warn_again` repeats it.
    """

    store: LedgerStore
    warn: Callable[[BudgetWarning], None] = lambda _: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[int], None] = field(default=back_off)

    def hold_batch(
        self, folder: Folder, run_id: str, amount: MicroUsd, *, approved_by: str = ""
    ) -> BatchHold:
        """Set aside what a batch may cost, before its first paid call.

        Returns the hold; not `open` when this run's was closed before.

        Raises
        ------
        BudgetExceeded : the month does not hold it; nothing was set aside.
        """
        name, now = folder.project_id, self.now()
        wanted = BatchHold(
            project_id=name,
            batch_id=folder.batch_id,
            run_id=run_id,
            month=month_of(now),
            amount=amount,
            left=amount,
            approved_by=approved_by,
            held_at=now.isoformat(),
        )

        def read() -> Books:
            hold = self.store.hold(name, run_id)
            return Books(self._account(name, (hold or wanted).month), hold=hold)

        project = self._project(name)
        after = self._change(read, lambda books: transitions.open_hold(books, project, wanted, now))
        assert after.hold is not None  # noqa: S101 - narrows the type: it was just opened
        return after.hold

    def approve_batch(self, project: str, run_id: str, by: str) -> BatchHold | None:
        """Write onto a batch's hold who approved its price."""
        return self._change_hold(project, run_id, lambda books: transitions.approve_hold(books, by))

    def close_batch(self, project: str, run_id: str) -> BatchHold | None:
        """Give back what a batch has set aside and no attempt has drawn."""
        return self._change_hold(
            project, run_id, lambda books: transitions.close_hold(books, self.now())
        )

    def _change_hold(
        self, project: str, run_id: str, decide: Callable[[Books], Books]
    ) -> BatchHold | None:
        def read() -> Books:
            hold = self.store.hold(project, run_id)
            month = hold.month if hold else month_of(self.now())
            return Books(self._account(project, month), hold=hold)

        return self._change(read, decide).hold

    def reserve(self, attempt: Attempt) -> LedgerEntry:
        """Set an attempt's money aside, before anything is sent.

        Only an entry that `may_spend` allows the paid call: asked again, an attempt that has ended
        or whose fate is unknown gets its entry back as it is.

        Raises
        ------
        BudgetExceeded : the month does not hold it; nothing was set aside.
        """
        name = attempt.project_id
        project = self._project(name)
        after = self._change(
            lambda: self._books(name, attempt.job_id, attempt.run_id),
            lambda books: transitions.reserve(books, project, attempt, self.now()),
        )
        assert after.entry is not None  # noqa: S101 - narrows the type: it was just made
        return after.entry

    def settle(self, project: str, job_id: str, charge: Charge) -> LedgerEntry | None:
        """Book what an attempt cost, success or not.

        Raises
        ------
        NotReserved : the job never reserved anything.
        """
        return self._move(
            project, job_id, lambda books: transitions.settle(books, charge, self.now())
        )

    def release(self, project: str, job_id: str, why: str = "") -> LedgerEntry | None:
        """Give back the money of an attempt that verifiably costs nothing, or never began."""
        return self._move(
            project, job_id, lambda books: transitions.release(books, self.now(), note=why)
        )

    def hold(self, project: str, job_id: str, why: str = "") -> LedgerEntry | None:
        """Keep the money set aside until somebody knows what became of the attempt."""
        return self._move(
            project, job_id, lambda books: transitions.hold(books, self.now(), note=why)
        )

    def resolve_hold(
        self, project: str, job_id: str, charge: Charge | None, *, by: str, note: str = ""
    ) -> LedgerEntry | None:
        """A person's or a look-up's answer: what was charged, or None for nothing.

        Raises
        ------
        NothingHeld : there is no open question about this job.
        """

        def answer(books: Books) -> Books:
            entry = books.entry
            if entry is None or (entry.state is not EntryState.HELD_UNKNOWN and not entry.ended):
                raise NothingHeld(f"there is no open question about the money of job {job_id}")
            if entry.ended:
                return books  # answered before, or it ended by itself
            if charge is None:
                return transitions.release(books, self.now(), resolved_by=by, note=note)
            return transitions.settle(books, charge, self.now(), resolved_by=by, note=note)

        return self._move(project, job_id, answer)

    def warn_again(self, project: str, month: str) -> None:
        """Tell the marks whose message was lost (the sweeper's part)."""
        account = self.store.account(project, month)
        if account and account.untold():
            self._warn(BudgetWarning(account, account.untold()))

    def warn_lost(self) -> None:
        """Tell every mark of this month whose message was lost."""
        for project in self.store.projects():
            self.warn_again(project.name, month_of(self.now()))

    def _move(
        self, project: str, job_id: str, decide: Callable[[Books], Books]
    ) -> LedgerEntry | None:
        return self._change(lambda: self._books(project, job_id), decide).entry

    def _books(self, project: str, job_id: str, run_id: str = "") -> Books:
        """The rows about a job. The month is that of its entry, else of its batch's hold, else now.

        So money that was set aside in November stays November's, whenever the job ends.
        """
        entry = self.store.entry(project, job_id)
        hold = self.store.hold(project, entry.run_id if entry else run_id)
        if entry:
            month = entry.month
        elif hold and hold.open:
            month = hold.month
        else:
            month = month_of(self.now())
        ours = hold if hold and hold.month == month else None
        return Books(self._account(project, month), entry, ours)

    def _change(self, read: Callable[[], Books], decide: Callable[[Books], Books]) -> Books:
        for attempt in range(TRIES):
            before = read()
            try:
                after = decide(before)
            except BudgetExceeded:
                if _moved_on(before, read()):
                    continue  # a twin of this call took the money: it is ours as well
                raise
            if after == before:
                return after
            try:
                self.store.commit(before, after)
            except Conflict:
                self.pause(attempt)
                continue
            self._tell(before.account, after.account)
            return after.written(before)
        raise Conflict(f"the account of {before.account.project_id} is too busy")

    def _tell(self, before: MonthAccount, after: MonthAccount) -> None:
        known = {alert.percent for alert in before.alerts}
        percents = tuple(a.percent for a in after.alerts if a.percent not in known)
        overrun = max(0, after.overrun - before.overrun)
        if percents or overrun:
            self._warn(BudgetWarning(after, percents, overrun))

    def _warn(self, warning: BudgetWarning) -> None:
        self.warn(warning)
        if not warning.percents:
            return
        account = warning.account

        def mark(books: Books) -> Books:
            return replace(books, account=books.account.told(warning.percents))

        self._change(lambda: Books(self._account(account.project_id, account.month)), mark)

    def _project(self, name: str) -> Project:
        """A project that nobody has set up has no money."""
        return self.store.project(name) or Project(name=name)

    def _account(self, project: str, month: str) -> MonthAccount:
        return self.store.account(project, month) or MonthAccount(project_id=project, month=month)


def _moved_on(before: Books, now: Books) -> bool:
    """Is there an entry or a hold by now that was not there when the decision was made?"""
    return (before.entry is None and now.entry is not None) or (
        before.hold is None and now.hold is not None
    )
