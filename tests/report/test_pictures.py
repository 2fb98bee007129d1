import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from shared.report.contact_sheet import CELL_LIMIT, Cell, contact_sheet, fit_text, writable
from shared.report.thumbs import keyframe_thumb


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    return image


def colour(image: Image.Image, place: tuple[int, int]) -> Sequence[int]:
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return found


def test_a_thumbnail_keeps_the_shape_of_its_keyframe() -> None:
    rgb = np.full((900, 1600, 3), (200, 30, 30), np.uint8)
    thumb = opened(keyframe_thumb(rgb))
    assert thumb.size == (320, 180)
    assert colour(thumb, (160, 90)) == pytest.approx((200, 30, 30), abs=4)


def test_a_small_keyframe_is_not_blown_up() -> None:
    assert opened(keyframe_thumb(encoded(Image.new("RGB", (64, 40))))).size == (64, 40)


def test_a_picture_taken_sideways_stands_upright() -> None:
    image = Image.new("RGB", (400, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    thumb = opened(keyframe_thumb(encoded(image, "JPEG", exif=exif.tobytes()), width=100))
    assert thumb.size == (100, 200)


def test_a_tower_of_a_keyframe_is_bounded() -> None:
    assert opened(keyframe_thumb(encoded(Image.new("RGB", (100, 4000))))).height == 960


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGBA", (40, 40), (255, 255, 255, 128)), (128, 128, 128)),
        (Image.new("LA", (40, 40), (200, 255)), (200, 200, 200)),
        (Image.fromarray(np.full((40, 40), 0x8000, np.uint16)), (128, 128, 128)),
        (Image.new("CMYK", (40, 40), (0, 255, 255, 0)), (255, 0, 0)),
        (Image.new("1", (40, 40), 1), (255, 255, 255)),
    ],
    ids=["transparent", "grey with alpha", "sixteen bits", "cmyk", "one bit"],
)
def test_every_kind_of_pixel_becomes_rgb(image: Image.Image, expected: tuple[int, ...]) -> None:
    data = encoded(image, "TIFF" if image.mode == "CMYK" else "PNG")
    assert colour(opened(keyframe_thumb(data)), (20, 20)) == pytest.approx(expected, abs=4)


def test_what_is_no_picture_is_an_os_error() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        keyframe_thumb(b"not a picture")


def red(status: str = "good", stem: str = "a") -> Cell:
    return Cell(stem, "Done", encoded(Image.new("RGB", (160, 90), (220, 20, 20))), status)


def test_a_sheet_shows_every_picture_in_its_place() -> None:
    sheet = opened(contact_sheet([red(), red(), red(), red()], columns=2, width=800))
    assert sheet.width == 800
    for x in (200, 600):
        assert colour(sheet, (x, 100))[0] > 180
    lower = sheet.height // 2 + 100
    assert colour(sheet, (600, lower))[0] > 180


def test_a_sheet_survives_missing_broken_and_giant_pictures() -> None:
    giant = encoded(Image.new("1", (9000, 9000)))
    cells = [
        Cell("none", "Failed", None, "bad"),
        Cell("broken", "Failed", b"junk", "bad"),
        Cell("cut", "Failed", encoded(Image.new("RGB", (160, 90)))[:60], "bad"),
        Cell("giant", "Done", giant, "no such tone"),
    ]
    sheet = opened(contact_sheet(cells, width=800))
    assert max(colour(sheet, (120, 60))) < 80


def test_a_long_batch_is_capped() -> None:
    full = opened(contact_sheet([red()] * CELL_LIMIT, width=600)).height
    longer = opened(contact_sheet([red()] * (CELL_LIMIT + 40), width=600)).height
    assert longer == full + 56  # one line for the forty


def test_no_clips_still_make_a_sheet() -> None:
    assert opened(contact_sheet([], width=400)).width == 400


def test_letters_that_the_font_lacks_degrade() -> None:
    assert writable("scene_01", 14) == "scene_01"
    assert writable("夜の港_07", 14) == "·_07"
    assert writable("a\u202eb\x00\n", 14) == "a·b· "
    assert "o" in writable("Ångström", 14)
    assert writable("Straße", 14) in ("Straße", "Strasse")


def test_a_long_name_is_shortened_in_the_middle() -> None:
    short = fit_text("scene_with_a_very_long_name_0042", 14, 120)
    assert short.startswith("scene")
    assert short.endswith("42")
    assert "…" in short
    assert fit_text("x" * 50, 14, 1) == "…"
