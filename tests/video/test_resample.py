"""Resampling is exact: no sum is ever rounded, whoever adds it up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.video.bands import BLOCK, MAX_GAIN, WEIGHT_ONE, Bands, lanczos_bands
from shared.video.resample import COLUMN_GROUP, PEAK, ROW_GROUP, reduce


def matrix(bands: Bands, size: int) -> np.ndarray:
    """The axis as one (count, size) matrix of whole weights."""
    whole = np.zeros((bands.count, size), np.int64)
    for output in range(bands.count):
        block, row = divmod(output, BLOCK)
        for tap, weight in enumerate(bands.weights[block, row]):
            if weight:
                whole[output, bands.first[block] + tap] += round(weight * WEIGHT_ONE)
    return whole


@settings(max_examples=80)
@given(
    st.floats(0.001, 40),
    st.floats(0, 1),
    st.integers(1, 120),
    st.integers(1, 150),
    st.integers(1, 13),
)
def test_weights_of_an_output_add_up_to_one_and_never_gain_more_than_stated(
    step: float, place: float, count: int, size: int, group: int
) -> None:
    whole = matrix(lanczos_bands(place * size, step, count, size, group), size)

    assert (whole.sum(axis=1) == WEIGHT_ONE).all()
    assert np.abs(whole).sum(axis=1).max() <= MAX_GAIN * WEIGHT_ONE


def test_sums_fit_a_float() -> None:
    """After the first pass a sample is at most PEAK × gain; the second multiplies it once more."""
    assert PEAK * MAX_GAIN * MAX_GAIN * WEIGHT_ONE < 2**24


@pytest.mark.parametrize("step", [0.31, 1.0, 1.49, 3.7])
def test_products_equal_integer_arithmetic(step: float) -> None:
    height, width = 83, 211
    plane = np.random.default_rng(3).integers(-PEAK, PEAK + 1, (height, width), np.int16)
    rows = lanczos_bands(2.2, step, int(height / step) - 3, height, ROW_GROUP)
    columns = lanczos_bands(1.7, step, int(width / step) - 3, width, COLUMN_GROUP)

    drawn = reduce(plane, rows, columns)

    between = np.rint(matrix(rows, height) @ plane / WEIGHT_ONE).astype(np.int64)
    exact = np.rint(between @ matrix(columns, width).T / WEIGHT_ONE)
    assert np.array_equal(drawn, np.clip(exact, -PEAK, PEAK))


@pytest.mark.parametrize("step", [0.03, 0.4, 1.0, 1.37, 2.9, 12.0])
def test_what_is_sampled_lies_where_it_was_asked_for(step: float) -> None:
    size, count, start = 400, 20, 60.3
    whole = matrix(lanczos_bands(start, step, count, size, COLUMN_GROUP), size)

    centres = whole @ np.arange(size) / WEIGHT_ONE

    assert np.abs(centres - (start + step * np.arange(count))).max() < 0.002 * max(step, 1)
