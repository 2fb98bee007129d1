"""Does a neighbourhood flash as one, or do its pixels merely change?

A camera that moves over gravel makes every pixel of it flash, and so does film grain or the noise
of a dead channel. That is motion and texture: WCAG 2.3.1 exempts "fine, balanced" patterns, and no
broadcast meter alarms at them. What sets a flash apart is that neighbours go together. So, of all
pixels of a block that change at all, most must either brighten and darken in turns, as one, however
softly (a flash), or turn in the very same frames (a chequerboard that reverses).
"""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.grid import Grid
from shared.safety.flash.recent import SECOND

AS_ONE_SHARE = 0.6
"""How much of a block must go from dark to bright together. With a wave that passes through, half
of it or less does."""

SAME_FRAME_SHARE = 0.7
"""Of pixels that change independently of each other about half turn in any frame."""

_BLOCKS_ACROSS = 20
"""A block of 96 pixels in a picture of 1920. What moves at the speed limit (20 % of the width in a
second) and repeats more often than three times a second is finer than a block and a third."""

_MEMORY_SEC = 1.5
"""The first transition within a second begins before it."""

Shares = NDArray[np.float32]
Mask = NDArray[np.uint8]


class Together:
    """Which blocks of a picture flash as one.

    Parameters
    ----------
    grid : the pixels that are looked at.
    """

    def __init__(self, grid: Grid) -> None:
        side, shape = max(grid.height, grid.width) / _BLOCKS_ACROSS, grid.shape
        self._sides = (max(1, round(side / grid.down)), max(1, round(side / grid.across)))
        self._blocks = (max(1, shape[0] // self._sides[0]), max(1, shape[1] // self._sides[1]))
        self._swung: NDArray[np.int64] | None = None
        self._swung_least = 0
        self._history: deque[tuple[float, Shares, Shares]] = deque()

    def see(self, time: float, dark: NDArray[np.uint16], events: Mask) -> None:
        """One frame.

        Parameters
        ----------
        dark : all ones where the pixel's last transition fell, else 0.
        events : 255 where the pixel makes a transition in this frame, else 0.
        """
        while self._history and time - self._history[0][0] >= _MEMORY_SEC:
            self._history.popleft()
        shares = self._reduced(dark) / np.float32(0xFFFF), self._reduced(events) / np.float32(255)
        self._history.append((time, *shares))
        self._swung = None

    def only(self, counts: Mask, least: int) -> Mask:
        """1 for the pixels with `least` transitions in a second or more, in blocks that make as
        many as one."""
        changing = cv2.threshold(counts, 0, 255, cv2.THRESH_BINARY)[1]
        active = self._reduced(changing) / np.float32(255)
        active = np.maximum(active, 1e-3)
        if self._swung is None or least < self._swung_least:
            # What more are asked for is among what less are asked for, after the same frame.
            swings = self._swings(AS_ONE_SHARE * active, least)
            self._swung = np.maximum(swings, self._same_frames(SAME_FRAME_SHARE * active))
            self._swung_least = least
        as_one = self._swung >= least
        if not as_one.any():
            return np.zeros(counts.shape, np.uint8)
        # The edge of a flashing region lies in blocks of which it fills only a part.
        near = cv2.dilate(as_one.astype(np.uint8), np.ones((3, 3), np.uint8))
        reached = cv2.threshold(counts, least - 1, 1, cv2.THRESH_BINARY)[1]
        return np.asarray(cv2.bitwise_and(reached, self._enlarged(near, counts.shape)), np.uint8)

    def _same_frames(self, enough: Shares) -> NDArray[np.int64]:
        now = self._history[-1][0]
        recent = [share for time, _, share in self._history if now - time < SECOND]
        return np.asarray(np.sum([share >= enough for share in recent], axis=0), np.int64)

    def _swings(self, step: Shares, least: int) -> NDArray[np.int64]:
        """How often the share of dark pixels has gone up or down by a step in the last second; 0
        where that is less than `least` in any case."""
        now = self._history[-1][0]
        shares = np.stack([dark for _, dark, _ in self._history])
        way = np.abs(np.diff(shares, axis=0)).sum(axis=0)
        # Every swing goes a step; the slack is for rounding.
        far = way >= least * step - 1e-3
        found = np.zeros(step.shape, np.int64)
        if not far.any():
            return found
        shares, step = shares[:, far], step[far]
        highest, lowest = shares[0].copy(), shares[0].copy()
        # 1 after a rise, -1 after a fall, 0 before either.
        last = np.zeros(step.shape, np.int8)
        swings = np.zeros(step.shape, np.int64)
        for (time, _, _), dark in zip(self._history, shares, strict=True):
            np.maximum(highest, dark, out=highest)
            np.minimum(lowest, dark, out=lowest)
            rose = (dark - lowest >= step) & (last <= 0)
            fell = (highest - dark >= step) & (last >= 0) & ~rose
            turned = rose | fell
            last[rose], last[fell] = 1, -1
            highest[turned] = dark[turned]
            lowest[turned] = dark[turned]
            if now - time < SECOND:
                swings += turned
        found[far] = swings
        return found

    def _reduced(self, picture: cv2.typing.MatLike) -> Shares:
        """Means over the blocks."""
        down, across = (
            min(blocks * side, length)
            for blocks, side, length in zip(self._blocks, self._sides, picture.shape, strict=True)
        )
        size = (self._blocks[1], self._blocks[0])
        reduced = cv2.resize(picture[:down, :across], size, interpolation=cv2.INTER_AREA)
        return np.asarray(reduced, np.float32)

    def _enlarged(self, values: cv2.typing.MatLike, shape: tuple[int, ...]) -> Mask:
        """Each block's value for all its pixels; a remainder at the edge goes with the last."""
        down, across = (
            blocks * side for blocks, side in zip(self._blocks, self._sides, strict=True)
        )
        whole = cv2.resize(values, (across, down), interpolation=cv2.INTER_NEAREST)
        bottom, right = max(0, shape[0] - down), max(0, shape[1] - across)
        padded = cv2.copyMakeBorder(whole, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        return np.asarray(padded[: shape[0], : shape[1]], np.uint8)
