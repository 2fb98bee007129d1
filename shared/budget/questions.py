"""Asking people about prices and taking their answers, however often either happens."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.budget.approval import (
    PATIENCE,
    Answer,
    Approval,
    ApprovalState,
    Way,
    answer,
    ask,
    check_go_ahead,
    look,
    said_by_marker,
    withdraw,
)
from shared.budget.approval_link import answer_by_link, read_token
from shared.budget.errors import AlreadyDecided, ApprovalExpired, LinkRefused
from shared.budget.money import MicroUsd
from shared.budget.store import ApprovalStore
from shared.keys import Folder
from shared.ports import Conflict

TRIES = 8


@dataclass(frozen=True, kw_only=True)
class Questions:
    """Questions over their table.

    Whoever gets an approval back that is decided and has a `resume` wakes the workflow with it;
    waking it twice is for the caller to make harmless.
    """

    store: ApprovalStore
    patience: timedelta = PATIENCE
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    nonce: Callable[[], str] = secrets.token_urlsafe

    def ask(
        self,
        folder: Folder,
        run_id: str,
        *,
        estimate: MicroUsd,
        threshold: MicroUsd,
        resume: str = "",
    ) -> tuple[Approval, bool]:
        """Ask about a run's price, once.

        Returns
        -------
        (approval, new) : the question as it stands, and whether people must be told of it. Asked
            again it keeps its answer and its time; a workflow that was restarted waits with its
            new `resume`.
        """
        for _ in range(TRIES):
            there = self.store.approval(folder, run_id)
            if there and (there.resume == resume or not resume):
                return look(there, self.now()), False
            asked = (
                there.changed(resume=resume)
                if there
                else ask(
                    folder,
                    run_id,
                    estimate=estimate,
                    threshold=threshold,
                    at=self.now(),
                    nonce=self.nonce(),
                    resume=resume,
                    patience=self.patience,
                )
            )
            try:
                return look(self.store.save_approval(asked), self.now()), there is None
            except Conflict:
                continue  # somebody else asked or answered: look again
        raise Conflict(f"the question about run {run_id} is too busy")

    def may_go_on(self, folder: Folder, run_id: str) -> bool:
        """Was the run's price approved? False while it waits, and where nobody was asked.

        Raises
        ------
        ApprovalDenied, ApprovalExpired : it may not go on, and why.
        """
        there = self.store.approval(folder, run_id)
        return check_go_ahead(there, self.now()) if there else False

    def answer_by_marker(
        self, folder: Folder, key: str, put_at: datetime, by: str
    ) -> list[Approval]:
        """Give a dropped marker's answer to every question of its folder that waits.

        Returns the questions that stand so by now, those answered so before included.
        """
        answered = []
        for found in self.store.approvals(folder):
            said = said_by_marker(key, put_at, found)
            if said is None:
                continue
            try:
                answered.append(self._answer(found, said, by=by, way=Way.MARKER))
            except (AlreadyDecided, ApprovalExpired):
                continue  # an old run's question; the marker speaks to those that wait
        return answered

    def look_at_link(self, key: bytes, token: str) -> tuple[Approval, Answer]:
        """What a one-time link would answer, without answering.

        Raises
        ------
        LinkRefused : it is forged, used or too old.
        """
        claim = read_token(key, token, self.now())
        there = self.store.approval(claim.folder, claim.run_id)
        answer_by_link(there, claim, self.now())
        assert there is not None  # noqa: S101 - narrows the type: the line above refuses None
        return there, claim.said

    def answer_by_link(self, key: bytes, token: str) -> Approval:
        """Give a one-time link's answer.

        Raises
        ------
        LinkRefused : it is forged, used or too old.
        """
        claim = read_token(key, token, self.now())
        there = self.store.approval(claim.folder, claim.run_id)
        decided = answer_by_link(there, claim, self.now())
        try:
            return self.store.save_approval(decided)
        except Conflict as error:  # its twin was faster
            raise LinkRefused("This link was used at this very moment.") from error

    def withdraw(self, folder: Folder, run_id: str) -> None:
        """Take the question of a run back that has ended."""
        for _ in range(TRIES):
            there = self.store.approval(folder, run_id)
            if there is None or there.state is not ApprovalState.WAITING:
                return
            with suppress(Conflict):  # somebody answers at this very moment: look again
                self.store.save_approval(withdraw(there, self.now()))
                return

    def waiting(self, folder: Folder) -> list[Approval]:
        """The questions of a folder that nobody has answered yet."""
        return [
            found
            for found in self.store.approvals(folder)
            if look(found, self.now()).state is ApprovalState.WAITING
        ]

    def expire(self, folder: Folder, run_id: str) -> Approval | None:
        """Let a question go that nobody answered in time; None when there is nothing to let go."""
        there = self.store.approval(folder, run_id)
        now = look(there, self.now()) if there else None
        if now is None or now.state is not ApprovalState.EXPIRED:
            return None
        return now if now == there else self.store.save_approval(now)

    def _answer(self, found: Approval, said: Answer, *, by: str, way: Way) -> Approval:
        for _ in range(TRIES):
            there = self.store.approval(found.folder, found.run_id) or found
            decided = answer(there, said, by=by, way=way, at=self.now())
            if decided == there:
                return there
            try:
                return self.store.save_approval(decided)
            except Conflict:
                continue  # somebody else answered: the first answer stands
        raise Conflict(f"the question about run {found.run_id} is too busy")
