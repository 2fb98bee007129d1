"""A batch above its project's threshold waits for a person: the question, and its one answer.

    waiting ──▶ approved
       ├──────▶ denied
       ├──────▶ withdrawn (the batch ended before anybody answered)
       └──────▶ expired (nobody answered in time)

The first answer stands. The same answer again changes nothing, the other one is refused.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.budget.errors import AlreadyDecided, ApprovalDenied, ApprovalExpired
from shared.budget.money import MicroUsd, usd_text
from shared.clip import Document
from shared.keys import Folder
from shared.manifest.names import APPROVED, DENIED, marker_of

PATIENCE = timedelta(days=3)


class Answer(StrEnum):
    """What a person may say."""

    APPROVED = "approved"
    DENIED = "denied"


class ApprovalState(StrEnum):
    """Where a question is."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Way(StrEnum):
    """How the answer came in."""

    MARKER = "marker"
    COMMAND = "command"
    LINK = "link"


class Approval(Document):
    """One question: may this run spend that much?

    It is about this run and this price; an edited manifest is another run and asks anew.
    `nonce` goes into the one-time links and is forgotten with the answer. `resume` is what wakes
    the waiting workflow (a Step Functions task token); opaque here.
    """

    version: int = 0
    project_id: str
    batch_id: str
    run_id: str
    estimate: MicroUsd = Field(ge=0)
    threshold: MicroUsd = Field(ge=0)
    state: ApprovalState = ApprovalState.WAITING
    asked_at: str
    expires_at: str
    decided_at: str = ""
    decided_by: str = ""
    way: Way | None = None
    nonce: str = Field("", repr=False)
    resume: str = Field("", repr=False)

    @property
    def folder(self) -> Folder:
        return Folder(self.project_id, self.batch_id)

    def changed(self, **values: Any) -> "Approval":
        return self.model_copy(update=values)


def ask(
    folder: Folder,
    run_id: str,
    *,
    estimate: MicroUsd,
    threshold: MicroUsd,
    at: datetime,
    nonce: str,
    resume: str = "",
    patience: timedelta = PATIENCE,
) -> Approval:
    """The question about a run's price."""
    return Approval(
        project_id=folder.project_id,
        batch_id=folder.batch_id,
        run_id=run_id,
        estimate=estimate,
        threshold=threshold,
        asked_at=at.isoformat(),
        expires_at=(at + patience).replace(microsecond=0).isoformat(),
        nonce=nonce,
        resume=resume,
    )


def look(approval: Approval, at: datetime) -> Approval:
    """The question as it stands at a moment: it expires by itself."""
    overdue = at >= datetime.fromisoformat(approval.expires_at)
    if approval.state is ApprovalState.WAITING and overdue:
        return approval.changed(
            state=ApprovalState.EXPIRED, decided_at=approval.expires_at, nonce=""
        )
    return approval


def withdraw(approval: Approval, at: datetime) -> Approval:
    """The question of a batch that has ended: nobody need answer it, and its links are dead."""
    now = look(approval, at)
    if now.state is not ApprovalState.WAITING:
        return now
    return now.changed(state=ApprovalState.WITHDRAWN, decided_at=at.isoformat(), nonce="")


def answer(approval: Approval, said: Answer, *, by: str, way: Way, at: datetime) -> Approval:
    """The question with its answer.

    Raises
    ------
    ApprovalExpired : it came too late.
    AlreadyDecided : the other answer was given before.
    """
    now = look(approval, at)
    if now.state is ApprovalState.EXPIRED:
        raise ApprovalExpired(_too_late(now))
    if now.state is ApprovalState.WAITING:
        return now.changed(
            state=ApprovalState(said.value),
            decided_at=at.isoformat(),
            decided_by=by,
            way=way,
            nonce="",
        )
    if now.state.value != said.value:
        who = f" by {now.decided_by}" if now.decided_by else ""
        raise AlreadyDecided(
            f"batch {_name(now)} was {now.state} on {now.decided_at}{who}; the first answer "
            "stands. To stop it, drop `CANCEL`; to ask again, drop the manifest again."
        )
    return now


def check_go_ahead(approval: Approval, at: datetime) -> bool:
    """May the run go on? False while nobody has answered.

    Raises
    ------
    ApprovalDenied, ApprovalExpired : it may not, and why.
    """
    now = look(approval, at)
    if now.state is ApprovalState.DENIED:
        who = f" by {now.decided_by}" if now.decided_by else ""
        raise ApprovalDenied(
            f"{usd_text(now.estimate)} for batch {_name(now)} was denied{who}. Nothing was spent. "
            "Make it cheaper and drop the manifest again."
        )
    if now.state is ApprovalState.EXPIRED:
        raise ApprovalExpired(_too_late(now))
    return now.state is ApprovalState.APPROVED


def said_by_marker(key: str, put_at: datetime, approval: Approval) -> Answer | None:
    """What a dropped marker says to a question; None when it says nothing.

    A marker that lay there before the price was known approves nothing: nobody had seen the price.
    S3 tells whole seconds; a tie counts as after.
    """
    said = {APPROVED: Answer.APPROVED, DENIED: Answer.DENIED}.get(marker_of(key) or "")
    asked = datetime.fromisoformat(approval.asked_at).replace(microsecond=0)
    return said if put_at >= asked else None


def _too_late(approval: Approval) -> str:
    return (
        f"nobody approved {usd_text(approval.estimate)} for batch {_name(approval)} by "
        f"{approval.expires_at}, so it was let go. Nothing was spent; drop the manifest again to "
        "ask again."
    )


def _name(approval: Approval) -> str:
    return approval.folder.prefix.rstrip("/")
