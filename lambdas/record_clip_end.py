"""RecordClipEnd: a clip that will not be delivered, and why."""

from typing import Any

from lambdas.observability import count
from lambdas.wiring import Event, clip_item, logged, services
from shared.batch import ClipStatus
from shared.metrics import CLIPS_FAILED, CLIPS_FLAGGED, CLIPS_REJECTED
from shared.pipeline.end import FailureCause, record_clip_end

METRICS = {
    ClipStatus.FAILED: CLIPS_FAILED,
    ClipStatus.REJECTED: CLIPS_REJECTED,
    ClipStatus.NEEDS_REVIEW: CLIPS_FLAGGED,
}


@logged
def handler(event: Event, _context: Any) -> Event:
    outcome = ClipStatus(event["outcome"])
    cause = FailureCause.model_validate(event.get("error") or {})
    ended = record_clip_end(services(), clip_item(event), outcome, cause)
    if outcome in METRICS:
        count(METRICS[outcome])
    return ended.model_dump(mode="json")
