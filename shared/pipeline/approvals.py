"""People's answers to questions about prices: taken as a dropped marker, and handed on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.budget.approval import Approval, ApprovalState
from shared.budget.questions import Questions
from shared.keys import Folder
from shared.pipeline.services import RunRef
from shared.ports import ObjectHead
from shared.state import RunRow

DECIDED_BY = "decided-by"
"""Metadata of a marker that `dropreel approve` drops: who says so."""


class Waker(Protocol):
    """Whatever makes a waiting workflow look again."""

    def wake(self, resume: str) -> None:
        """Wake the workflow that waits with `resume`; waking it twice changes nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """Questions, and the workflows that wait for their answers."""

    questions: Questions
    waker: Waker

    def answer_by_marker(self, folder: Folder, marker: ObjectHead, by: str) -> Sequence[Approval]:
        """Give a dropped `APPROVED` or `DENIED` to every question that waits, and wake them.

        Told again it wakes again: the first telling may have died half way.
        """
        who = marker.metadata.get(DECIDED_BY) or by or "a dropped marker"
        answered = self.questions.answer_by_marker(
            folder, marker.ref.key, marker.modified, printable_name(who)
        )
        for approval in answered:
            self.wake(approval)
        return answered

    def await_answer(self, run: RunRef, row: RunRow | None, resume: str) -> None:
        """Let a run's workflow wait with `resume`; wake it at once where there is no need to."""
        there = self.questions.store.approval(run.folder, run.run_id)
        stopped = row is None or row.run_id != run.run_id or row.cancel_requested
        if there is None or stopped:
            self.waker.wake(resume)
            return
        asked, _ = self.questions.ask(
            run.folder,
            run.run_id,
            estimate=there.estimate,
            threshold=there.threshold,
            resume=resume,
        )
        if asked.state is not ApprovalState.WAITING:
            self.waker.wake(resume)

    def wake_waiting(self, folder: Folder) -> None:
        """Make every workflow of a folder look again that waits for an answer."""
        for approval in self.questions.waiting(folder):
            self.wake(approval)

    def wake(self, approval: Approval) -> None:
        if approval.resume:
            self.waker.wake(approval.resume)


def printable_name(text: str) -> str:
    """A name as it may stand in the books: one line, and short."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:120]
