"""The pictures that a reviewer looks at: frames of the moments that checks complained about."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.report import CheckResult, InspectionReport, Verdict

CELL_WIDTH = 320
COLUMNS = 4
MOST_CELLS = 12
CAPTION_PX = 34
JPEG_QUALITY = 85

Picture = NDArray[np.uint8]


def review_sheet(path: Path, report: InspectionReport) -> bytes:
    """A JPEG of the offending frames with their times and checks; empty where none can be read.

    Parameters
    ----------
    path : the inspected file.
    report : its intervals say where to look; without any, frames are spread over the clip.
    """
    cells = [
        _captioned(frame, caption)
        for caption, frame in _frames(path, _moments(report.checks) or _spread(path))
    ]
    if not cells:
        return b""
    blank = np.full_like(cells[0], 32)
    cells += [blank] * (-len(cells) % min(COLUMNS, len(cells)))
    columns = min(COLUMNS, len(cells))
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    made, encoded = cv2.imencode(".jpg", np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return encoded.tobytes() if made else b""


def _moments(checks: Sequence[CheckResult]) -> list[tuple[float, str]]:
    """Seconds to look at with their check, the worst checks first, in the order of time."""
    flagged = [each for each in checks if each.verdict in (Verdict.FAIL, Verdict.WARN)]
    flagged.sort(key=lambda each: -each.verdict.severity)
    found: list[tuple[float, str]] = []
    for place in range(MOST_CELLS):
        for check in flagged:
            if place < len(check.intervals) and len(found) < MOST_CELLS:
                start, end = check.intervals[place]
                found.append(((start + end) / 2, check.name))
    return sorted(found)


def _spread(path: Path) -> list[tuple[float, str]]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
    seconds = capture.get(cv2.CAP_PROP_FRAME_COUNT) / rate
    capture.release()
    return [(seconds * (place + 0.5) / COLUMNS, "") for place in range(COLUMNS)]


def _frames(path: Path, moments: list[tuple[float, str]]) -> Iterator[tuple[str, Picture]]:
    """The frame at each moment, in one pass: seeking lands on other frames in some files."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
    try:
        index = -1
        for seconds, name in moments:
            wanted = max(0, round(seconds * rate))
            while index < wanted and capture.grab():
                index += 1
            decoded, bgr = capture.retrieve()
            if not decoded or bgr is None:
                return
            yield f"{seconds:.2f} s  {name}", np.asarray(bgr, np.uint8)
    except cv2.error:
        return
    finally:
        capture.release()


def _captioned(frame: Picture, caption: str) -> Picture:
    height = max(2, round(frame.shape[0] * CELL_WIDTH / frame.shape[1]))
    small = cv2.resize(frame, (CELL_WIDTH, height), interpolation=cv2.INTER_AREA)
    cell = np.full((height + CAPTION_PX, CELL_WIDTH, 3), 32, np.uint8)
    cell[:height] = small
    place = (8, height + CAPTION_PX - 11)
    cv2.putText(
        cell, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA
    )
    return cell
