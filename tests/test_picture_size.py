"""The delivered size: named by its short side, even, never enlarged by choice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.picture_size import AUTO_SIDES, output_size, parse_aspect

aspects = st.floats(0.25, 4)


@pytest.mark.parametrize(
    ("resolution", "aspect", "size"),
    [
        ("720p", 16 / 9, (1280, 720)),
        ("720P", 9 / 16, (720, 1280)),
        ("480p", 16 / 9, (854, 480)),
        ("1080", 1.0, (1080, 1080)),
        ("4k", 16 / 9, (3840, 2160)),
        ("1080p", 4 / 5, (1080, 1350)),
    ],
)
def test_a_resolution_names_the_short_side(
    resolution: str, aspect: float, size: tuple[int, int]
) -> None:
    assert output_size(resolution, aspect) == size


@given(st.sampled_from(["144p", "240p", "480p", "576p", "720p", "1080p", "2160p"]), aspects)
def test_every_size_is_even_upright_and_of_its_aspect(resolution: str, aspect: float) -> None:
    width, height = output_size(resolution, aspect)
    assert width % 2 == height % 2 == 0
    assert min(width, height) == int(resolution[:-1])
    assert (width >= height) == (aspect >= 1) or width == height
    assert width / height == pytest.approx(aspect, rel=0.008)


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ((4000, 2250), (1920, 1080)),
        ((1920, 1080), (1920, 1080)),
        ((1919, 1079), (1920, 1080)),  # a rounding error of a crop is no enlargement
        ((1728, 972), (1280, 720)),
        ((900, 506), (854, 480)),
        ((700, 394), (854, 480)),  # too small for any: enlarged, with a warning elsewhere
        ((64, 36), (854, 480)),
    ],
)
def test_auto_takes_the_largest_size_the_keyframe_fills(
    source: tuple[int, int], size: tuple[int, int]
) -> None:
    assert output_size("auto", 16 / 9, source) == size


def test_auto_without_a_keyframe_is_720p() -> None:
    assert output_size("auto", 9 / 16) == (720, 1280)


@given(aspects, st.integers(480, 8000))
def test_auto_never_enlarges_what_has_480_lines(aspect: float, short: int) -> None:
    long = round(short * max(aspect, 1 / aspect))
    source = (long, short) if aspect >= 1 else (short, long)
    size = output_size("auto", aspect, source)
    assert min(size) in AUTO_SIDES
    assert min(size) <= short * 1.01


@pytest.mark.parametrize("resolution", ["721p", "big", "", "720x1280", "-720p"])
def test_an_unknown_resolution_is_answered_with_the_known_ones(resolution: str) -> None:
    with pytest.raises(InvalidInput, match=r"auto, 144p.* 4k"):
        output_size(resolution, 1.5)


@pytest.mark.parametrize("aspect", [0.2, 4.1, 0.0001])
def test_a_sliver_is_refused(aspect: float) -> None:
    with pytest.raises(InvalidInput, match="1:4 to 4:1"):
        output_size("720p", aspect)


@pytest.mark.parametrize(
    ("text", "aspect"), [("16:9", 16 / 9), ("9/16", 9 / 16), (" 1 : 1 ", 1), ("1.85", 1.85)]
)
def test_an_aspect_is_read_as_creators_write_it(text: str, aspect: float) -> None:
    assert parse_aspect(text) == pytest.approx(aspect)


@pytest.mark.parametrize("text", ["wide", "", "0:9", "16:0", "16:9:1", "-1", "9:1", "nan"])
def test_a_shape_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="aspect"):
        parse_aspect(text)
