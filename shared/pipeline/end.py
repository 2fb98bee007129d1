"""RecordClipEnd: a clip that will not be delivered, and why."""

import json
from typing import Any

from shared.audit import track_video_operation
from shared.batch import ClipStatus
from shared.clip import Document, ObjectRef
from shared.keys import ArtefactKeys, held_names
from shared.meter import summed
from shared.notices import Notification, clip_notice
from shared.pipeline.passed import passed
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.status import write_status
from shared.state import ClipRow


class FailureCause(Document):
    """What Step Functions tells of an error: its class name, and the Lambda's JSON."""

    Error: str = ""
    Cause: str = ""

    @property
    def reason(self) -> str:
        """The sentence for people."""
        try:
            cause = json.loads(self.Cause)
        except ValueError:
            return self.Cause[:500] or self.Error
        return (
            str(cause.get("errorMessage") or self.Error) if isinstance(cause, dict) else self.Error
        )


class Ended(Document):
    """The answer of `record_clip_end`."""

    notification: Notification


OUR_FAULT = (
    "something went wrong on our side; ops can see it. Dropping the manifest again tries again."
)


def record_clip_end(
    services: Services, item: ClipItem, outcome: ClipStatus, cause: FailureCause
) -> Ended:
    """Write down how a clip ended that was not delivered.

    A clip that has ended already keeps its end: a late duplicate changes nothing.
    """
    row = services.rows.clip(item.run.folder, item.run.run_id, item.stem)
    word = _rejection(services, item) if outcome is ClipStatus.NEEDS_REVIEW else None
    if word is not None:
        outcome, cause = ClipStatus.REJECTED, FailureCause(Cause=word)
    if row is not None and not row.status.ended:
        reasons = _reasons(services, item, row, outcome, cause)
        row = row.moved(outcome, reasons=reasons)
        if not item.run.dry_run:
            _audit(
                services, item, row
            )  # before the end is written, so that a retry finds it undone
        services.meter.add("transitions", passed("record_clip_end"))
        usage = summed(row.usage, services.meter.take())
        row = services.rows.save_clip(row.model_copy(update={"usage": usage}))
        if outcome is ClipStatus.NEEDS_REVIEW:
            _lay_out(services, item)
        write_status(services, item.run.folder)
    reasons = row.result.reasons if row else (cause.reason,)
    links = services.links(item.run.folder, item.run.run_id)
    return Ended(notification=clip_notice(item.run.folder, item.stem, outcome, reasons, links))


def _rejection(services: Services, item: ClipItem) -> str | None:
    """What a person said who has looked at this very clip and said no."""
    review = services.rows.review(item.run.project_id, item.clip_key) if item.clip_key else None
    return review.rejection if review is not None and not review.approved else None


def _lay_out(services: Services, item: ClipItem) -> None:
    """Put film, frames and heat map of a held clip where its creator can look at them."""
    artefacts = ArtefactKeys(item.clip_key)
    film, frames, heatmap = held_names(item.stem)
    for key, name, type_ in (
        (artefacts.proxy, film, "video/mp4"),
        (artefacts.review_sheet, frames, "image/jpeg"),
        (artefacts.heatmap, heatmap, "image/png"),
    ):
        made = services.objects.head(services.work_bucket, key) if item.clip_key else None
        if made is not None:
            target = item.run.folder.key(name)
            services.objects.copy(
                made.ref, services.drop_bucket, target, content_type=type_, metadata={}
            )


def _audit(services: Services, item: ClipItem, row: ClipRow) -> None:
    """One line for a clip that was refused, failed or held: what was asked, and the verdict."""
    result = row.result
    made_from = result.image_path or item.run.drop.name
    keyframe = f"s3://{services.drop_bucket}/{item.run.drop.base}{made_from}"
    track_video_operation(
        "validate",
        keyframe,
        "",
        result.motion.model_dump(mode="json") if result.motion else {},
        {"verdict": row.status.value, "reasons": list(result.reasons)},
        result.duration_sec,
        result.frame_count,
        trail=services.audit,
        batch=item.run.folder.prefix.rstrip("/"),
        run_id=item.run.run_id,
        stem=item.stem,
        now=services.now,
    )


def _reasons(
    services: Services, item: ClipItem, row: ClipRow, outcome: ClipStatus, cause: FailureCause
) -> tuple[str, ...]:
    kept = row.result.reasons
    if outcome is ClipStatus.REJECTED and kept:
        return kept
    if outcome is ClipStatus.NEEDS_REVIEW:
        return _failed_checks(services, item) or (cause.reason,)
    if outcome is ClipStatus.FAILED:
        return (f"{cause.Error}: {cause.reason}", OUR_FAULT)
    return (cause.reason,)


def _failed_checks(services: Services, item: ClipItem) -> tuple[str, ...]:
    key = ArtefactKeys(item.clip_key).inspection
    try:
        document: dict[str, Any] = json.loads(
            services.objects.read(ObjectRef(bucket=services.work_bucket, key=key))
        )
    except FileNotFoundError:
        return ()
    return tuple(
        f"{check['name']}: {check['message']}"
        for check in document["checks"]
        if check["verdict"] not in ("pass", "warn")
    )
