"""Frame rates, frame counts and frame plans."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.frames import FrameRule, frame_count, frame_plan, frame_rate


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (24, Fraction(24)),
        (30.0, Fraction(30)),
        ("60", Fraction(60)),
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        ("23.976023976", Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (119.88, Fraction(120000, 1001)),
        (12.5, Fraction(25, 2)),
        (Fraction(25), Fraction(25)),
    ],
)
def test_a_rate_is_what_its_writer_meant(fps: float | str, rate: Fraction) -> None:
    assert frame_rate(fps) == rate
    assert frame_rate(str(frame_rate(fps))) == rate


@pytest.mark.parametrize("fps", [0, -24, 241, "fast", "", "1/0", float("nan"), float("inf")])
def test_a_rate_that_means_nothing_is_refused(fps: float | str) -> None:
    with pytest.raises(InvalidInput, match="rate"):
        frame_rate(fps)


@pytest.mark.parametrize(
    ("duration", "fps", "count"),
    [
        (4, 30, 120),
        (6.0, 30, 180),
        (5, 30, 150),
        (4, 23.976, 96),
        (8, 29.97, 240),
        (4.15, 30, 125),  # 124.5: a half rounds up, and 4.15 is not the float below it
        (0.001, 24, 1),
    ],
)
def test_a_clip_has_duration_times_rate_frames(duration: float, fps: float, count: int) -> None:
    assert frame_count(duration, frame_rate(fps)) == count


@pytest.mark.parametrize("duration", [0, -1, float("nan"), float("inf")])
def test_a_clip_lasts_longer_than_nothing(duration: float) -> None:
    with pytest.raises(InvalidInput, match="duration_sec"):
        frame_count(duration, Fraction(30))


@given(st.floats(0.1, 60), st.sampled_from([24, 23.976, 25, 29.97, 30, 59.94, 60]))
def test_the_count_is_within_half_a_frame_of_the_duration(duration: float, fps: float) -> None:
    rate = frame_rate(fps)
    assert abs(frame_count(duration, rate) / rate - Fraction(duration)) <= 1 / (2 * rate) + 1e-9


def test_wan_covers_five_seconds_with_81_frames() -> None:
    plan = frame_plan(5, 30, 16, "4k+1")
    assert (plan.base_count, plan.frame_count) == (81, 150)
    times = plan.sample_times()
    assert times[1] == pytest.approx(80 / 149)
    assert plan.stretch == pytest.approx(1, abs=0.01)


def test_svd_cannot_cover_four_seconds_and_says_how_far_it_is_stretched() -> None:
    plan = frame_plan(4, 30, 7, "14,25")
    assert (plan.base_count, plan.used_count, plan.frame_count) == (25, 25, 120)
    assert plan.stretch == pytest.approx((119 / 30) / (24 / 7))
    assert plan.stretch > 1.15


def test_frames_beyond_the_clip_are_trimmed_not_squeezed_in() -> None:
    plan = frame_plan(4, 24, 24, "8k+1")
    assert (plan.base_count, plan.used_count, plan.frame_count) == (97, 96, 96)
    assert plan.sample_times() == [float(i) for i in range(96)]
    assert not plan.needs_interpolation
    assert plan.stretch == 1


def test_a_longest_clip_of_a_model_is_respected() -> None:
    plan = frame_plan(8, 24, 24, FrameRule.parse("4k+1", most=121))
    assert plan.base_count == 121
    assert plan.stretch == pytest.approx(191 / 120)


def test_a_single_frame_is_its_own_plan() -> None:
    plan = frame_plan(0.01, 24, 16)
    assert (plan.base_count, plan.frame_count, plan.stretch) == (1, 1, 1)
    assert plan.sample_times() == [0]


rules = st.sampled_from(["any", "4k+1", "8k+1", "6k+1", "17n+5", "14,25"])


@given(
    st.floats(0.5, 20), st.sampled_from([24, 29.97, 30, 60]), st.sampled_from([6, 7, 16, 24]), rules
)
def test_every_plan_starts_and_ends_on_real_frames_and_moves_evenly(
    duration: float, fps: float, native: float, rule: str
) -> None:
    plan = frame_plan(duration, fps, native, rule)
    times = plan.sample_times()
    assert len(times) == plan.frame_count
    assert times[0] == 0
    assert times[-1] == plan.used_count - 1 <= plan.base_count - 1
    steps = {round(b - a, 9) for a, b in pairwise(times)}
    assert max(steps) - min(steps) < 1e-8
    assert plan.base_count == FrameRule.parse(rule).covering(plan.base_count)
    if rule != "14,25":
        # Never slowed down, and hurried by less than one native frame.
        assert plan.stretch <= 1
        assert plan.stretch > 1 - 1 / max(plan.used_count - 1, 1) - 1e-9


@pytest.mark.parametrize(
    ("rule", "count", "legal"),
    [
        ("4k+1", 64, 65),
        ("4k+1", 65, 65),
        ("8k+1", 66, 73),
        ("17n+5", 4, 5),
        ("17n+5", 6, 22),
        ("any", 7, 7),
        ("14,25", 10, 14),
        ("25, 14", 26, 25),
    ],
)
def test_a_rule_rounds_up_to_a_legal_count(rule: str, count: int, legal: int) -> None:
    assert FrameRule.parse(rule).covering(count) == legal


def test_a_rule_nobody_knows_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="frame rule"):
        FrameRule.parse("4k-ish")
