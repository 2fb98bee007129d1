"""The easing curves: where they start, where they end, how fast they ever are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clip import Easing
from shared.motion.easing import ease, ease_speed, peak_factor

shares = st.floats(0, 1)
easings = st.sampled_from(Easing)


@pytest.mark.parametrize("easing", Easing)
def test_a_move_starts_at_nothing_and_ends_complete(easing: Easing) -> None:
    assert ease(easing, 0) == 0
    assert ease(easing, 1) == 1
    assert ease(easing, -0.5) == 0
    assert ease(easing, 1.5) == 1


@given(easings, shares, shares)
def test_the_camera_never_turns_back(easing: Easing, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0 <= ease(easing, low) <= ease(easing, high) <= 1


@given(easings, st.floats(0.001, 0.999))
def test_the_speed_is_the_slope_of_the_curve(easing: Easing, u: float) -> None:
    step = 1e-5
    slope = (ease(easing, u + step) - ease(easing, u - step)) / (2 * step)
    assert ease_speed(easing, u) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("easing", Easing)
def test_the_peak_factor_is_reached_and_never_passed(easing: Easing) -> None:
    speeds = [ease_speed(easing, i / 1000) for i in range(1001)]
    assert max(speeds) == pytest.approx(peak_factor(easing))
    assert sum(speeds) / len(speeds) == pytest.approx(1, abs=2e-3)


def test_every_eased_curve_costs_the_same_peak() -> None:
    assert peak_factor(Easing.LINEAR) == 1
    for easing in (Easing.EASE_IN, Easing.EASE_OUT, Easing.EASE_IN_OUT):
        assert peak_factor(easing) == math.pi / 2


@given(shares)
def test_ease_out_is_ease_in_played_backwards(u: float) -> None:
    assert ease(Easing.EASE_OUT, u) == pytest.approx(1 - ease(Easing.EASE_IN, 1 - u))


def test_the_names_say_which_end_is_at_rest() -> None:
    assert ease_speed(Easing.EASE_IN, 0) == pytest.approx(0)
    assert ease_speed(Easing.EASE_OUT, 1) == pytest.approx(0)
    assert ease_speed(Easing.EASE_IN_OUT, 0) == pytest.approx(0)
    assert ease_speed(Easing.EASE_IN_OUT, 1) == pytest.approx(0)
    assert ease_speed(Easing.LINEAR, 1.5) == 0
