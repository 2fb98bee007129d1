"""The audit trail: one JSON line an operation, written once and never changed.

The fields are the blueprint's (seed B026): operation, keyframe path, video output, motion
parameters, validation results, duration and frame count. A line is an object of its own, created
only if absent, since S3 cannot append; the same line goes to the log.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from shared.clip import Document

Operation = Literal["generate", "validate", "transcode"]


class AuditRecord(Document):
    """One line of the trail."""

    timestamp: str
    operation: Operation
    keyframe_path: str
    video_output: str
    motion_params: dict[str, Any]
    validation_results: dict[str, Any]
    duration_sec: float
    frame_count: int
    batch: str = ""
    run_id: str = ""
    stem: str = ""

    def line(self) -> str:
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True) + "\n"


class AuditTrail(Protocol):
    """Keeps lines; a line that is there already stays as it is."""

    def append(self, record: AuditRecord) -> None: ...


def track_video_operation(
    operation: Operation,
    keyframe_path: str,
    video_output: str,
    motion_params: Mapping[str, Any],
    validation_results: Mapping[str, Any],
    duration_sec: float,
    frame_count: int,
    *,
    trail: AuditTrail,
    batch: str = "",
    run_id: str = "",
    stem: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AuditRecord:
    """Record one operation on a clip (name and arguments from seed B026).

    Parameters
    ----------
    operation : what was done: `generate`, `validate` or `transcode`.
    keyframe_path, video_output : `s3://` addresses.
    motion_params, validation_results : as planned and as measured; JSON values.
    duration_sec, frame_count : of the video; 6.0 s at 30 fps are 180 frames.
    trail : where the line is kept.
    batch, run_id, stem : `<project>/<batch>`, the run and the clip; they name the line.
    """
    record = AuditRecord(
        timestamp=now().isoformat(),
        operation=operation,
        keyframe_path=keyframe_path,
        video_output=video_output,
        motion_params=dict(motion_params),
        validation_results=dict(validation_results),
        duration_sec=duration_sec,
        frame_count=frame_count,
        batch=batch,
        run_id=run_id,
        stem=stem,
    )
    trail.append(record)
    return record
