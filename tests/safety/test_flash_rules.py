"""The flash rules on frames as they are, at every threshold: just under passes, just over fails."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.safety.flash.area import Field, Profile
from shared.safety.flash.grid import Grid
from shared.safety.flash.light import (
    FAR_SHARE,
    LINEAR_OF_CODE,
    chromaticity,
    is_saturated_red,
    relative_luminance,
)
from shared.safety.flash.look import CEILING, STEP
from shared.safety.flash.recent import Recent
from shared.safety.flash.turns import Turns
from tests.safety.flashing import (
    HEIGHT,
    RATES,
    THIRTY,
    WIDTH,
    Picture,
    blinking,
    grey,
    look,
    number,
    phase,
    still,
    too_often,
    transitions,
)

# --- how often ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("hertz", [1, 2, 2.5, 3, 3.5, 4, 5, 7.5, 10, 12, 15])
def test_every_frequency_at_every_rate(hertz: float, rate: Fraction) -> None:
    on, off = still(200, 64, 36), still(20, 64, 36)
    result = look(blinking(on, off, hertz, rate, 2.5), rate)["flash_general"]
    values = [1.0 * phase(index, rate, hertz) for index in range(round(2.5 * rate))]
    expected = too_often([float(index / rate) for index in transitions(values)])
    assert (result.verdict == "fail") == expected
    if hertz <= 2.5:
        assert not expected
    if 3.5 <= hertz <= rate / 2:
        assert expected


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate.denominator == 1], ids=str)
def test_exactly_three_flashes_a_second_pass(rate: Fraction) -> None:
    assert look(blinking(still(255), still(0), 3, rate, 4), rate).flagged == {
        "brightness_swing": "fail",
        "scene_cuts": "warn",
    }


def _turning_at(indices: list[int], count: int = 60) -> list[Picture]:
    """Dark, and the other of dark and bright from each of these frames on."""
    lit = np.cumsum(np.isin(np.arange(count), indices)) % 2
    return [still(180 if each else 30, 64, 36) for each in lit]


@pytest.mark.parametrize("start", [1, 7, 29])
def test_six_transitions_pass_and_seven_fail_wherever_they_begin(start: int) -> None:
    six = [start + 4 * each for each in range(6)]
    assert look(_turning_at(six))["flash_general"].verdict == "pass"
    assert look(_turning_at([*six, six[-1] + 4]))["flash_general"].verdict == "fail"


def test_the_second_is_half_open() -> None:
    six = [5 * each for each in range(1, 7)]
    assert look(_turning_at([*six, 35]))["flash_general"].verdict == "pass"
    assert look(_turning_at([*six, 34]))["flash_general"].verdict == "fail"


def test_timestamps_count_and_not_frames() -> None:
    pictures = _turning_at([2, 4, 6, 8, 10, 12, 14], 20)
    slow = [0.2 * index for index in range(20)]
    assert look(pictures, times=slow)["flash_general"].verdict == "pass"
    # The first transition at 1.3 s, the last at 2.2 s: nine frames of a clip of uneven ones.
    uneven = [
        0,
        0.5,
        1.3,
        1.4,
        1.5,
        1.6,
        1.7,
        1.75,
        1.8,
        1.85,
        1.9,
        1.95,
        2.0,
        2.1,
        2.2,
        *range(3, 8),
    ]
    result = look(pictures, times=uneven)["flash_general"]
    assert result.verdict == "fail"
    assert result.intervals == ((1.2, 2.2),)
    assert result.frames == (14,)


# --- how much -------------------------------------------------------------------------------------


def test_the_step_is_a_tenth_of_white() -> None:
    dark = 60
    first = int(np.flatnonzero(LINEAR_OF_CODE[dark] + 0.1 <= LINEAR_OF_CODE)[0])
    for code, verdict in ((first - 1, "pass"), (first, "fail")):
        assert (
            look(blinking(still(code), still(dark), 5, THIRTY))["flash_general"].verdict == verdict
        )


def test_the_darker_state_must_be_below_four_fifths() -> None:
    first = int(np.flatnonzero(LINEAR_OF_CODE >= 0.8)[0])
    for code, verdict in ((first, "pass"), (first - 1, "fail")):
        assert (
            look(blinking(still(255), still(code), 5, THIRTY))["flash_general"].verdict == verdict
        )


def test_green_counts_for_more_than_blue() -> None:
    assert look(blinking(still((0, 0, 255)), still(), 5, THIRTY))["flash_general"].verdict == "pass"
    assert look(blinking(still((0, 140, 0)), still(), 5, THIRTY))["flash_general"].verdict == "fail"


def test_a_flash_of_many_steps_is_one_and_a_ramp_is_none() -> None:
    steps = [0.05, 0.12, 0.2, 0.3, 0.3, 0.22, 0.13, 0.05]
    four_hertz = [still(grey(each), 64, 36) for each in steps * 8]
    assert look(four_hertz, Fraction(32))["flash_general"].verdict == "fail"
    # As many steps of that size, all in one direction: one transition.
    ramp = [still(grey(each), 64, 36) for each in np.linspace(0, 1, 30)]
    assert look(ramp)["flash_general"].value == 0
    # Each step alone is below a tenth, up and down by two of them is not.
    soft = [0.10, 0.16, 0.22, 0.16] * 8
    assert look([still(grey(each), 64, 36) for each in soft])["flash_general"].verdict == "fail"
    wobble = [0.10, 0.16, 0.12, 0.18] * 8
    assert look([still(grey(each), 64, 36) for each in wobble])["flash_general"].verdict == "pass"


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 255), min_size=8, max_size=8), min_size=12, max_size=40))
def test_every_pixel_agrees_with_the_rule_as_it_is_written(rows: list[list[int]]) -> None:
    lights = [
        np.minimum(
            relative_luminance(np.repeat(np.array([row], np.uint8)[..., None], 3, 2)), CEILING
        )
        for row in rows
    ]
    turns = Turns(lights[0], STEP)
    recent = Recent((1, 8), turns.strips)
    times = np.cumsum(np.full(len(rows), 0.04))
    for index, light in enumerate(lights):
        if index:
            recent.add(times[index], *turns.see(light))
        for pixel in range(8):
            seen = [LINEAR_OF_CODE[row[pixel]] for row in rows[: index + 1]]
            expected = sum(times[index] - times[each] < 0.9985 for each in transitions(seen))
            assert recent.counts[0, pixel] == expected


# --- how large ------------------------------------------------------------------------------------


def _with_pixels(count: int) -> Picture:
    """The first pixels bright, row by row."""
    picture = still(30)
    picture.reshape(-1, 3)[:count] = 200
    return picture


def test_a_quarter_passes_and_one_pixel_more_fails() -> None:
    quarter = WIDTH * HEIGHT // 4
    for count, verdict in ((quarter, "pass"), (quarter + 1, "fail")):
        result = look(blinking(_with_pixels(count), still(30), 5, THIRTY))["flash_general"]
        assert (result.verdict == "fail") == (verdict == "fail")
        assert result.value == pytest.approx(100 * count / (WIDTH * HEIGHT), abs=0.006)


@pytest.mark.parametrize("share", [0.248, 0.252])
@pytest.mark.parametrize("shape", ["left", "middle", "ring", "islands"])
def test_areas_next_to_the_limit_whatever_their_shape(shape: str, share: float) -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    distance = (
        {
            "left": columns * 1.0,
            "middle": np.maximum(abs(columns - 160) / WIDTH, abs(rows - 90) / HEIGHT),
            "ring": abs(np.hypot(columns - 160, rows - 90) - 60),
            "islands": np.maximum(columns % 80, rows % 60) * 1.0,
        }[shape]
        + 1e-6 * columns
        + 1e-9 * rows
    )
    order = np.argsort(distance, axis=None, kind="stable")
    on = still(30)
    on.reshape(-1, 3)[order[: round(share * order.size)]] = 200
    result = look(blinking(on, still(30), 5, THIRTY))["flash_general"]
    assert (result.verdict == "fail") == (share > 0.25)
    assert result.value == pytest.approx(100 * share, abs=0.01)


def test_a_field_of_wcag_is_ten_degrees_of_a_screen() -> None:
    field = Field.of(Profile.WCAG, Grid(1080, 1920))
    assert (field.width, field.height, field.limit) == (341, 256, 21824)
    half = Field.of(Profile.WCAG, Grid(540, 960))
    assert (half.width, half.height) == (170, 128)
    portrait = Field.of(Profile.WCAG, Grid(1920, 1080))
    assert (portrait.width, portrait.height) == (341, 256)


@pytest.mark.parametrize(("across", "down"), [(0, 0), (401, 177), (790, 412)])
def test_one_field_is_enough_for_wcag_wherever_it_lies(across: int, down: int) -> None:
    field = Field.of(Profile.WCAG, Grid(540, 960))
    for extra, strict in ((0, "pass"), (1, "fail")):
        on = still(30, 960, 540)
        # 85 columns of 64 rows are a quarter of 170 x 128.
        on[down : down + 64, across : across + 85] = 200
        on[down + 64, across : across + extra] = 200
        frames = list(blinking(on, still(30, 960, 540), 6, Fraction(24), 1.3))
        assert field.limit == 85 * 64
        assert look(frames, Fraction(24), Profile.WCAG)["flash_general"].verdict == strict
        broad = look(frames, Fraction(24))["flash_general"]
        assert broad.verdict == ("warn" if extra else "pass")
        assert number(broad) < 2


def test_halves_in_counter_phase_have_a_constant_mean_and_fail() -> None:
    left, right = still(40), still(40)
    left[:, : WIDTH // 2] = 200
    right[:, WIDTH // 2 :] = 200
    result = look(blinking(left, right, 5, THIRTY))
    assert result["flash_general"].verdict == "fail"
    assert result["flash_general"].value == 100
    assert result["brightness_swing"].value == 0


@pytest.mark.parametrize("square", [6, 20, 45])
def test_a_chequerboard_that_reverses_fails(square: int) -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] // square
    one = np.where(((rows + columns) % 2)[..., None], 200, 40).repeat(3, 2).astype(np.uint8)
    result = look(blinking(one, 240 - one, 5, THIRTY))["flash_general"]
    assert (result.verdict, result.value) == ("fail", 100)


def test_regions_that_flash_at_their_own_pace_fail_together() -> None:
    """A wall of screens: none is in time with another."""
    frames = []
    for index in range(60):
        picture = still(30)
        for screen in range(6):
            row, column = divmod(screen, 3)
            if phase(index + 3 * screen, THIRTY, 4.2 + 0.3 * screen):
                picture[row * 90 : row * 90 + 60, column * 106 : column * 106 + 70] = 200
        frames.append(picture)
    assert look(frames)["flash_general"].verdict == "fail"


def test_a_photograph_that_pulsates_softly_fails(photograph: Picture) -> None:
    frames = [
        np.clip(photograph * (0.55 + 0.45 * np.sin(2 * np.pi * 5 * index / 30)), 0, 255)
        for index in range(60)
    ]
    result = look([frame.astype(np.uint8) for frame in frames])["flash_general"]
    assert result.verdict == "fail"
    assert number(result) > 50


# --- what is no flash -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photograph() -> Picture:
    picture = _photograph("coffee.png")
    return np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _photograph(name: str) -> Picture:
    return np.asarray(cv2.imread(f"examples/first-batch/{name}"), np.uint8)


def test_white_noise_is_no_failure_and_no_secret() -> None:
    rng = np.random.default_rng(5)
    noise = [rng.integers(0, 256, (HEIGHT, WIDTH, 1), np.uint8).repeat(3, 2) for _ in range(40)]
    result = look(noise)["flash_general"]
    assert result.verdict == "warn"
    assert "fine or moving pattern" in result.message


def test_gravel_under_a_moving_camera_is_no_failure() -> None:
    rng = np.random.default_rng(6)
    stones = cv2.resize(rng.integers(0, 256, (60, 200, 1), np.uint8), (800, 240))
    gravel = np.asarray(stones, np.uint8)[..., None]
    frames = [gravel[:HEIGHT, 3 * each : 3 * each + WIDTH].repeat(3, 2) for each in range(60)]
    assert look(frames)["flash_general"].verdict == "warn"


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "hubble.jpg", "rocket.jpg"])
@pytest.mark.parametrize("zoom", [False, True])
def test_the_fastest_allowed_camera_over_photographs_raises_nothing(name: str, zoom: bool) -> None:
    picture = _photograph(name)
    scale = max(640 * 1.35 / picture.shape[1], 360 * 1.35 / picture.shape[0])
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)

    def view(index: int) -> Picture:
        speed = 0.2 * 640 * index / 30
        size = 1.3 - 0.2 * index / 30 if zoom else 1.0
        matrix = np.array([[1 / size, 0, 0], [0, 1 / size, 0]])
        matrix[:, 2] = (-0.1 * speed, -0.1 * speed) if zoom else (-speed, -0.2 * speed)
        return np.asarray(cv2.warpAffine(large, matrix, (640, 360)), np.uint8)

    frames = [view(index) for index in range(45)]
    for profile in Profile:
        assert look(frames, profile=profile).flagged == {}


def test_a_film_with_a_cut_a_second_passes(photograph: Picture) -> None:
    pictures = [photograph, photograph[::-1], 255 - photograph]
    assert look([pictures[index // 30 % 3] for index in range(120)]).flagged == {}


# --- red ------------------------------------------------------------------------------------------


def test_red_and_an_isoluminant_green_flash_in_red_alone() -> None:
    # 0.2126 of red and 0.7152 of green: about the same light.
    green = grey(0.2126 / 0.7152)
    result = look(blinking(still((255, 0, 0)), still((0, green, 0)), 5, THIRTY))
    assert result["flash_general"].verdict == "pass"
    assert (result["flash_red"].verdict, result["flash_red"].value) == ("fail", 100)


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ((255, 0, 0), (0, 0, 0), "fail"),
        ((255, 0, 0), (110, 110, 110), "fail"),
        ((255, 0, 0), (0, 0, 255), "fail"),
        # The same chromaticity, and less of it.
        ((255, 0, 0), (150, 0, 0), "pass"),
        # R/(R+G+B) = 0.8, just in and just out; grey is nearer than 0.2 to both.
        ((255, 136, 0), (110, 110, 110), "pass"),
        ((255, 137, 0), (0, 0, 255), "pass"),
        ((255, 136, 0), (0, 0, 255), "fail"),
        # Dark noise is not red.
        ((6, 0, 0), (0, 0, 0), "pass"),
        ((60, 0, 0), (0, 0, 0), "fail"),
        # Orange to yellow, blue to green: no saturated red in it.
        ((255, 160, 0), (255, 230, 0), "pass"),
        ((0, 0, 255), (0, 130, 0), "pass"),
    ],
)
def test_what_makes_a_red_flash(
    one: tuple[int, int, int], other: tuple[int, int, int], verdict: str
) -> None:
    assert look(blinking(still(one), still(other), 5, THIRTY))["flash_red"].verdict == verdict


def test_red_by_area_and_by_count() -> None:
    quarter = WIDTH * HEIGHT // 4
    for count in (quarter, quarter + 1):
        on = still(60)
        on.reshape(-1, 3)[:count] = (0, 0, 255)
        result = look(blinking(on, still(60), 5, THIRTY))["flash_red"]
        assert (result.verdict == "fail") == (count > quarter)
    for often, verdict in ((6, "pass"), (7, "fail")):
        lit = np.cumsum(np.isin(np.arange(60), [4 * each + 3 for each in range(often)])) % 2
        frames = [still((220, 10, 10) if each else (90, 90, 90)) for each in lit]
        assert look(frames)["flash_red"].verdict == verdict


def test_a_red_that_comes_and_goes_softly_counts_once_each_way() -> None:
    ways = [0.0, 0.3, 0.7, 1.0, 1.0, 0.7, 0.3, 0.0]
    frames = [
        still((round(110 + 140 * way), round(110 * (1 - way)), round(110 * (1 - way))))
        for way in ways * 8
    ]
    assert look(frames, Fraction(32))["flash_red"].verdict == "fail"
    assert look(frames, Fraction(20))["flash_red"].verdict == "pass"


# --- the other rules ------------------------------------------------------------------------------


def test_a_single_frame_may_not_swing_by_more_than_half() -> None:
    for luminance, verdict in ((0.49, "pass"), (0.53, "fail")):
        result = look([still(0)] * 9 + [still(grey(luminance))] * 9)["brightness_swing"]
        assert result.verdict == verdict
    assert (result.frames, result.intervals) == ((9,), ((0.3, 0.3),))


def test_long_flashing_near_the_limit_is_a_warning() -> None:
    on, off = still(150, 64, 36), still(40, 64, 36)
    long = look(blinking(on, off, 2.5, THIRTY, 6))
    assert long["flash_extended"].verdict == "warn"
    assert long["flash_general"].verdict == "pass"
    assert look(blinking(on, off, 2.5, THIRTY, 4))["flash_extended"].verdict == "pass"
    assert look(blinking(on, off, 1.5, THIRTY, 6))["flash_extended"].verdict == "pass"


def test_more_than_three_hard_cuts_a_second_are_a_warning(photograph: Picture) -> None:
    dark = still(15)
    for every, verdict in ((8, "warn"), (12, "pass")):
        frames = [still(170) if index // every % 2 else dark for index in range(60)]
        assert look(frames)["scene_cuts"].verdict == verdict


@pytest.mark.parametrize(("pairs", "verdict"), [(4, "pass"), (8, "warn"), (30, "warn")])
@pytest.mark.parametrize("degrees", [0, 35, 90])
def test_stripes(pairs: int, verdict: str, degrees: int) -> None:
    rows, columns = np.mgrid[:360, :640]
    angle = np.radians(degrees)
    along = columns * np.cos(angle) + rows * np.sin(angle)
    light = (along * pairs / np.ptp(along)) % 1 < 0.5
    picture = np.where(light[..., None], 200, 40).repeat(3, 2).astype(np.uint8)
    assert look([picture] * 30)["stripes"].verdict == verdict
    assert look([picture] * 10)["stripes"].verdict == "pass"


# --- the fast first look --------------------------------------------------------------------------


LARGE = 960, 540
"""Of this size and above, the first look sees some of the pixels only."""


def lines(length: int, period: int, place: int) -> Picture:
    return np.asarray((np.arange(length) + place) % period < max(1, period // 2))


@pytest.mark.parametrize("period", [2, 3, 4, 8, 16])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("across", [False, True])
def test_no_regular_lines_hide_from_the_first_look(period: int, place: int, across: bool) -> None:
    width, height = LARGE
    on, flashing = still(40, *LARGE), lines(width if across else height, period, place)
    on[(slice(None), flashing) if across else flashing] = 200
    result = look(blinking(on, still(40, *LARGE), 6, Fraction(24), 1.2), Fraction(24))
    assert result["flash_general"].verdict == "fail"
    assert number(result["flash_general"]) == pytest.approx(100 * flashing.mean(), abs=0.01)


@pytest.mark.parametrize("place", [0, 1])
def test_no_chequerboard_hides_from_the_first_look(place: int) -> None:
    rows, columns = np.indices(LARGE[::-1])
    on = still(40, *LARGE)
    on[(rows + columns + place) % 2 == 0] = 200
    result = look(blinking(on, still(40, *LARGE), 6, Fraction(24), 1.2), Fraction(24))
    assert result["flash_general"].verdict == "fail"
    assert number(result["flash_general"]) == pytest.approx(50, abs=0.01)


@pytest.mark.parametrize("shape", ["disc", "thin bands", "thin columns", "squares", "frame"])
@pytest.mark.parametrize("more", [-1, 1])
def test_one_pixel_decides_on_large_pictures_of_any_shape(shape: str, more: int) -> None:
    """The nearest to the centre of the shape flash, a quarter of all less or more one pixel."""
    rows, columns = np.indices(LARGE[::-1], dtype=np.float64)
    far = {
        "disc": np.hypot(rows - 270, columns - 480),
        "thin bands": rows % 27 + columns / 1000,
        "thin columns": columns % 31 + rows / 1000,
        "squares": (rows // 13 * 7 + columns // 13 * 5) % 11 + rows / 1000 + columns / 2e6,
        "frame": np.minimum(np.minimum(rows, 539 - rows), np.minimum(columns, 959 - columns))
        + columns / 1e4
        + rows / 1e8,
    }[shape].ravel()
    count = far.size // 4 + more
    on = still(40, *LARGE)
    on.reshape(-1, 3)[np.argsort(far, kind="stable")[:count]] = 200
    result = look(blinking(on, still(40, *LARGE), 6, Fraction(24), 1.2), Fraction(24))
    found = result["flash_general"]
    assert number(found) == pytest.approx(100 * count / far.size, abs=0.006)
    assert found.verdict == ("fail" if more > 0 else "warn"), found.message


@pytest.mark.parametrize("every", [3, 5, 7])
def test_red_areas_are_exact_on_large_pictures(every: int) -> None:
    """Lines of one pixel, most of which lie beside the pixels of the first look."""
    on = still(40, *LARGE)
    on[::every] = (0, 0, 200)
    found = look(blinking(on, still(40, *LARGE), 6, Fraction(24), 1.2), Fraction(24))["flash_red"]
    share = 100 * len(range(0, LARGE[1], every)) / LARGE[1]
    # Far below the limit it is not worth a closer look.
    exact = pytest.approx(share, abs=0.006 if share > 17.5 else 3)
    assert number(found) == exact


def test_no_colour_farther_than_a_red_flash_has_much_red_in_it() -> None:
    """What lets red be counted cheaply first: see `FAR_SHARE`."""
    steps = np.linspace(0, 1, 81)
    red, green = np.meshgrid(steps, steps, indexing="ij")
    inside = red + green <= 1
    shares = np.stack([1 - red - green, green, red], -1)[inside]
    for light in (1.0, 0.03):
        codes = np.searchsorted(LINEAR_OF_CODE, np.clip(shares * light, 0, 1)).astype(np.uint8)
        colours = np.stack(chromaticity(codes), -1)
        saturated = is_saturated_red(codes)
        nearest = np.hypot(*(colours[:, None] - colours[saturated][None]).transpose(2, 0, 1))
        far = ~saturated & (nearest.max(1) > 0.2)
        glared = LINEAR_OF_CODE[codes] + 0.0005
        assert (glared[far, 2] / glared[far].sum(1)).max() <= FAR_SHARE
