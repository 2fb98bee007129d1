"""`contact_sheet.jpg`: a whole batch at a glance, one small picture a clip."""

import io
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from PIL import Image, ImageDraw, ImageFont

from shared.report.thumbs import flat_rgb, open_upright

CELL_LIMIT = 200
"""Clips on a sheet; the rest is only counted. The report page has them all."""
PICTURE_LIMIT = 40_000_000
"""Pixels: a cell's picture is a thumbnail or poster; anything larger is left blank."""

PAPER, INK, QUIET, BLANK = "#161719", "#ececee", "#9a9ea5", "#26282b"
TONE_COLOURS = {
    "good": "#4fc27d",
    "warn": "#e5ac44",
    "bad": "#ec6a5e",
    "busy": "#6ba6ee",
    "muted": "#80848b",
}

SPELLINGS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"}
    | dict.fromkeys("‐‑–—", "-")
)
"""Latin letters and dashes that have no decomposition in Unicode."""

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class Cell:
    """One clip on the sheet.

    `caption` is a short second line (`Done · 4.0 s`); `status` is a tone: good, warn, bad, busy or
    muted. `image_bytes` is an encoded picture, or None for a clip that has none.
    """

    stem: str
    caption: str
    image_bytes: bytes | None
    status: str = "good"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are on the sheet, in pixels."""

    width: int
    columns: int
    rows: int
    foot: int

    @property
    def gap(self) -> int:
        return max(self.width // 120, 6)

    @property
    def cell_width(self) -> int:
        return (self.width - self.gap * (self.columns + 1)) // self.columns

    @property
    def picture_height(self) -> int:
        return max(self.cell_width * 9 // 16, 1)

    @property
    def text_size(self) -> int:
        return min(max(self.cell_width // 16, 9), 22)

    @property
    def cell_height(self) -> int:
        return self.picture_height + round(self.text_size * 3.4)

    @property
    def height(self) -> int:
        return self.rows * (self.cell_height + self.gap) + self.gap + self.foot

    def corner(self, place: int) -> tuple[int, int]:
        row, column = divmod(place, self.columns)
        step = self.cell_width + self.gap
        return self.gap + column * step, self.gap + row * (self.cell_height + self.gap)


def contact_sheet(cells: Sequence[Cell], columns: int | None = None, width: int = 1920) -> bytes:
    """One JPEG with the first `CELL_LIMIT` cells; the foot says how many more there are.

    Parameters
    ----------
    cells : in the order of the report; each is numbered by its place, so that a name that the
        built-in font cannot write is still found.
    columns : a fitting number by default.
    width : pixels of the sheet.
    """
    shown = cells[:CELL_LIMIT]
    columns = max(columns or _fitting_columns(len(shown)), 1)
    more = len(cells) - len(shown)
    note = f"+{more:,} more in the report" if more else "" if shown else "No clips"
    layout = Layout(width, columns, math.ceil(len(shown) / columns), foot=56 if note else 0)
    sheet = Image.new("RGB", (layout.width, layout.height), PAPER)
    pen = ImageDraw.Draw(sheet)
    for place, cell in enumerate(shown):
        _draw_cell(sheet, pen, layout, cell, place)
    if note:
        middle = (layout.width / 2, layout.height - layout.foot / 2 - layout.gap / 2)
        pen.text(middle, note, fill=QUIET, font=_font(22), anchor="mm")
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def _fitting_columns(count: int) -> int:
    """About as many rows as columns would look square; sheets are wider than high."""
    return min(max(math.ceil(math.sqrt(count * 1.3)), 3), 10)


def _draw_cell(
    sheet: Image.Image, pen: ImageDraw.ImageDraw, layout: Layout, cell: Cell, place: int
) -> None:
    x, y = layout.corner(place)
    frame = (layout.cell_width, layout.picture_height)
    pen.rectangle((x, y, x + frame[0] - 1, y + frame[1] - 1), fill=BLANK)
    size = layout.text_size
    picture = _picture(cell.image_bytes, frame)
    if picture:
        sheet.paste(
            picture, (x + (frame[0] - picture.width) // 2, y + (frame[1] - picture.height) // 2)
        )
    else:
        middle = (x + frame[0] / 2, y + frame[1] / 2)
        pen.text(middle, "no picture", fill=QUIET, font=_font(size), anchor="mm")
    tone = TONE_COLOURS.get(cell.status, TONE_COLOURS["muted"])
    pen.rectangle((x, y + frame[1], x + frame[0] - 1, y + frame[1] + 2), fill=tone)
    line = y + frame[1] + round(size * 1.2)
    number = f"{place + 1}  "
    indent = _font(size).getlength(number)
    pen.text((x, line), number, fill=QUIET, font=_font(size), anchor="lm")
    name = fit_text(writable(cell.stem, size), size, frame[0] - indent)
    pen.text((x + indent, line), name, fill=INK, font=_font(size), anchor="lm")
    caption = fit_text(writable(cell.caption, size), size, frame[0])
    pen.text((x, line + round(size * 1.4)), caption, fill=tone, font=_font(size), anchor="lm")


def _picture(data: bytes | None, frame: tuple[int, int]) -> Image.Image | None:
    """The picture fitted into its frame; None when there is none, or none that can be read."""
    if not data:
        return None
    try:
        with Image.open(io.BytesIO(data)) as peeked:
            if peeked.width * peeked.height > PICTURE_LIMIT:
                return None
        image = flat_rgb(open_upright(data, max(frame)))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # one broken picture must not cost the whole sheet
    scale = min(frame[0] / image.width, frame[1] / image.height)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


@cache
def _font(size: int) -> Font:
    """Pillow's built-in font: no font file has to travel with the code."""
    return ImageFont.load_default(size)


def writable(text: str, size: int) -> str:
    """`text` as the built-in font can write it: without accents that it lacks, the rest as dots.

    A run of letters that it lacks becomes one dot, so that a Japanese name is no row of boxes.
    """
    absent = _shape("\uffff", size)
    written: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        if letter.isspace():
            written.append(" ")
        elif letter.isprintable() and _shape(letter, size) != absent:
            written.append(letter)
        elif letter.isprintable() and (plain := _plain(letter)):
            written.append(plain)
        elif written[-1:] != ["·"]:
            written.append("·")
    return "".join(written)


def _plain(letter: str) -> str:
    spelled = unicodedata.normalize("NFKD", letter.translate(SPELLINGS))
    return spelled.encode("ascii", "ignore").decode()


@lru_cache(maxsize=4096)
def _shape(letter: str, size: int) -> bytes:
    """The letter's picture: letters that a font lacks all share one."""
    return bytes(_font(size).getmask(letter))


def fit_text(text: str, size: int, room: float) -> str:
    """`text` in `room` pixels, shortened in the middle: names tend to differ at their ends."""
    font = _font(size)
    if font.getlength(text) <= room:
        return text
    for kept in range(len(text) - 1, 1, -1):
        head, tail = (kept + 1) // 2, kept // 2
        short = f"{text[:head]}…{text[len(text) - tail :]}"
        if font.getlength(short) <= room:
            return short
    return "…"
