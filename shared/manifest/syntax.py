"""What is wrong with a text that is nearly JSON, in words for its author."""

import json
import re

from shared.errors import Problem

_EXPECTED = {
    "Expecting ',' delimiter": "a comma or the closing bracket was expected",
    "Expecting ':' delimiter": "a colon was expected after the field's name",
    "Expecting value": "a value was expected",
    "Expecting property name enclosed in double quotes": (
        "a field's name in double quotes was expected"
    ),
    "Unterminated string starting at": "the text that begins here has no closing quote",
    "Invalid control character at": "a text may not hold a line break or tab",
    "Invalid \\escape": "the backslash begins no known escape",
    "Invalid \\uXXXX escape": "four hexadecimal digits were expected after \\u",
    "Extra data": "the document had already ended here",
}

_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null"}


def explain_syntax(error: json.JSONDecodeError) -> Problem:
    """The reader's complaint as a problem with line and column, and the usual cause."""
    trailing = _trailing_comma(error)
    if trailing is not None:
        return _problem(error.doc, trailing, "there is a comma before the closing bracket", "")
    expected = next(
        (text for start, text in _EXPECTED.items() if error.msg.startswith(start)), error.msg
    )
    return _problem(error.doc, error.pos, expected, _usual_cause(error))


def _problem(text: str, position: int, expected: str, hint: str) -> Problem:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    message = f"this is not JSON: {expected}, {_found(text, position)}."
    return Problem(f"line {line}, column {column}", message, hint or "Remove it.", "not_json")


def _found(text: str, position: int) -> str:
    if position >= len(text):
        return "but the file ends"
    found = text[position : position + 12].partition("\n")[0].rstrip()
    return f"at {json.dumps(found, ensure_ascii=False)}"


def _trailing_comma(error: json.JSONDecodeError) -> int | None:
    """Where the comma is, if one stands before a closing bracket.

    Python says so itself from 3.13 on, and points at the comma; before, it points at the bracket.
    """
    if error.msg.startswith("Illegal trailing comma"):
        return error.pos
    if error.doc[error.pos : error.pos + 1] in ("}", "]"):
        before = error.doc[: error.pos].rstrip()
        return len(before) - 1 if before.endswith(",") else None
    return None


def _usual_cause(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos : error.pos + 40]
    word = re.match(r"\w*", rest)
    if word and word[0] in _WORDS:
        return f"Write `{_WORDS[word[0]]}`."
    if rest.startswith("'"):
        return "Use double quotes."
    if rest.startswith(("//", "/*", "#")):
        return "JSON has no comments: take them out."
    if error.doc.lstrip()[:1] not in ("{", "["):
        return "Write JSON, beginning with `{`. YAML is not read."
    if rest == "":
        return "The file seems to be cut off: drop it again."
    return "Look at the character before this place too."
