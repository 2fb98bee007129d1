"""CloseBatch: everything is made or refused; tell it, file it, and let the next one in."""

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.batch import BatchResult, BatchState, ClipResult, ClipStatus
from shared.clip import Document, ObjectRef
from shared.errors import LibraryKeyTaken
from shared.keys import ERRORS_NAME, PLAN_NAME, ArtefactKeys
from shared.notices import Notification, batch_notice
from shared.pipeline.check import kept_problems
from shared.pipeline.delivery import build_delivery
from shared.pipeline.library import CONTENT, RUN, publish_bytes, refuse_foreign
from shared.pipeline.results import batch_result
from shared.pipeline.runs import change_run
from shared.pipeline.services import RunRef, Services
from shared.pipeline.status import write_status
from shared.ports import Conflict, DropQueue
from shared.report.contact_sheet import Cell, contact_sheet
from shared.report.cost import cost_document
from shared.report.page import render_report
from shared.report.phrases import tone_of
from shared.report.text import errors_markdown, plan_markdown
from shared.state import ClipRow, RunRow

UNDONE = frozenset({ClipStatus.FAILED, ClipStatus.CANCELLED})
MARKDOWN = "text/markdown; charset=utf-8"
INLINE_THUMBS = 500
SHEET_LIMIT = 200  # clips on the contact sheet


class Closed(Document):
    """The answer of `close_batch`."""

    state: BatchState
    notification: Notification
    clips: int
    cost_usd: float
    seconds: dict[str, float]


def close_batch(
    services: Services, queue: DropQueue, run: RunRef, outcome: BatchState, message: str = ""
) -> Closed:
    """End a run: reports into the library, answers into the drop folder, the row at its end.

    Safe to repeat; a newer version of the manifest that waited is dropped again at the very end.
    """
    change_run(services, run, lambda row: row.changed(state=BatchState.CLOSING))
    clips = [_ended(services, row, outcome) for row in services.rows.clips(run.folder, run.run_id)]
    row = _end_run(services, run, outcome, message, clips)
    result = batch_result(services, row, clips, kept_problems(services, run))
    if not run.dry_run:
        result = _file(services, run, result, _thumbs(services, clips))
    _answer(services, run, result)
    write_status(services, run.folder, force=True)
    if row.pending is not None:
        queue.drop_again(row.pending)
    return Closed(
        state=row.state,
        notification=batch_notice(result, services.links(run.folder, run.run_id)),
        clips=len(result.clips),
        cost_usd=result.cost.total_usd,
        seconds=result.seconds,
    )


def _ended(services: Services, row: ClipRow, outcome: BatchState) -> ClipRow:
    """A clip that nobody ended: its child was stopped with the batch."""
    planned_only = row.status is ClipStatus.PLANNED and outcome is BatchState.FINISHED
    if row.status.ended or planned_only:
        return row
    end = ClipStatus.CANCELLED if outcome is BatchState.CANCELLED else ClipStatus.FAILED
    with suppress(Conflict):
        return services.rows.save_clip(row.moved(end, reasons=("stopped with its batch.",)))
    return services.rows.clip(row.folder, row.run_id, row.stem) or row


def _end_run(
    services: Services, run: RunRef, outcome: BatchState, message: str, clips: list[ClipRow]
) -> RunRow:
    def end(row: RunRow) -> RunRow:
        stopped = row.cancel_requested and any(
            clip.status is ClipStatus.CANCELLED for clip in clips
        )
        return row.changed(
            state=BatchState.CANCELLED if stopped else outcome,
            message=message,
            missing=(),
            undone=any(clip.status in UNDONE for clip in clips),
            ended_at=services.now().isoformat(),
        )

    row = change_run(services, run, end)
    if row is None:
        raise Conflict(f"run {run.run_id} was replaced while it was being closed")
    return row


def _file(
    services: Services, run: RunRef, result: BatchResult, thumbs: dict[str, bytes]
) -> BatchResult:
    """Reports, bill and archive into the library; returns the result with what could not be."""
    done = [clip for clip in result.clips if clip.status is ClipStatus.DONE]
    notes = []
    with TemporaryDirectory() as scratch:
        archive = Path(scratch) / "delivery.zip"
        count, note = build_delivery(services, run.folder, result, archive)
        notes += [note] if note else []
        if count:
            refuse_foreign(services, run.folder.key(archive.name))
            services.objects.upload(
                services.library_bucket,
                run.folder.key(archive.name),
                archive,
                content_type="application/zip",
                metadata={RUN: run.run_id, CONTENT: run.run_id},
            )
    result = result.model_copy(update={"message": " ".join((result.message, *notes)).strip()})
    documents = {
        "report.html": (
            render_report(result, thumbs, downloads=_downloads(len(done))).encode(),
            "text/html; charset=utf-8",
        ),
        "cost.json": (_json(cost_document(result)), "application/json"),
    }
    if done:
        sheet = contact_sheet(
            [
                Cell(
                    stem=clip.stem,
                    caption=f"{clip.duration_sec:g} s · {clip.width} x {clip.height}",
                    image_bytes=_poster(services, run, clip) or thumbs.get(clip.stem),
                    status=tone_of(clip.status),
                )
                for clip in result.clips
            ]
        )
        documents["contact_sheet.jpg"] = (sheet, "image/jpeg")
    if result.problems or any(clip.reasons for clip in result.clips):
        documents["rejected.json"] = (_json(_rejections(result)), "application/json")
    for name, (data, type_) in documents.items():
        with suppress(LibraryKeyTaken):  # a stranger's file of that name stays; the page says so
            publish_bytes(
                services,
                run.folder.key(name),
                data,
                run_id=run.run_id,
                content=run.run_id,
                type_=type_,
            )
    return result


def _poster(services: Services, run: RunRef, clip: ClipResult) -> bytes | None:
    """The clip's own poster, if it has one."""
    name = clip.files.get("poster")
    if name is None or clip.index >= SHEET_LIMIT:
        return None
    ref = ObjectRef(bucket=services.library_bucket, key=run.folder.key(name))
    with suppress(FileNotFoundError):
        return services.objects.read(ref)
    return None


def _downloads(done: int) -> dict[str, str]:
    """What the report offers beside the clips."""
    made = {"Download all (ZIP)": "delivery.zip", "Contact sheet": "contact_sheet.jpg"}
    return {**(made if done else {}), "Costs": "cost.json"}


def _thumbs(services: Services, clips: list[ClipRow]) -> dict[str, bytes]:
    thumbs: dict[str, bytes] = {}
    for row in clips[:INLINE_THUMBS]:
        if row.clip_key:
            ref = ObjectRef(bucket=services.work_bucket, key=ArtefactKeys(row.clip_key).thumb)
            with suppress(FileNotFoundError):
                thumbs[row.stem] = services.objects.read(ref)
    return thumbs


def _rejections(result: BatchResult) -> dict[str, object]:
    return {
        "batch": f"{result.project_id}/{result.batch_id}",
        "manifest": result.manifest,
        "problems": list(result.problems),
        "clips": [
            {"stem": clip.stem, "status": clip.status.value, "reasons": list(clip.reasons)}
            for clip in result.clips
            if clip.reasons
        ],
    }


def _answer(services: Services, run: RunRef, result: BatchResult) -> None:
    """`_ERRORS.md` and `_PLAN.md` where the files were dropped."""
    troubled = bool(result.problems) or any(clip.reasons for clip in result.clips)
    errors = run.folder.key(ERRORS_NAME)
    if troubled or services.objects.head(services.drop_bucket, errors):
        services.objects.write(
            services.drop_bucket, errors, errors_markdown(result).encode(), content_type=MARKDOWN
        )
    if run.dry_run:
        services.objects.write(
            services.drop_bucket,
            run.folder.key(PLAN_NAME),
            plan_markdown(result).encode(),
            content_type=MARKDOWN,
        )


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode()
