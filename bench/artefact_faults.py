"""Faults as video models and pipelines make them, put into a clip at three strengths.

`strength` is 0, 1 or 2: just visible, plain, gross. Every fault is seeded, so that a run can be
repeated.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.artefact_clips import NAMES, Clean, Picture, photo, view

STRENGTHS = (0, 1, 2)
Frames = list[Picture]


def flicker(clip: Clean, strength: int) -> Frames:
    """The light of the whole frame jumps by 1, 2 or 4 % of full scale."""
    rng = np.random.default_rng(1)
    most = (0.01, 0.02, 0.04)[strength]
    return [_cut(frame + 255 * most * rng.choice((-1, 1))) for frame in clip.frames]


def local_flicker(clip: Clean, strength: int) -> Frames:
    """A sixteenth of the frame jumps by 5, 10 or 20 %."""
    rng = np.random.default_rng(2)
    most = (0.05, 0.10, 0.20)[strength]
    frames = []
    height, width = clip.frames[0].shape[:2]
    y, x = height // 4 + height // 8, width // 4 + width // 8
    for frame in clip.frames:
        spot = np.array(frame)
        part = spot[y : y + height // 4, x : x + width // 4]
        part[:] = _lit(part, 1 + most * rng.choice((-1, 1)))
        frames.append(spot)
    return frames


def boiling(clip: Clean, strength: int) -> Frames:
    """Everything wobbles anew in each frame, by 1, 2 or 4 pixels of 640."""
    rng = np.random.default_rng(3)
    most = (1.0, 2.0, 4.0)[strength] * clip.frames[0].shape[1] / 640
    return [_wobbled(frame, rng, most) for frame in clip.frames]


def texture(clip: Clean, strength: int) -> Frames:
    """Fine detail is drawn anew in each frame: noise of 4, 8 or 12 levels where there is detail."""
    rng = np.random.default_rng(4)
    most = (4.0, 8.0, 12.0)[strength]
    frames = []
    for frame in clip.frames:
        noise = cv2.GaussianBlur(rng.normal(0, 1, frame.shape[:2]).astype(np.float32), (0, 0), 1.2)
        noise *= most / noise.std()
        frames.append(_cut(frame + noise[..., None]))
    return frames


def stutter(clip: Clean, strength: int) -> Frames:
    """The picture sticks for 3, 5 or 9 frames and then jumps on."""
    run = (3, 5, 9)[strength]
    start = len(clip.frames) * 2 // 5
    frames = list(clip.frames)
    frames[start + 1 : start + 1 + run] = [clip.frames[start]] * run
    return frames


def duplicates(clip: Clean, strength: int) -> Frames:
    """Every 5th, 3rd or 2nd frame is shown twice, as a lower rate padded out would be."""
    every = (5, 3, 2)[strength]
    return [clip.frames[i - 1 if i % every == every - 1 else i] for i in range(len(clip.frames))]


def blending(clip: Clean, strength: int) -> Frames:
    """Every 4th, 3rd or 2nd frame is its neighbours laid over each other."""
    every = (4, 3, 2)[strength]
    frames = list(clip.frames)
    for i in range(1, len(frames) - 1):
        if i % every == every - 1:
            frames[i] = _mixed(clip.frames[i - 1], clip.frames[i + 1], 0.5)
    return frames


def black(clip: Clean, strength: int) -> Frames:
    """1, 2 or 5 frames are black."""
    run = (1, 2, 5)[strength]
    start = len(clip.frames) // 2
    frames = list(clip.frames)
    frames[start : start + run] = [np.zeros_like(frames[0])] * run
    return frames


def brightness_drift(clip: Clean, strength: int) -> Frames:
    """The light sinks by a quarter, two fifths or three fifths from start to end."""
    loss = (0.25, 0.4, 0.6)[strength]
    last = len(clip.frames) - 1
    return [_lit(frame, 1 - loss * i / last) for i, frame in enumerate(clip.frames)]


def colour_drift(clip: Clean, strength: int) -> Frames:
    """Red rises and blue sinks, by 10, 20 or 35 % at the end."""
    most = (0.10, 0.20, 0.35)[strength]
    last = len(clip.frames) - 1
    tints = [np.array([1 - most * i / last, 1, 1 + most * i / last]) for i in range(last + 1)]
    return [_cut(frame * tint) for frame, tint in zip(clip.frames, tints, strict=True)]


def letterbox(clip: Clean, strength: int) -> Frames:
    """Black bars over 3, 6 or 12 % of the height at the top and at the bottom."""
    height = clip.frames[0].shape[0]
    bar = round((0.03, 0.06, 0.12)[strength] * height)
    frames = [frame.copy() for frame in clip.frames]
    for frame in frames:
        frame[:bar] = frame[height - bar :] = 0
    return frames


def other_start(clip: Clean, strength: int) -> Frames:
    """The clip starts a quarter too close, mirrored, or with another picture."""
    height, width = clip.frames[0].shape[:2]
    if strength == 0:
        y, x = height // 10, width // 10
        return [
            np.asarray(cv2.resize(f[y : height - y, x : width - x], (width, height)), np.uint8)
            for f in clip.frames
        ]
    if strength == 1:
        return [np.ascontiguousarray(frame[:, ::-1]) for frame in clip.frames]
    return [_another(clip)] * len(clip.frames)


def other_end(clip: Clean, strength: int) -> Frames:
    """What is seen turns into something else, by a half, three quarters or wholly."""
    most = (0.5, 0.75, 1.0)[strength]
    other, last = _another(clip), len(clip.frames) - 1
    return [_mixed(frame, other, most * i / last) for i, frame in enumerate(clip.frames)]


def off_path(clip: Clean, strength: int) -> Frames:
    """The camera stands 0.5, 1 or 2 % of the width beside its path."""
    height, width = clip.frames[0].shape[:2]
    off = (0.005, 0.01, 0.02)[strength] * width
    matrix = np.array([[1.0, 0, off], [0, 1.0, 0]])
    return [
        np.asarray(
            cv2.warpAffine(f, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        for f in clip.frames
    ]


def _another(clip: Clean) -> Picture:
    name = NAMES[(NAMES.index(clip.photo) + 2) % len(NAMES)] if clip.photo else NAMES[0]
    rect, rgb = view(name, 0.9, 0.5, 0.5), photo(name)
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(rect, (width, height) * 2, strict=True))
    size = clip.frames[0].shape[1::-1]
    return np.asarray(cv2.resize(rgb[y1:y2, x1:x2, ::-1], size), np.uint8)


def _mixed(one: Picture, other: Picture, share: float) -> Picture:
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)


def _lit(frame: Picture, gain: float) -> Picture:
    return _cut(frame.astype(np.float32) * gain)


def _cut(frame: NDArray[np.floating]) -> Picture:
    return np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def _wobbled(frame: Picture, rng: np.random.Generator, most: float) -> Picture:
    height, width = frame.shape[:2]
    rows, columns = np.indices((height, width), dtype=np.float32)
    shift = []
    for _ in range(2):
        noise = rng.normal(0, 1, (height // 24 + 3, width // 24 + 3)).astype(np.float32)
        smooth = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
        shift.append(smooth * most / smooth.std() / 1.5)
    return np.asarray(
        cv2.remap(
            frame, columns + shift[0], rows + shift[1], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        ), np.uint8,
    )  # fmt: skip


Fault = Callable[[Clean, int], Frames]
