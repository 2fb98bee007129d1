"""What the report shows of each clip besides words, as the stages left it in the work bucket."""

from contextlib import suppress
from dataclasses import dataclass, field

from shared.batch import ClipStatus
from shared.clip import ObjectRef
from shared.keys import ArtefactKeys
from shared.pipeline.services import Services
from shared.report.page import INLINE_LIMIT, SHEETS_LIMIT_BYTES
from shared.report.thumbs import keyframe_thumb
from shared.safety.curves import Curves
from shared.state import ClipRow

HEATMAP_WIDTH = 640


@dataclass(frozen=True, slots=True)
class Evidence:
    """By stem: keyframes made small, measures over time, frames of held clips to look at, and
    pictures of where it flashes."""

    thumbs: dict[str, bytes] = field(default_factory=dict)
    curves: dict[str, Curves] = field(default_factory=dict)
    sheets: dict[str, bytes] = field(default_factory=dict)
    heatmaps: dict[str, bytes] = field(default_factory=dict)


def read_evidence(services: Services, clips: list[ClipRow]) -> Evidence:
    """Read what is there of the clips that fit into a page; a long page shows keyframes alone."""
    found = Evidence()
    brief = len(clips) > INLINE_LIMIT
    for row in clips[:INLINE_LIMIT]:
        if not row.clip_key:
            continue
        artefacts = ArtefactKeys(row.clip_key)
        if thumb := _read(services, artefacts.thumb):
            found.thumbs[row.stem] = thumb
        if brief or row.status not in (ClipStatus.DONE, ClipStatus.NEEDS_REVIEW):
            continue
        if curves := _read(services, artefacts.curves):
            # A chart is no reason to fail a report: what another version wrote is left out.
            with suppress(ValueError):
                found.curves[row.stem] = Curves.model_validate_json(curves)
        room = SHEETS_LIMIT_BYTES - sum(map(len, found.sheets.values()))
        held = row.status is ClipStatus.NEEDS_REVIEW and room > 0
        if held and (sheet := _read(services, artefacts.review_sheet)):
            found.sheets[row.stem] = sheet
        if heatmap := _read(services, artefacts.heatmap):
            with suppress(OSError):
                found.heatmaps[row.stem] = keyframe_thumb(heatmap, HEATMAP_WIDTH)
    return found


def _read(services: Services, key: str) -> bytes | None:
    with suppress(FileNotFoundError):
        return services.objects.read(ObjectRef(bucket=services.work_bucket, key=key))
    return None
