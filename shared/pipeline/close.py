"""CloseBatch: everything is made or refused; tell it, file it, and let the next one in."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.batch import BatchResult, BatchState, ClipResult, ClipStatus
from shared.clip import Document, ObjectRef
from shared.errors import LibraryKeyTaken
from shared.notices import Notification, batch_notice
from shared.pipeline.answers import is_troubled, write_answers
from shared.pipeline.delivery import build_delivery
from shared.pipeline.evidence import Evidence, read_evidence
from shared.pipeline.held import clear_held
from shared.pipeline.library import CONTENT, RUN, publish_bytes, refuse_foreign
from shared.pipeline.problems import kept_problems
from shared.pipeline.results import batch_result, other_manifests
from shared.pipeline.runs import change_run
from shared.pipeline.services import RunRef, Services
from shared.pipeline.status import write_status
from shared.ports import Conflict, DropQueue
from shared.report.contact_sheet import Cell, contact_sheet
from shared.report.cost import cost_document
from shared.report.page import render_report
from shared.report.phrases import tone_of
from shared.state import ClipRow, RunRow

UNDONE = frozenset({ClipStatus.FAILED, ClipStatus.CANCELLED, ClipStatus.REJECTED})
"""Ends after which dropping the very same files again is worth a try: what stood in the way may
have been moved, and a clip that is refused again costs next to nothing."""
UNMADE = {
    BatchState.CANCELLED: (ClipStatus.CANCELLED, "stopped with its batch."),
    BatchState.REJECTED: (ClipStatus.REJECTED, "its batch was refused before anything was made."),
}
"""How clips end that their batch left behind."""
FILED = ("report.html", "cost.json", "contact_sheet.jpg", "rejected.json", "delivery.zip")
TOLD_PROBLEMS = 50
"""Problems kept on the run's row, for `_status.json`; `_ERRORS.md` tells them all."""
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
    """End a run: reports into the library, the row at its end, answers into the drop folder.

    Whoever sees the run ended finds everything in the library already. Safe to repeat; a newer
    drop of the manifest that waited is dropped again at the very end.
    """
    row = change_run(services, run, lambda each: each.changed(state=BatchState.CLOSING))
    clips = [
        _ended(services, run, clip, outcome) for clip in services.rows.clips(run.folder, run.run_id)
    ]
    if row is None:
        # An earlier try ended the run, and a newer drop took its place: nothing is left to do.
        return _closed(services, run, _unfiled(services, run, outcome, clips))
    end = _end_of(services, row, outcome, message, clips)
    problems = kept_problems(services, run)
    result = batch_result(services, end(row), clips, problems)
    if not run.dry_run:
        result = _file(services, run, result, read_evidence(services, clips))
    facts = {"message": result.message, "problems": problems[:TOLD_PROBLEMS]}
    row = change_run(services, run, lambda each: end(each).changed(**facts))
    write_answers(services, run, result)
    clear_held(services, run.folder)
    write_status(services, run.folder, force=True)
    if row is not None and row.pending is not None:
        queue.drop_again(row.pending, retake=run.run_id)
    return _closed(services, run, result)


def _closed(services: Services, run: RunRef, result: BatchResult) -> Closed:
    return Closed(
        state=result.state,
        notification=batch_notice(result, services.links(run.folder, run.run_id)),
        clips=len(result.clips),
        cost_usd=result.cost.total_usd,
        seconds=result.seconds,
    )


def _unfiled(
    services: Services, run: RunRef, outcome: BatchState, clips: list[ClipRow]
) -> BatchResult:
    """The result of a run whose row is gone."""
    row = RunRow(
        project_id=run.project_id,
        batch_id=run.batch_id,
        manifest=run.drop.relative,
        run_id=run.run_id,
        state=outcome,
        source=run.manifest,
        manifest_sha256="",
        dry_run=run.dry_run,
        accepted_at="",
    )
    return batch_result(services, row, clips, kept_problems(services, run))


def _ended(services: Services, run: RunRef, row: ClipRow, outcome: BatchState) -> ClipRow:
    """A clip that nobody ended: its child was stopped with the batch."""
    planned_only = (
        run.dry_run and row.status is ClipStatus.PLANNED and outcome is BatchState.FINISHED
    )
    if row.status.ended or planned_only:
        return row
    end, reason = UNMADE.get(outcome, (ClipStatus.FAILED, "stopped with its batch."))
    with suppress(Conflict):
        return services.rows.save_clip(row.moved(end, reasons=(reason,)))
    return services.rows.clip(row.folder, row.run_id, row.stem) or row


def _end_of(
    services: Services, row: RunRow, outcome: BatchState, message: str, clips: list[ClipRow]
) -> Callable[[RunRow], RunRow]:
    """How the run's row changes when it ends."""
    stopped = row.cancel_requested and any(clip.status is ClipStatus.CANCELLED for clip in clips)
    ended_at = services.now().isoformat()

    def end(row: RunRow) -> RunRow:
        return row.with_costs_of(clips).changed(
            state=BatchState.CANCELLED if stopped else outcome,
            message=message,
            missing=(),
            missing_count=0,
            undone=any(clip.status in UNDONE for clip in clips),
            ended_at=ended_at,
        )

    return end


def _file(services: Services, run: RunRef, result: BatchResult, evidence: Evidence) -> BatchResult:
    """Reports, bill and archive into the library; returns the result with what could not be."""
    taken = {name for name in FILED if _is_taken(services, run.folder.key(name))}
    notes = [_not_written(name) for name in sorted(taken)]
    if "delivery.zip" not in taken:
        notes.append(_deliver(services, run, result))
    message = " ".join(filter(None, (result.message, *notes)))
    result = result.model_copy(update={"message": message})
    for name, (data, type_) in _documents(services, run, result, evidence).items():
        if name not in taken:
            publish_bytes(
                services,
                run.folder.key(name),
                data,
                run_id=run.run_id,
                content=hashlib.sha256(data).hexdigest(),
                type_=type_,
            )
    return result


def _is_taken(services: Services, key: str) -> bool:
    """Does a stranger's file lie there? It stays, and the batch does without ours."""
    try:
        refuse_foreign(services, key)
    except LibraryKeyTaken:
        return True
    return False


def _not_written(name: str) -> str:
    return f"`{name}` was not written: the library holds a file of that name that is not ours."


def _deliver(services: Services, run: RunRef, result: BatchResult) -> str:
    """Put the archive into the library; returns why not, if not."""
    with TemporaryDirectory() as scratch:
        archive = Path(scratch) / "delivery.zip"
        count, note = build_delivery(services, run.folder, result, archive)
        if count:
            services.objects.upload(
                services.library_bucket,
                run.folder.key(archive.name),
                archive,
                content_type="application/zip",
                metadata={RUN: run.run_id, CONTENT: run.run_id},
            )
    return note


def _documents(
    services: Services, run: RunRef, result: BatchResult, evidence: Evidence
) -> dict[str, tuple[bytes, str]]:
    """The batch's papers, by name, with their content types."""
    done = [clip for clip in result.clips if clip.status is ClipStatus.DONE]
    others = other_manifests(services, run.folder, result.manifest)
    report = render_report(
        result,
        evidence.thumbs,
        curves=evidence.curves,
        sheets=evidence.sheets,
        heatmaps=evidence.heatmaps,
        downloads=_downloads(len(done)),
    )
    documents = {
        "report.html": (report.encode(), "text/html; charset=utf-8"),
        "cost.json": (_json(cost_document(result, others=others)), "application/json"),
    }
    if done:
        documents["contact_sheet.jpg"] = (
            _sheet(services, run, result, evidence.thumbs),
            "image/jpeg",
        )
    # one of an earlier run would go on saying what is mended by now
    earlier = services.objects.head(services.library_bucket, run.folder.key("rejected.json"))
    if is_troubled(result) or earlier is not None:
        documents["rejected.json"] = (_json(_rejections(result)), "application/json")
    return documents


def _sheet(services: Services, run: RunRef, result: BatchResult, thumbs: dict[str, bytes]) -> bytes:
    return contact_sheet(
        [
            Cell(
                stem=clip.stem,
                caption=_caption(clip),
                image_bytes=_poster(services, run, clip) or thumbs.get(clip.stem),
                status=tone_of(clip.status),
            )
            for clip in result.clips
        ]
    )


def _caption(clip: ClipResult) -> str:
    shape = f"{clip.duration_sec:g} s · {clip.width} x {clip.height}"
    return f"{shape} · approved by {clip.review.by}" if clip.review else shape


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


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode()
