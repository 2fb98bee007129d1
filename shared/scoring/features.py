"""Thirteen numbers about a picture, with numpy alone: the same on a laptop and on Lambda.

Each is a plain measurement; whether it is good or bad is said in `rubric`.
"""

from dataclasses import dataclass, fields

import numpy as np

from shared.scoring.picture import BLOCK, Floats, Look, Rgb, native_tiles, take_look
from shared.scoring.subject import Mask, Subject, find_subject, rim

BLACK, WHITE = 2.0, 253.0
FLAT_STD = 3.0
"""Levels of luma below which a cell counts as flat."""

_NOISE_GAIN = 6.0  # of Immerkær's kernel: white noise of σ comes out with 6σ
_MEAN_TO_SIGMA = float(np.sqrt(np.pi / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The measurements.

    Attributes
    ----------
    sharpness : how much finest detail is left of the fine detail that one step of blur away shows,
        0 (all soft) to about 1.
    subject_sharpness : the same inside the subject.
    noise : σ of the grain, levels of 255.
    blockiness : how much the 8×8 grid of a compressed file stands out; 0 none.
    clipped : share of pixels that are pure black or white.
    contrast : levels between the darkest and the brightest twentieth.
    colourfulness : after Hasler and Süsstrunk (2003); 0 grey, above 80 very colourful.
    flat_background : share of the cells around the subject that are plain.
    subject_size : share of the picture that the subject takes.
    subject_coherence : share of all that stands out that is the subject.
    border_touch : share of the picture's rim that the subject touches.
    off_centre : distance of the subject from the middle, in half diagonals.
    depth_cue : how much sharper the subject is than what is around it, in octaves.
    """

    sharpness: float
    subject_sharpness: float
    noise: float
    blockiness: float
    clipped: float
    contrast: float
    colourfulness: float
    flat_background: float
    subject_size: float
    subject_coherence: float
    border_touch: float
    off_centre: float
    depth_cue: float

    def to_dict(self) -> dict[str, float]:
        return {each.name: float(getattr(self, each.name)) for each in fields(self)}


def measure(rgb: Rgb) -> Features:
    """Measure a picture.

    Parameters
    ----------
    rgb : H×W×3, 8 bits, upright, opaque, sRGB; of any size.
    """
    look = take_look(rgb)
    noise = _noise(look)
    fine, coarse = _detail(look, noise)
    subject = find_subject(look.per_cell(look.rgb), np.sqrt(fine))
    inside, around = subject.mask, ~subject.mask
    return Features(
        sharpness=_ratio(fine, coarse, None),
        subject_sharpness=_ratio(fine, coarse, inside),
        noise=noise,
        blockiness=_blockiness(rgb),
        clipped=_clipped(look),
        contrast=_contrast(look),
        colourfulness=_colourfulness(look.rgb),
        flat_background=_flat_share(look, around, noise),
        subject_size=float(inside.mean()),
        subject_coherence=subject.coherence,
        border_touch=_border_touch(inside),
        off_centre=_off_centre(subject),
        depth_cue=_depth_cue(fine, inside, around),
    )


def _noise(look: Look) -> float:
    """σ of the grain after Immerkær (1996), in the calmest fifth of the unclipped cells.

    The mean over all cells would take gravel for grain.
    """
    luma = look.luma
    if min(luma.shape) < 3:
        return 0.0
    rows = luma[:-2] - 2 * luma[1:-1] + luma[2:]
    residual = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    inner = Look(look.rgb, luma[1:-1, 1:-1], max(look.cell, 8))
    level = inner.per_cell(inner.luma)
    sigma = inner.per_cell(residual) * (_MEAN_TO_SIGMA / _NOISE_GAIN)
    usable = sigma[(level > 2 * BLACK) & (level < 2 * WHITE - 255)]
    return float(np.percentile(usable, 20)) if usable.size else 0.0


def _detail(look: Look, noise: float) -> tuple[Floats, Floats]:
    """Energy of the finest detail and of that one octave coarser, per cell, less the noise's."""
    blurred = _binomial(look.luma)
    fine = (look.luma - blurred) ** 2
    softer = _binomial(_binomial(blurred))
    coarse = (blurred - softer) ** 2
    # What white noise of σ² leaves in each band (sums of the squared kernel weights).
    fine_cells = look.per_cell(fine) - _FINE_GAIN * noise**2
    coarse_cells = look.per_cell(coarse) - _COARSE_GAIN * noise**2
    return np.maximum(fine_cells, 0), np.maximum(coarse_cells, 0)


def _binomial(values: Floats) -> Floats:
    """Weights 1, 2, 1 both ways; at the edge the last pixel goes on."""
    for axis in (0, 1):
        lines = np.moveaxis(values, axis, 0)
        out = np.empty_like(lines)
        out[1:-1] = (lines[:-2] + 2 * lines[1:-1] + lines[2:]) / 4
        out[0] = (3 * lines[0] + lines[min(1, len(lines) - 1)]) / 4
        out[-1] = (3 * lines[-1] + lines[max(-2, -len(lines))]) / 4
        values = np.moveaxis(out, 0, axis)
    return values


def _gains() -> tuple[float, float]:
    point = np.zeros((15, 15), np.float32)
    point[7, 7] = 1
    blurred = _binomial(point)
    softer = _binomial(_binomial(blurred))
    return float(((point - blurred) ** 2).sum()), float(((blurred - softer) ** 2).sum())


_FINE_GAIN, _COARSE_GAIN = _gains()


def _ratio(fine: Floats, coarse: Floats, mask: Mask | None) -> float:
    """Amplitude of the finest against the coarser detail, where there is most of it.

    The busiest quarter of the cells counts: a soft sky does not make a picture soft.
    """
    if mask is not None:
        fine, coarse = fine[mask], coarse[mask]
    busy = coarse >= np.percentile(coarse, 75)
    below, above = float(coarse[busy].mean()), float(fine[busy].mean())
    return float(np.sqrt(above / (below + 0.5)))  # half a level²: rounding to 8 bits is no detail


def _clipped(look: Look) -> float:
    red, green, blue = (look.rgb[::2, ::2, channel] for channel in range(3))
    low = np.minimum(np.minimum(red, green), blue)
    high = np.maximum(np.maximum(red, green), blue)
    return float(((high <= BLACK) | (low >= WHITE)).mean())


def _contrast(look: Look) -> float:
    levels = np.bincount(look.luma.astype(np.uint8).ravel(), minlength=256).cumsum()
    dark, bright = np.searchsorted(levels, (0.05 * levels[-1], 0.95 * levels[-1]))
    return float(bright - dark)


def _colourfulness(rgb: Floats) -> float:
    red_green = rgb[..., 0] - rgb[..., 1]
    yellow_blue = (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


def _flat_share(look: Look, around: Mask, noise: float) -> float:
    if not around.any():
        return 0.0
    mean = look.per_cell(look.luma)
    variance = look.per_cell(look.luma**2) - mean**2
    flat = variance < (FLAT_STD**2 + 1.5 * noise**2)
    return float(flat[around].mean())


def _border_touch(inside: Mask) -> float:
    edge = rim((inside.shape[0], inside.shape[1]))
    return float(inside[edge].mean())


def _off_centre(subject: Subject) -> float:
    rows, columns = subject.mask.shape
    weights = subject.salience * subject.mask
    total = max(float(weights.sum()), 1e-9)
    y = float((weights.sum(axis=1) * (np.arange(rows) + 0.5)).sum()) / total / rows - 0.5
    x = float((weights.sum(axis=0) * (np.arange(columns) + 0.5)).sum()) / total / columns - 0.5
    return float(np.hypot(x, y) / np.hypot(0.5, 0.5))


def _depth_cue(fine: Floats, inside: Mask, around: Mask) -> float:
    if not around.any():
        return 0.0
    subject, rest = float(fine[inside].mean()) + 1, float(fine[around].mean()) + 1
    return float(np.log2(subject / rest) / 2)


def _blockiness(rgb: Rgb) -> float:
    """How far the steps across the file's 8×8 grid stand above those inside the blocks.

    The phase of the grid is searched for, since a crop moves it.
    """
    found = [0.0]
    tiles = [tile for tile in native_tiles(rgb) if min(tile.shape) >= 2 * BLOCK]
    for turned in (tiles, [tile.T for tile in tiles]):
        sums, counts = np.zeros(BLOCK), np.zeros(BLOCK)
        for tile in turned:
            steps = np.abs(np.diff(tile, axis=1)).mean(axis=0)
            edges = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
            phase = (np.arange(len(edges)) + 2) % BLOCK
            sums += np.bincount(phase, edges, BLOCK)
            counts += np.bincount(phase, minlength=BLOCK)
        if counts.min() > 0:
            means = np.sort(sums / counts)
            found.append(float(means[-1] - means[BLOCK // 2]))
    return max(found)
