"""The pictures of a file, as OpenCV's FFmpeg shows them.

OpenCV converts by the matrix and range that the stream is tagged with (8 or 10 bit, BT.601 or
BT.709, full or limited: tested), and takes an untagged stream for BT.601, limited.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.frame import Frame

_FALLBACK_RATE = 25.0


def decode(path: Path, most: int, *, upright: bool = False) -> Iterator[Frame]:
    """Up to `most` frames; fewer where OpenCV gives up, which the checks notice by the count.

    The next frame is decoded while the last one is looked at.

    Parameters
    ----------
    upright : turn the pictures as the file's rotation flag says, instead of showing what is stored.
    """
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, int(upright))
    clock = _Clock(capture.get(cv2.CAP_PROP_FPS))
    with ThreadPoolExecutor(1, "decode") as ahead:
        try:
            coming = ahead.submit(_read, capture)
            for index in range(most):
                picture = coming.result()
                if picture is None:
                    return
                coming = ahead.submit(_read, capture)
                bgr, milliseconds = picture
                yield Frame(index, clock.seconds(milliseconds), bgr)
        finally:
            ahead.submit(capture.release)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """OpenCV on one thread for each caller.

    Pictures are looked at side by side already. OpenCV's own threads, which wait for each other by
    spinning, would cost a tenth of the time.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _read(capture: cv2.VideoCapture) -> tuple[NDArray[np.uint8], float] | None:
    try:
        decoded, bgr = capture.read()
    except cv2.error:
        return None
    if not decoded or bgr is None:
        return None
    return np.asarray(bgr, np.uint8), capture.get(cv2.CAP_PROP_POS_MSEC)


class _Clock:
    """Timestamps that rise: AVI and raw streams have none for some frames, and give zero."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / (rate if 0 < rate < 1000 else _FALLBACK_RATE)
        self._last = -1.0

    def seconds(self, milliseconds: float) -> float:
        seconds = milliseconds / 1000
        if not seconds > self._last:
            seconds = self._last + self._step
        self._last = seconds
        return seconds
