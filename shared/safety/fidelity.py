"""Is it still the keyframe? The first frame against what the model was given, and what follows.

Where the camera was ours, every frame is known beforehand: still and path predict it, and each is
held against its own prediction.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.check import ClipInfo
from shared.safety.limits import judged, judged_series
from shared.safety.moment import Moment
from shared.safety.observer import step_sec, window_frames
from shared.safety.picture import Bytes, halved, luma_of, shrunk, ssim
from shared.safety.report import CheckResult
from shared.safety.series import Series, sustained

_MATCH_SIDE = 96
"""Coarse on purpose: a model may redraw the grain, not the scene."""

_FEATURELESS = 2.0
"""Levels of spread; on a picture of one colour there is nothing to know again."""

_PALETTE_STRIDE = 3
"""Frames from one palette to the next; what a clip is made of changes slowly."""

_BINS = 8
"""A channel; 512 colours in all."""


class Prediction:
    """Every frame of a camera move against still and path: PSNR and SSIM of the luma."""

    def start(self, clip: ClipInfo) -> None:
        self._step = step_sec(clip)
        reference = clip.expected.reference
        self._reference = reference if reference and reference.every_frame else None
        self._noise, self._likeness = Series(), Series()

    def see(self, moment: Moment) -> None:
        if self._reference is None:
            return
        height, width = moment.luma.shape
        predicted = halved(luma_of(self._reference.predicted(moment.index, (width, height))))
        # Halved, the renderers' tastes in sharpness no longer count.
        delivered = halved(moment.luma)
        self._noise.add(moment.pts_sec, psnr_db(delivered, predicted))
        self._likeness.add(moment.pts_sec, ssim(delivered, predicted))

    def finish(self) -> Iterator[CheckResult]:
        for name, series in (("path_psnr", self._noise), ("path_ssim", self._likeness)):
            result = judged_series(name, series.values, series.times, self._step)
            if result:
                yield result


class KeyframeMatch:
    """The first frame against the view of the keyframe that the model was given."""

    def start(self, clip: ClipInfo) -> None:
        self._reference = clip.expected.reference
        self._match: float | None = None
        self._step = step_sec(clip)

    def see(self, moment: Moment) -> None:
        if moment.index or self._reference is None:
            return
        height, width = moment.luma.shape
        given = luma_of(self._reference.predicted(0, (width, height)))
        self._match = correlation(shrunk(moment.luma, _MATCH_SIDE), shrunk(given, _MATCH_SIDE))

    def finish(self) -> Iterator[CheckResult]:
        if self._match is not None:
            yield judged("keyframe_match", self._match, intervals=((0.0, round(self._step, 3)),))


class Identity:
    """What the clip is made of, held against its first frame: do the same colours stay?"""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._first: NDArray[np.float64] | None = None
        self._shared = Series()

    def see(self, moment: Moment) -> None:
        if moment.index % _PALETTE_STRIDE or cv2.meanStdDev(moment.luma)[1][0, 0] < _FEATURELESS:
            return
        colours = palette(moment.bgr[::2, ::2])
        if self._first is None:
            self._first = colours
        self._shared.add(moment.pts_sec, float(np.minimum(self._first, colours).sum()))

    def finish(self) -> Iterator[CheckResult]:
        looks = window_frames(self._clip) // _PALETTE_STRIDE
        lasting = sustained(self._shared.values, looks)
        step = _PALETTE_STRIDE * step_sec(self._clip)
        result = judged_series("identity", lasting, self._shared.times, step)
        if result:
            yield result


def psnr_db(one: Bytes, other: Bytes) -> float:
    """Peak signal to noise, at most 99 for equal pictures."""
    error = float(cv2.norm(one, other, cv2.NORM_L2SQR)) / one.size
    return 99.0 if error < 1e-5 else min(99.0, 10 * float(np.log10(255**2 / error)))


def correlation(one: Bytes, other: Bytes) -> float:
    """Pearson's, -1 to 1; two flat pictures are alike if their levels are."""
    a, b = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    flat = a.std() < 1, b.std() < 1
    if all(flat):
        return 1.0 if abs(a.mean() - b.mean()) < 16 else 0.0
    if any(flat):
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def palette(bgr: Bytes) -> NDArray[np.float64]:
    """Share of each of 512 colours, after a blur that bridges the bins; sums to 1."""
    counts = cv2.calcHist([bgr], [0, 1, 2], None, [_BINS] * 3, [0, 256] * 3).astype(np.float64)
    for axis in range(3):
        padded = np.pad(counts, [(1, 1) if each == axis else (0, 0) for each in range(3)])
        before, middle, after = (
            np.take(padded, range(shift, shift + _BINS), axis) for shift in range(3)
        )
        counts = 0.25 * before + 0.5 * middle + 0.25 * after
    return np.asarray(counts / counts.sum())
