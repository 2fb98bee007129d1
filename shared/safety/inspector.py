"""The last look before delivery: one decode of the finished file feeds every check.

The file is read as a viewer would read it, from what lies on disk, by another decoder than the one
that belongs to the encoder's package.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
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

AHEAD = 4
"""Frames between the decoder and the slowest check; 4 of 1080p are 25 MB."""


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
    """Show every frame to all checks, while the next ones are decoded; how many there were.

    Each check has a thread of its own and sees the frames in order. None waits for the others at
    every frame: only the slowest may be `AHEAD` frames behind the decoder. OpenCV and numpy let go
    of Python's lock, so they really run side by side.
    """
    count = 0
    shown: deque[list[Future[None]]] = deque()
    with ExitStack() as stack:
        stack.enter_context(one_thread_each())
        lanes = [(check, stack.enter_context(_lane())) for check in checks]
        for frame in clip.frames():
            shown.append([lane.submit(check.frame, frame) for check, lane in lanes])
            count += 1
            if len(shown) > AHEAD:
                _wait_for(shown.popleft())
        for each in shown:
            _wait_for(each)
    return count


@contextmanager
def _lane() -> Iterator[ThreadPoolExecutor]:
    """One thread; what still waits when a check fails is not begun."""
    pool = ThreadPoolExecutor(1, "check")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _wait_for(frame_shown: Iterable[Future[None]]) -> None:
    for done in frame_shown:
        done.result()


def _refuse_absurd(clip: ClipInfo) -> None:
    """A header is enough to ask for gigabytes; the decoder is not started on such a file."""
    video = clip.video
    if video.width * video.height > MAX_PIXELS:
        raise Unreadable("moov", f"claims {video.width}x{video.height} pixels a frame")


def _since(started: float) -> float:
    return time.perf_counter() - started
