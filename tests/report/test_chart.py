"""The strips of a card: curves to scale, limits in sight, faults shaded and said in words."""

import re

import pytest

from shared.batch import BatchResult, ClipStatus
from shared.report.chart import HEIGHT, MOST_STRIPS, WIDTH, chart
from shared.report.page import INLINE_LIMIT, SHEETS_LIMIT_BYTES, render_report
from shared.safety.curves import Curves, Flag
from shared.safety.report import Curve, Verdict
from tests.report.conftest import FLAGGED, MEASURED, NASTY, done

PIXEL = b"\xff\xd8\xff\xd9"
FIGURE = re.compile(r"<figure>.*?</figure>", re.DOTALL)


def strips(curves: Curves) -> dict[str, str]:
    """The strips by their titles."""
    found = FIGURE.findall(chart("a", curves) or "")
    return {re.findall("<b>(.*?)</b>", strip)[0]: strip for strip in found}


def corners(strip: str) -> list[tuple[float, float]]:
    drawn = re.findall(r'd="M(.*?)"', strip)[0]
    return [(float(x), float(y)) for x, y in (corner.split() for corner in drawn.split("L"))]


def one(name: str, values: tuple[float, ...], **limits: float | bool) -> Curves:
    times = tuple(float(at) for at in range(len(values)))
    line = Curve.model_validate(
        {"name": name, "unit": "%", "times": times, "values": values, **limits}
    )
    return Curves(duration_sec=float(len(values)), curves=(line,))


def test_a_clip_without_measures_has_no_chart() -> None:
    assert chart("a", None) is None
    assert chart("a", Curves(duration_sec=4)) is None
    assert chart("a", Curves(duration_sec=0, curves=MEASURED.curves)) is None


def test_a_curve_runs_through_its_values_at_their_times() -> None:
    drawn = corners(strips(one("light", (0.0, 100.0, 50.0)))["Light"])
    assert [x for x, _ in drawn] == pytest.approx([0, WIDTH / 3, 2 * WIDTH / 3])
    assert [y for _, y in drawn] == pytest.approx([HEIGHT - 1, 1, HEIGHT / 2])


@pytest.mark.parametrize("low_is_bad", [False, True])
@pytest.mark.parametrize("value", [0.0, 0.1, 5.0, 700.0, -3.0])
def test_the_nearest_limit_is_always_in_sight(value: float, low_is_bad: bool) -> None:
    strip = strips(one("x", (value,), warn=0.2, fail=0.5, low_is_bad=low_is_bad))["X"]
    height = float(re.findall(r'class="limit warn"[^>]*y1="([\d.]+)"', strip)[0])
    assert 0 < height < HEIGHT
    value_height = corners(strip)[0][1]
    assert (value_height < height) == (value > 0.2)


def test_a_fault_is_shaded_when_it_was_and_said_in_words() -> None:
    found = strips(FLAGGED)
    shade = re.findall(r'<g class="shade bad"><rect x="(.*?)" y="0" width="(.*?)"', found["Light"])
    assert [tuple(map(float, each)) for each in shade] == [(WIDTH / 4, WIDTH * 0.9 / 4)]
    assert "shade warn" in found["Motion"]
    assert "shade" not in found["Flicker"]
    words = chart("a", FLAGGED) or ""
    assert "1.00–1.90 s, 3.00 s" in words
    assert "Flash general: fail" in found["Light"]


def test_what_failed_comes_before_what_warned_and_few_strips_are_drawn() -> None:
    names = ("light", "motion", "flicker", "texture", "warping")
    curves = tuple(Curve(name=name, unit="%", times=(0,), values=(1,)) for name in names)
    flags = (
        Flag(name="warping", verdict=Verdict.FAIL, intervals=((0, 1),)),
        Flag(name="texture", verdict=Verdict.WARN, intervals=((0, 1),)),
    )
    drawn = list(strips(Curves(duration_sec=1, curves=curves, flags=flags)))
    assert drawn == ["Light", "Motion", "Warping", "Texture"]
    assert len(drawn) == MOST_STRIPS


def test_names_in_a_chart_stay_text() -> None:
    odd = MEASURED.model_copy(
        update={"flags": (Flag(name=NASTY, verdict=Verdict.FAIL, intervals=((9.0, 99.0),)),)}
    )
    assert "<script" not in (chart(NASTY, odd) or "")


def test_a_held_clip_shows_its_frames_and_how_to_answer(batch: BatchResult) -> None:
    page = render_report(batch, {}, sheets={"fairground": PIXEL, "harbour_dawn": PIXEL})
    assert page.count("<img ") == 1
    assert "dropreel review coastline/2026-11-reel-4 fairground --approve" in page


def test_where_it_flashes_is_shown_of_held_and_of_delivered_clips(batch: BatchResult) -> None:
    page = render_report(batch, {}, heatmaps={"fairground": PIXEL, "harbour_dawn": PIXEL})
    assert page.count("<img ") == 2
    assert "Where harbour_dawn flashes" in page


def test_a_clip_that_was_never_made_promises_no_film(batch: BatchResult) -> None:
    page = render_report(batch, {})
    assert "_review_fairground.mp4" in page
    unmade = tuple(clip.model_copy(update={"checks": ()}) for clip in batch.clips)
    assert "_review_fairground" not in render_report(batch.model_copy(update={"clips": unmade}), {})


def test_frames_to_look_at_fill_a_page_up_to_a_limit(batch: BatchResult) -> None:
    held = tuple(done(f"s{i}", i, status=ClipStatus.NEEDS_REVIEW, files={}) for i in range(5))
    sheet = b"\0" * (SHEETS_LIMIT_BYTES // 3)
    page = render_report(
        batch.model_copy(update={"clips": held}), {}, sheets={clip.stem: sheet for clip in held}
    )
    assert page.count("<img ") == 3


def test_a_page_of_the_most_clips_with_charts_stays_light(batch: BatchResult) -> None:
    clips = tuple(done(f"s{i}", i) for i in range(INLINE_LIMIT))
    long = batch.model_copy(update={"clips": clips, "problems": ()})
    bare = len(render_report(long, {}))
    charted = render_report(long, {}, curves={clip.stem: MEASURED for clip in clips})
    assert charted.count('class="chart"') == INLINE_LIMIT
    assert len(charted) - bare < 6_000 * INLINE_LIMIT


def test_a_longer_page_leaves_charts_and_frames_out(batch: BatchResult) -> None:
    clips = [done(f"s{i}", i) for i in range(INLINE_LIMIT)]
    clips.append(done("held", INLINE_LIMIT, status=ClipStatus.NEEDS_REVIEW, files={}))
    page = render_report(
        batch.model_copy(update={"clips": tuple(clips), "problems": ()}),
        {},
        curves={clip.stem: FLAGGED for clip in clips},
        sheets={"held": PIXEL},
    )
    assert 'class="chart"' not in page
    assert "<img" not in page.replace("&lt;", "<")
