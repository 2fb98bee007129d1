"""JSON from strangers, read strictly.

Python's reader takes what the standard forbids (NaN, repeated names) and gives up with a stack
overflow on deep nesting. Here each of these is an answer that the creator can act on.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from shared.errors import ManifestInvalid, Problem
from shared.manifest.places import MAX_PROBLEMS, Place, written_place
from shared.manifest.syntax import explain_syntax

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 1_000_000
"""Twice what ten thousand keyframes with every field would have; a value costs 60 bytes or more."""

MAX_INTEGER_DIGITS = 18


def read_json(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> object:
    """The value that `data` holds, as plain dicts, lists, texts and finite numbers.

    Raises
    ------
    ManifestInvalid : too large, too many values, too deep, not UTF-8, not JSON, names given twice,
        numbers that are not finite or too long, or text that is not Unicode; with each place.
    """
    if len(data) > max_bytes:
        message = f"the file has {len(data):,} bytes; the most is {max_bytes:,}."
        raise _refusal("", message, "Split it into several batches.", "too_large")
    text = _decode(data)
    _check_shape(text, max_depth)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_Object,
            parse_constant=lambda word: _Odd(f"{word} is not a number that JSON has.", word),
            parse_int=_whole_number,
            parse_float=_decimal_number,
        )
    except json.JSONDecodeError as error:
        raise ManifestInvalid.because([explain_syntax(error)]) from error
    problems = list(islice(_oddities(value, ()), MAX_PROBLEMS))
    if problems:
        raise ManifestInvalid.because(problems)
    return _plain(value)


class _Object:
    """An object whose names are not yet known to be unique."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


@dataclass(frozen=True, slots=True)
class _Odd:
    """A value that has no place in a manifest; its path is found once the whole is read."""

    message: str
    word: str


def _whole_number(digits: str) -> int | _Odd:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS:
        return _Odd(f"the number has more than {MAX_INTEGER_DIGITS} digits.", digits)
    return int(digits)


def _decimal_number(digits: str) -> float | _Odd:
    number = float(digits)
    return number if math.isfinite(number) else _Odd("the number is too large.", digits)


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _refusal("", "the file is UTF-16.", "Save it as UTF-8.", "not_utf8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start + 1} is not UTF-8."
        raise _refusal(f"line {line}", message, "Save it as UTF-8.", "not_utf8") from error
    if not text.strip():
        raise _refusal("", "the file is empty.", 'Begin with {"keyframes": […]}.', "empty")
    return text


def _check_shape(text: str, most: int) -> None:
    """Count what stands outside of texts, so that reading never runs out of stack or memory."""
    depth = 0
    # Without escapes every second piece between quotes is structure: linear, whatever it holds.
    outside = re.sub(r"\\.", "", text, flags=re.DOTALL).split('"')[::2]
    if sum(piece.count(",") for piece in outside) >= MAX_VALUES:
        message = f"the document holds more than {MAX_VALUES:,} values."
        raise _refusal("", message, "Split it into several batches.", "too_large")
    for piece in outside:
        for bracket in re.finditer(r"[\[\]{}]", piece):
            depth += 1 if bracket[0] in "[{" else -1
            if depth > most:
                message = f"the document is nested more than {most} levels deep."
                raise _refusal("", message, "A manifest needs five.", "too_deep")


def _oddities(value: object, place: Place) -> Iterator[Problem]:
    if isinstance(value, _Odd):
        shown = value.word if len(value.word) <= 24 else f"{value.word[:24]}…"
        yield Problem(written_place(place), f"{value.message} ({shown})", code="not_a_number")
    elif isinstance(value, str):
        if not _is_unicode(value):
            message = "the text holds half of a surrogate pair, which is not Unicode."
            yield Problem(written_place(place), message, "Write it again.", code="not_unicode")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _oddities(item, (*place, index))
    elif isinstance(value, _Object):
        yield from _oddities_of_object(value, place)


def _oddities_of_object(value: _Object, place: Place) -> Iterator[Problem]:
    seen: set[str] = set()
    for name, item in value.pairs:
        here = (*place, name)
        if not _is_unicode(name):
            yield Problem(
                written_place(place), "a field's name is not Unicode.", code="not_unicode"
            )
            continue
        if name in seen:
            message = "the field is given twice."
            yield Problem(written_place(here), message, "Keep one of them.", "duplicate_field")
        seen.add(name)
        yield from _oddities(item, here)


def _is_unicode(text: str) -> bool:
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def _plain(value: object) -> object:
    if isinstance(value, _Object):
        return {name: _plain(item) for name, item in value.pairs}
    if isinstance(value, list):
        for index, item in enumerate(value):
            value[index] = _plain(item)
    return value


def _refusal(path: str, message: str, hint: str, code: str) -> ManifestInvalid:
    return ManifestInvalid(message, problems=(Problem(path, message, hint, code),))
