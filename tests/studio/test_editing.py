"""Hands on the rectangles, in a real browser."""

from pathlib import Path

import pytest

from shared.clip import MotionType
from shared.manifest.motion_rules import motion_problems
from shared.motion.limits import ASPECT_TOLERANCE, check_bounds
from shared.motion.path import CameraPath
from shared.motion.rect import Rect
from tests.studio.hands import Hands

pytestmark = pytest.mark.browser

Corner = tuple[float, float]


def assert_fit(hands: Hands, aspect: float) -> None:
    """What the editor holds now: inside, of the output's shape, and called by a true name."""
    motion, (width, height) = (
        hands.motion(),
        hands.browser.js("[current().width, current().height]"),
    )
    start, end = Rect(*motion["start"]), Rect(*motion["end"])
    assert check_bounds(CameraPath(start, end), 2) == []
    assert start.pixel_aspect((width, height)) == pytest.approx(aspect, rel=ASPECT_TOLERANCE / 10)
    assert end.pixel_aspect((width, height)) == pytest.approx(aspect, rel=ASPECT_TOLERANCE / 10)
    assert motion_problems(MotionType(motion["type"]), start, end, "motion") == []


def test_a_new_keyframe_starts_with_a_gentle_zoom(hands: Hands, keyframes: Path) -> None:
    hands.pick(keyframes / "dawn.jpg")
    assert hands.motion()["type"] == "zoom_in"
    assert hands.motion()["start"] == [0, 0, 1, 1]
    assert hands.text("verdict") == "Calm enough"
    assert_fit(hands, 960 / 540)
    assert hands.browser.complaints == []


def test_dragging_moves_a_rectangle_by_as_much(at_folder: Hands) -> None:
    before = at_folder.motion()["end"]
    at_folder.drag((0.5, 0.5), (0.53, 0.48))
    after = at_folder.motion()["end"]
    shift = [b - a for a, b in zip(before, after, strict=True)]
    assert shift == pytest.approx([0.03, -0.02, 0.03, -0.02], abs=1e-3)
    assert_fit(at_folder, 960 / 540)


def test_no_drag_leaves_the_picture(at_folder: Hands) -> None:
    for target in ((3.0, 0.5), (-2.0, -2.0), (0.5, 4.0)):
        x1, y1, x2, y2 = at_folder.motion()["end"]
        middle = ((x1 + x2) / 2, (y1 + y2) / 2)
        at_folder.drag(middle, target)
        assert_fit(at_folder, 960 / 540)
    assert at_folder.motion()["end"][3] == 1


@pytest.mark.parametrize("corner", [(0, 1), (2, 1), (0, 3), (2, 3)])
def test_a_corner_resizes_in_shape_and_its_opposite_stays(
    at_folder: Hands, corner: tuple[int, int]
) -> None:
    i, j = corner
    before = at_folder.motion()["end"]
    at_folder.drag((before[i], before[j]), (0.5 + (before[i] - 0.5) / 2, 0.5))
    after = at_folder.motion()["end"]
    assert after[2] - after[0] < before[2] - before[0]
    assert [after[2 - i], after[4 - j]] == pytest.approx([before[2 - i], before[4 - j]], abs=1e-9)
    assert_fit(at_folder, 960 / 540)


@pytest.mark.parametrize("target", [(5.0, 0.5), (0.0, 0.0), (2.0, 2.0), (0.9, -1.0)])
def test_no_size_breaks_bounds_or_shape(at_folder: Hands, target: Corner) -> None:
    end = at_folder.motion()["end"]
    at_folder.drag((end[2], end[3]), target)
    assert_fit(at_folder, 960 / 540)
    x1, y1, x2, y2 = at_folder.motion()["end"]
    assert min(x2 - x1, y2 - y1) >= 0.01


@pytest.mark.parametrize(
    ("shape", "aspect"), [("16:9", 16 / 9), ("9:16", 9 / 16), ("1:1", 1.0), ("4:5", 0.8)]
)
def test_every_output_shape_holds_through_drags(
    at_folder: Hands, shape: str, aspect: float
) -> None:
    at_folder.click(f"input[name=aspect][value='{shape}']")
    assert_fit(at_folder, aspect)
    x1, y1, x2, y2 = at_folder.motion()["end"]
    at_folder.drag(((x1 + x2) / 2, (y1 + y2) / 2), (0.9, 0.6))
    end = at_folder.motion()["end"]
    at_folder.drag((end[0], end[1]), (end[0] + 0.1, end[1] + 0.2))
    assert_fit(at_folder, aspect)


def test_a_shape_of_ones_own(at_folder: Hands) -> None:
    at_folder.click("input[name=aspect][value=custom]")
    at_folder.browser.js(
        "{ const box = document.getElementById('aspect-custom'); box.value = '21:9';"
        " box.dispatchEvent(new Event('input', {bubbles: true})) }"
    )
    assert_fit(at_folder, 21 / 9)
    assert at_folder.browser.js("writeSidecar(current()).finish") == {"aspect": "21:9"}


def test_the_move_is_named_by_what_the_rectangles_do(at_folder: Hands) -> None:
    def named(start: list[float], end: list[float]) -> str:
        found: str = at_folder.browser.js(f"typeOf({start}, {end})")
        return found

    assert named([0, 0, 0.5, 0.5], [0, 0, 0.5, 0.5]) == "static"
    assert named([0, 0, 0.5, 0.5], [0.2, 0.01, 0.7, 0.51]) == "pan_right"
    assert named([0.2, 0, 0.7, 0.5], [0, 0, 0.5, 0.5]) == "pan_left"
    assert named([0, 0.2, 0.5, 0.7], [0, 0, 0.5, 0.5]) == "pan_up"
    assert named([0, 0, 0.5, 0.5], [0, 0.3, 0.5, 0.8]) == "pan_down"
    assert named([0, 0, 0.5, 0.5], [0.3, 0.3, 0.8, 0.8]) == "custom"
    assert named([0, 0, 1, 1], [0.1, 0.1, 0.6, 0.6]) == "zoom_in"
    assert named([0.1, 0.1, 0.6, 0.6], [0, 0, 1, 1]) == "zoom_out"
    assert named([0, 0, 0.5, 0.5], [0.4, 0.4, 0.6, 0.6]) == "custom"


@pytest.mark.parametrize("kind", [kind for kind in MotionType if kind is not MotionType.CUSTOM])
def test_choosing_a_move_lays_its_rectangles_out(at_folder: Hands, kind: MotionType) -> None:
    at_folder.click(f"input[name=type][value={kind.value}]")
    motion = at_folder.motion()
    assert motion["type"] == kind
    assert at_folder.browser.js(f"typeOf({motion['start']}, {motion['end']})") == kind
    assert_fit(at_folder, 960 / 540)
    assert at_folder.text("verdict") == "Calm enough"


def test_a_race_is_seen_and_mended(at_folder: Hands) -> None:
    at_folder.click("input[name=type][value=pan_right]")
    at_folder.browser.js(
        "change('test', (clip) => { setRect(clip, 'start', [0, 0.3, 0.4, 0.7]);"
        " setRect(clip, 'end', [0.6, 0.3, 1, 0.7]) })"
    )
    assert at_folder.text("verdict") == "Too fast"
    assert at_folder.text("peak") == "0.589"
    at_folder.click("#enough")
    assert at_folder.text("verdict") == "Calm enough"
    assert at_folder.motion()["duration"] == 11.8


def test_keys_nudge_the_rectangle_in_hand_by_keyframe_pixels(at_folder: Hands) -> None:
    at_folder.press("2")
    before = at_folder.motion()["end"]
    at_folder.press("ArrowRight")
    at_folder.press("ArrowDown", shift=True)
    after = at_folder.motion()["end"]
    assert after[0] - before[0] == pytest.approx(1 / 960)
    assert after[1] - before[1] == pytest.approx(10 / 540)
    at_folder.press("-")
    assert at_folder.motion()["end"][0] > after[0]
    assert at_folder.browser.js("desk.at") == 0
    assert_fit(at_folder, 960 / 540)


def test_undo_takes_back_a_drag_as_one_step_and_reset_everything(at_folder: Hands) -> None:
    first = at_folder.motion()
    at_folder.drag((0.5, 0.5), (0.54, 0.52), steps=8)
    dragged = at_folder.motion()
    at_folder.click("input[name=easing][value=linear]")
    at_folder.press("u")
    assert at_folder.motion() == dragged
    at_folder.press("u")
    assert at_folder.motion() == first
    at_folder.browser.js("redo(current())")
    assert at_folder.motion() == dragged
    at_folder.press("r")
    assert at_folder.motion() == first


def test_arrows_turn_to_the_next_keyframe_when_nothing_is_in_hand(at_folder: Hands) -> None:
    at_folder.press("ArrowRight")
    at_folder.browser.wait_for("current().name === 'pier.png' && current().motion")
    assert at_folder.text("place") == "2 of 3"
    at_folder.press("ArrowLeft")
    at_folder.browser.wait_for("current().name === 'dawn.jpg'")


def test_typed_pixels_are_held_inside(at_folder: Hands) -> None:
    at_folder.browser.js(
        "for (const [id, value] of [['end-w', 480], ['end-x', 5000]]) {"
        " const box = document.getElementById(id); box.value = value;"
        " box.dispatchEvent(new Event('change', {bubbles: true})) }"
    )
    end = at_folder.motion()["end"]
    assert end[2] == 1
    assert end[2] - end[0] == pytest.approx(0.5)
    assert at_folder.browser.js("document.getElementById('end-x').value") == "480"
    assert_fit(at_folder, 960 / 540)


def test_the_preview_shows_the_view_of_that_moment(at_folder: Hands) -> None:
    """A pixel of the preview is the keyframe's at the same place of the eased path."""
    at_folder.browser.js("change('t', (c) => setType(c, 'pan_down')); player.sec = 2; drawPlayer()")
    told, expected = at_folder.browser.js(
        """(() => {
          const clip = current(), canvas = document.getElementById("preview");
          const { start, end, easing, duration } = clip.motion;
          const [x1, y1, x2, y2] = rectAt(start, end, easing, 2 / duration);
          const copy = new OffscreenCanvas(clip.width, clip.height).getContext("2d");
          copy.drawImage(clip.image, 0, 0);
          const at = (pen, x, y) => Array.from(pen.getImageData(x, y, 1, 1).data.slice(0, 3));
          return [
            at(canvas.getContext("2d"), canvas.width / 2, canvas.height / 2),
            at(copy, (x1 + x2) / 2 * clip.width, (y1 + y2) / 2 * clip.height),
          ];
        })()"""
    )
    assert told == pytest.approx(expected, abs=24)


def test_the_preview_plays_and_pauses(at_folder: Hands) -> None:
    assert at_folder.browser.js("player.playing") is False  # the reader asked for less motion
    at_folder.press(" ")
    at_folder.browser.wait_for("player.sec > 0.2")
    at_folder.press(" ")
    assert at_folder.browser.js("player.playing") is False


def test_intensity_is_off_until_it_is_asked_for(at_folder: Hands) -> None:
    assert "intensity" not in at_folder.browser.js("writeSidecar(current()).motion")
    at_folder.click("#intensity-on")
    assert at_folder.browser.js("writeSidecar(current()).motion.intensity") == 0.5
