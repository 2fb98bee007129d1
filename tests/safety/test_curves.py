"""What is kept of the measures over time: small, and with every spike still in it."""

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clip import Easing
from shared.motion.path import CameraPath
from shared.motion.rect import Rect
from shared.motion.speed import motion_speed
from shared.safety.check import Expectation
from shared.safety.curves import MOST_POINTS, curves_of, thinned
from shared.safety.inspector import inspect_clip
from shared.safety.pace import step_of_view
from shared.safety.report import CheckResult, Curve, InspectionReport, Verdict
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishSpec

SIZE = (320, 180)
RATE = Fraction(24)

numbers = st.floats(-1e6, 1e6, width=32)


def curve(values: list[float], **changes: object) -> Curve:
    times = [at / 24 for at in range(len(values))]
    return Curve.model_validate(
        {"name": "flicker", "unit": "%", "times": times, "values": values, **changes}
    )


@given(
    st.lists(numbers | st.just(math.nan), max_size=2000),
    st.integers(0, 1999),
    st.floats(1e7, 1e9),
)
def test_a_spike_of_one_frame_survives(values: list[float], place: int, spike: float) -> None:
    values = [*values, 0.0]
    at = place % len(values)
    for sign in (1, -1):
        values[at] = sign * spike
        small = thinned(curve(values))
        kept = dict(zip(small.times, small.values, strict=True))
        assert kept[round(at / 24, 3)] == pytest.approx(sign * spike, rel=1e-3)


@given(st.lists(numbers, min_size=1, max_size=2000))
def test_a_thinned_curve_is_short_in_order_and_as_wide_as_the_whole(values: list[float]) -> None:
    small = thinned(curve(values))
    assert 1 <= len(small.values) <= MOST_POINTS
    assert list(small.times) == sorted(set(small.times))
    assert small.times[0] == 0
    assert small.times[-1] == round((len(values) - 1) / 24, 3)
    for extreme in (min, max):
        assert extreme(small.values) == pytest.approx(extreme(values), rel=1e-3, abs=1e-9)
    if len(values) <= MOST_POINTS:
        assert len(small.values) == len(values)


def test_the_curves_of_checks_that_passed_are_left_out_but_for_the_flicker() -> None:
    def check(name: str, verdict: Verdict) -> CheckResult:
        return CheckResult(name=name, verdict=verdict, intervals=((0.0, 0.5),))

    report = InspectionReport.of(
        (
            check("flicker", Verdict.PASS),
            check("texture", Verdict.WARN),
            check("warping", Verdict.FAIL),
            check("identity", Verdict.PASS),
        ),
        frame_count=1,
        seconds=1,
    )
    measured = [curve([0.5], name=each.name) for each in report.checks]
    measured += [curve([0.5], name="light"), curve([math.nan], name="motion")]
    kept = curves_of(measured, report, 1.0)
    assert [each.name for each in kept.curves] == ["flicker", "texture", "warping", "light"]
    assert [flag.name for flag in kept.flags] == ["warping", "texture"]


@pytest.mark.parametrize("easing", Easing)
def test_the_path_s_pace_is_the_planner_s_speed(easing: Easing) -> None:
    path = CameraPath(Rect(0, 0, 0.8, 0.8), Rect(0.4, 0.3, 0.9, 0.8), easing)
    width, height, frames = 1600, 900, 2400
    boxes = [(r.x1 * width, r.y1 * height, r.x2 * width, r.y2 * height) for r in path.rects(frames)]
    steps = [step_of_view(before, after) for before, after in itertools.pairwise(boxes)]
    speed = motion_speed(path, 10.0, width / height)
    assert max(steps) * (frames - 1) / 10 == pytest.approx(speed.peak, rel=0.01)


def test_light_and_flow_of_a_film_are_measured_frame_by_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    wide = rng.integers(40, 200, (23, 80, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1)

    def frames() -> Iterator[av.VideoFrame]:
        for at in range(24):
            view = wide[: SIZE[1], 4 * at : 4 * at + SIZE[0]].copy()
            if at == 12:
                view[:] = 255
            yield av.VideoFrame.from_ndarray(view, "rgb24")

    spec = FinishSpec(*SIZE, RATE, 24, RATE)
    path = finish_clip(frames, spec=spec, out_dir=tmp_path).master.path
    measured: list[Curve] = []
    report = inspect_clip(path, Expectation(*SIZE, RATE, 24), curves=measured)
    assert "curve" not in report.model_dump_json()
    curves = {each.name: each for each in curves_of(measured, report, 1.0).curves}
    light, motion = curves["light"], curves["motion"]
    assert len(light.values) == 24
    assert max(light.values) == pytest.approx(100, abs=1)
    assert light.times[light.values.index(max(light.values))] == pytest.approx(0.5, abs=1e-3)
    # 4 of 320 pixels a frame, 24 frames a second.
    assert np.median(motion.values) == pytest.approx(30, rel=0.1)
    assert curves["flicker"].warn is not None
