"""Colour look-up tables in the `.cube` format (Adobe Cube LUT Specification 1.0).

A LUT comes from a drop folder, so it is hostile until parsed: it is read here, number by number,
and what the filter gets is a file that we wrote ourselves.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from shared.errors import InvalidInput, Problem

MAX_BYTES = 16 * 1024 * 1024
MAX_SIZE_3D = 129
MAX_SIZE_1D = 65_536
MAX_ABSOLUTE_VALUE = 64.0
"""Far beyond any sane look, small enough that nothing downstream overflows."""

_SIZE_KEYWORDS = {"LUT_3D_SIZE": 3, "LUT_1D_SIZE": 1}
_TRIPLE_KEYWORDS = ("DOMAIN_MIN", "DOMAIN_MAX")
_RANGE_KEYWORDS = ("LUT_3D_INPUT_RANGE", "LUT_1D_INPUT_RANGE")
"""Resolve writes the domain as one pair for all three channels."""

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Lut:
    """A parsed table: `dimensions` is 1 or 3, red runs fastest in `rows`."""

    dimensions: int
    size: int
    rows: tuple[Triple, ...]
    domain_min: Triple
    domain_max: Triple
    sha256: str

    def write(self, path: Path) -> None:
        """Write the table in its plainest form, for the filter to read."""
        lines = [f"LUT_{self.dimensions}D_SIZE {self.size}"]
        lines += [f"DOMAIN_MIN {_numbers(self.domain_min)}"]
        lines += [f"DOMAIN_MAX {_numbers(self.domain_max)}"]
        lines += [_numbers(row) for row in self.rows]
        path.write_text("\n".join(lines) + "\n", encoding="ascii")


def parse_cube(data: bytes, name: str = "lut.cube") -> Lut:
    """Read and check a `.cube` file.

    Parameters
    ----------
    data : the file as it was dropped.
    name : what to call it in messages.

    Raises
    ------
    InvalidInput
        With the line and the remedy, when the file is too big, malformed or incomplete.
    """
    if len(data) > MAX_BYTES:
        raise _invalid(name, f"is {len(data):,} bytes; we read at most {MAX_BYTES:,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid(name, "is not a text file", hint="Export it as .cube.") from None
    dimensions, size = 0, 0
    domain_min, domain_max = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    rows: list[Triple] = []
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"{name}:{number}"
        words = line.split()
        if not words or words[0].startswith("#") or words[0] == "TITLE":
            continue
        keyword = words[0]
        if keyword in _SIZE_KEYWORDS:
            if dimensions:
                raise _invalid(where, "a second size; one table a file, please")
            dimensions = _SIZE_KEYWORDS[keyword]
            size = _size(words, dimensions, where)
        elif keyword in _TRIPLE_KEYWORDS:
            triple = _triple(words[1:], where)
            domain_min = triple if keyword == "DOMAIN_MIN" else domain_min
            domain_max = triple if keyword == "DOMAIN_MAX" else domain_max
        elif keyword in _RANGE_KEYWORDS:
            low, high = _floats(words[1:], 2, where)
            domain_min, domain_max = (low, low, low), (high, high, high)
        elif keyword[0].isalpha() and keyword.lower() not in ("nan", "inf", "infinity"):
            raise _invalid(where, f"unknown keyword {keyword[:40]!r}")
        else:
            rows.append(_triple(words, where))
            if len(rows) > (size**dimensions if dimensions else 0):
                raise _invalid(where, "more table rows than the declared size allows")
    _check_complete(name, dimensions, size, rows, domain_min, domain_max)
    digest = hashlib.sha256(data).hexdigest()
    return Lut(dimensions, size, tuple(rows), domain_min, domain_max, digest)


def _check_complete(
    name: str, dimensions: int, size: int, rows: list[Triple], low: Triple, high: Triple
) -> None:
    if not dimensions:
        raise _invalid(name, "has no LUT_3D_SIZE line", hint="Is it a .cube file?")
    if len(rows) != size**dimensions:
        raise _invalid(name, f"has {len(rows):,} table rows where {size**dimensions:,} belong")
    if any(a >= b for a, b in zip(low, high, strict=True)):
        raise _invalid(name, "DOMAIN_MIN must lie below DOMAIN_MAX in every channel")


def _size(words: list[str], dimensions: int, where: str) -> int:
    most = MAX_SIZE_3D if dimensions == 3 else MAX_SIZE_1D
    if len(words) != 2 or not words[1].isdecimal() or not 2 <= int(words[1][:9]) <= most:
        raise _invalid(where, f"{words[0]} must be a whole number from 2 to {most:,}")
    return int(words[1])


def _triple(words: list[str], where: str) -> Triple:
    red, green, blue = _floats(words, 3, where)
    return red, green, blue


def _floats(words: list[str], count: int, where: str) -> list[float]:
    if len(words) != count:
        raise _invalid(where, f"{count} numbers belong here, not {len(words)}")
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise _invalid(where, f"not a number: {' '.join(words)[:60]!r}") from None
    if not all(math.isfinite(v) and abs(v) <= MAX_ABSOLUTE_VALUE for v in values):
        raise _invalid(where, f"a value beyond ±{MAX_ABSOLUTE_VALUE:g} is no colour")
    return values


def _numbers(values: Triple) -> str:
    return " ".join(f"{value:.9g}" for value in values)


def _invalid(path: str, message: str, hint: str = "") -> InvalidInput:
    problem = Problem(path=path, message=message, hint=hint, code="lut_invalid")
    return InvalidInput(str(problem), problems=(problem,))
