"""Text that is nearly JSON, made JSON where only one reading is possible.

Taken out are comments and the comma before a closing bracket; turned are plain single quotes, and
Python's words for true, false and null. Anything else leaves a choice, which is a person's.
"""

import re
from dataclasses import dataclass

from shared.errors import ManifestInvalid
from shared.manifest.reading import read_json

_ABOUT_VALUES = frozenset({"duplicate_field", "not_a_number", "not_unicode"})
"""Complaints of the reader that leave the document's shape in no doubt."""

_STARTS = re.compile(r"""["'/]|\b(?:True|False|None)\b""")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'[^'\"\\\n]*+'")
_TEXT_OR_LAST_COMMA = re.compile(rf"{_TEXT.pattern}|,(?=\s*[\]}}])", re.DOTALL)
_WORDS = {"True": "true", "False": "false", "None": "null"}

SLIPS_NAMED = 20

COMMENT = "a comment was taken out; JSON has none"
COMMA = "the comma before a closing bracket was taken out"
QUOTES = "single quotes became double quotes"
WORD = "`True`, `False` or `None` became JSON's own word"


@dataclass(frozen=True, slots=True)
class Repaired:
    """Readable text, and what was done to it → in which lines (of many, the first)."""

    text: str
    slips: dict[str, list[int]]


def repair_text(data: bytes) -> Repaired | None:
    """The document as text that can be read; None when that takes more than is sure."""
    utf_16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    slips: dict[str, list[int]] = {"the file is UTF-8 now; it was UTF-16": []} if utf_16 else {}
    if _is_readable(text):
        return Repaired(text, slips)
    without = _without_slips(text, slips)
    if without is None or not _is_readable(without):
        return None
    return Repaired(without, {slip: list(dict.fromkeys(lines)) for slip, lines in slips.items()})


def _is_readable(text: str) -> bool:
    try:
        read_json(text.encode("utf-8", "surrogatepass"))
    except ManifestInvalid as error:
        return all(problem.code in _ABOUT_VALUES for problem in error.problems)
    return True


def _without_slips(text: str, slips: dict[str, list[int]]) -> str | None:
    """Every replacement keeps its line breaks, so that lines are the creator's to the end."""
    pieces: list[str] = []
    kept = 0
    while start := _STARTS.search(text, kept):
        pieces.append(text[kept : start.start()])
        piece = _piece(text, start)
        if piece is None:
            return None
        kept, replacement, slip = piece
        pieces.append(replacement)
        if slip:
            _note(slips, slip, text, start.start())
    pieces.append(text[kept:])

    without = "".join(pieces)

    def end_list(found: re.Match[str]) -> str:
        if found[0] != ",":
            return found[0]
        _note(slips, COMMA, without, found.start())
        return ""

    return _TEXT_OR_LAST_COMMA.sub(end_list, without)


def _piece(text: str, start: re.Match[str]) -> tuple[int, str, str] | None:
    """The piece that begins here: its end, what replaces it, and the slip if it is one.

    None where it has no end: nothing after it would be read as it was meant.
    """
    here = start.start()
    if start[0] == '"':
        whole = _TEXT.match(text, here)
        return (whole.end(), whole[0], "") if whole else None
    if start[0] == "'":
        whole = _SINGLE_QUOTED.match(text, here)
        return (whole.end(), f'"{whole[0][1:-1]}"', QUOTES) if whole else None
    if start[0] in _WORDS:
        return start.end(), _WORDS[start[0]], WORD
    if text.startswith("//", here):
        end = text.find("\n", here)
        return (end if end >= 0 else len(text)), "", COMMENT
    end = text.find("*/", here + 2) + 2 if text.startswith("/*", here) else 1
    if end == 1:
        return None
    return end, "\n" * text.count("\n", here, end) or " ", COMMENT


def _note(slips: dict[str, list[int]], slip: str, text: str, position: int) -> None:
    lines = slips.setdefault(slip, [])
    if len(lines) < SLIPS_NAMED:  # to count lines is to read from the top
        lines.append(text.count("\n", 0, position) + 1)
