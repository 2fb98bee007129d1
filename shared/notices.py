"""What creators are told, and how subscribers can filter it.

A notice is one SNS message: a sentence for people, a JSON body for programs, and attributes
(`type`, `project`, `batch`, `status`) for filter policies.
"""

import json
from enum import StrEnum
from typing import Any

from shared.batch import BatchResult, ClipStatus
from shared.clip import Document
from shared.errors import Problem
from shared.keys import Folder

SUBJECT_LIMIT = 100  # SNS: ASCII, fewer than 100 characters
PROBLEM_LIMIT = 20


class NoticeType(StrEnum):
    ACCEPTED = "batch_accepted"
    REJECTED = "batch_rejected"
    CLIP_DONE = "clip_done"
    CLIP_FAILED = "clip_failed"
    NEEDS_REVIEW = "clip_needs_review"
    BATCH_DONE = "batch_done"


class Notification(Document):
    """A notice in the shape in which the Notify states hand it to SNS."""

    subject: str
    message: str
    attributes: dict[str, str]


def notice(
    type_: NoticeType,
    folder: Folder,
    text: str,
    *,
    status: str,
    links: dict[str, str],
    **facts: Any,
) -> Notification:
    """Compose a notice; `facts` go into the JSON body beside the sentence."""
    body = {
        "type": type_.value,
        "project": folder.project_id,
        "batch": folder.batch_id,
        "status": status,
        "text": text,
        **facts,
        "links": links,
    }
    return Notification(
        subject=_subject(f"Dropreel: {text}"),
        message=json.dumps(body, ensure_ascii=False),
        attributes={
            "type": type_.value,
            # SNS attributes must not be empty and are compared as they are
            "project": folder.project_id,
            "batch": folder.batch_id,
            "status": status,
        },
    )


CLIP_NOTICES = {
    ClipStatus.DONE: NoticeType.CLIP_DONE,
    ClipStatus.NEEDS_REVIEW: NoticeType.NEEDS_REVIEW,
}


def clip_notice(
    folder: Folder, stem: str, status: ClipStatus, reasons: tuple[str, ...], links: dict[str, str]
) -> Notification:
    type_ = CLIP_NOTICES.get(status, NoticeType.CLIP_FAILED)
    words = status.value.replace("_", " ")
    because = f": {reasons[0]}" if reasons else ""
    text = f"clip {stem} of {folder.prefix.rstrip('/')} is {words}{because}"
    return notice(
        type_, folder, text, status=status.value, links=links, stem=stem, reasons=list(reasons)
    )


def batch_notice(result: BatchResult, links: dict[str, str]) -> Notification:
    folder = Folder(result.project_id, result.batch_id)
    rejected = result.state == "rejected"
    tally = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in result.counts.items())
    faults = [str(Problem(**problem)) for problem in result.problems]
    detail = "; ".join(filter(None, (result.message, *faults[:1]))) if rejected else tally
    text = f"batch {folder.prefix.rstrip('/')} is {result.state.value}"
    return notice(
        NoticeType.REJECTED if rejected else NoticeType.BATCH_DONE,
        folder,
        f"{text} ({detail or 'nothing to make'})",
        status=result.state.value,
        links=links,
        counts=result.counts,
        cost_usd=round(result.cost.total_usd, 6),
        problems=[dict(problem) for problem in result.problems[:PROBLEM_LIMIT]],
    )


def _subject(text: str) -> str:
    plain = " ".join(text.encode("ascii", "replace").decode().split())
    return plain if len(plain) < SUBJECT_LIMIT else plain[: SUBJECT_LIMIT - 4] + "..."
