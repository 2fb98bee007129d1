"""The last look before delivery: one decode of the finished file feeds every check.

The file is read as a viewer would read it, from what lies on disk, by another decoder than the one
that belongs to the encoder's package.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.safety.box import Unreadable
from shared.safety.check import Check, ClipInfo, Expectation, Shows
from shared.safety.contract import Contract
from shared.safety.decode import one_thread_each
from shared.safety.flash.check import Flashes
from shared.safety.mp4 import read_mp4
from shared.safety.playability import Playability
from shared.safety.report import CheckResult, Curve, InspectionReport, Verdict
from shared.safety.temporal import TemporalArtefacts

MAX_PIXELS = 8192 * 4320


def default_checks(heatmap: Path | None = None) -> tuple[Check, ...]:
    """A new set of every check, in the order of the report."""
    return (Playability(), Contract(), Flashes(heatmap=heatmap), TemporalArtefacts())


def inspect_clip(
    path: Path,
    expected: Expectation,
    checks: Sequence[Check] | None = None,
    *,
    heatmap: Path | None = None,
    curves: list[Curve] | None = None,
) -> InspectionReport:
    """Decode a finished clip once and judge it.

    Never raises for what is in the file: whatever cannot be read is a verdict.

    Parameters
    ----------
    path : the delivered mp4.
    expected : what it was promised to be.
    checks : unused instances; by default a new set of all of them.
    heatmap : where the default checks write a PNG of flashes, if they find any.
    curves : gets what was measured over time, a curve a measure.
    """
    started = time.perf_counter()
    try:
        clip = ClipInfo(path, read_mp4(path), expected)
        _refuse_absurd(clip)
    except Unreadable as error:
        verdict = CheckResult(name="container", verdict=Verdict.UNREADABLE, message=f"{error}.")
        return InspectionReport.of((verdict,), frame_count=0, seconds=_since(started))
    chosen = default_checks(heatmap) if checks is None else tuple(checks)
    for check in chosen:
        check.start(clip)
    count = _show(clip, chosen)
    opened = CheckResult(name="container", verdict=Verdict.PASS, message="The boxes are in order.")
    results = (opened, *(result for check in chosen for result in check.finish()))
    if curves is not None:
        curves += [
            curve for check in chosen if isinstance(check, Shows) for curve in check.curves()
        ]
        curves += [result.curve for result in results if result.curve is not None]
    bare = tuple(result.model_copy(update={"curve": None}) for result in results)
    return InspectionReport.of(bare, frame_count=count, seconds=_since(started))


def _show(clip: ClipInfo, checks: Sequence[Check]) -> int:
    """Show every frame to all checks at once, while the next is decoded; how many there were.

    OpenCV and numpy let go of Python's lock, so the checks really run side by side.
    """
    others, own = checks[:-1], checks[-1:]
    count = 0
    with ThreadPoolExecutor(max(1, len(others)), "check") as pool, one_thread_each():
        for frame in clip.frames():
            side_by_side = [pool.submit(check.frame, frame) for check in others]
            for check in own:
                check.frame(frame)
            for done in side_by_side:
                done.result()
            count += 1
    return count


def _refuse_absurd(clip: ClipInfo) -> None:
    """A header is enough to ask for gigabytes; the decoder is not started on such a file."""
    video = clip.video
    if video.width * video.height > MAX_PIXELS:
        raise Unreadable("moov", f"claims {video.width}x{video.height} pixels a frame")


def _since(started: float) -> float:
    return time.perf_counter() - started
