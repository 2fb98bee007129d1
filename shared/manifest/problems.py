"""Pydantic's findings as problems that a creator can act on."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.errors import Problem
from shared.manifest.places import MAX_PROBLEMS, Place, shown, written_place
from shared.manifest.v1 import NOT_YET_AVAILABLE, UNION_TAGS
from shared.manifest.vocabulary import belongs, block_at, home_of, names_in, words_at
from shared.nearest import did_you_mean

Words = tuple[str, str, str]
"""Message, hint, code."""

_UNSHOWN = Problem("", "is not accepted.")

_RECTS = ("start_rect", "end_rect")


def explain(
    error: ValidationError,
    model: type[BaseModel],
    *,
    at: Place = (),
    place_written: Callable[[Place], Place] = lambda place: place,
) -> list[Problem]:
    """Every finding of `error`, raised by reading `model` at the place `at` of the document."""
    findings = error.errors(include_url=False)
    problems = []
    for finding in findings[:MAX_PROBLEMS]:
        place: Place = tuple(part for part in finding["loc"] if part not in UNION_TAGS)
        path = written_place((*at, *place_written(place)))
        message, hint, code = _in_words(finding, place, model)
        problems.append(Problem(path, message, hint, code))
    # Beyond what is ever shown they only count: a million mistakes must not cost a million hints.
    return problems + [_UNSHOWN] * (len(findings) - len(problems))


def _in_words(finding: ErrorDetails, place: Place, model: type[BaseModel]) -> Words:
    kind, value, facts = finding["type"], finding["input"], finding.get("ctx", {})
    words: Words = _wrong_type(kind, value)
    if "message" in facts:
        words = facts["message"], facts.get("hint", ""), kind
    elif kind == "extra_forbidden":
        words = _unknown_field(str(place[-1]), place, model)
    elif kind == "missing":
        words = "is required.", missing_hint(str(place[-1])), "missing"
    elif kind in ("enum", "literal_error"):
        words = _unknown_word(value, words_at(model, place))
    elif kind in _LIMITS:
        limit = next(iter(facts.values()))
        message = f"must be {_LIMITS[kind]} {limit:.12g}; it is {shown(value)}."
        words = message, _limit_hint(place), "out_of_range"
    elif kind in _LENGTHS:
        words = f"{_LENGTHS[kind].format(**facts)}.", "", "wrong_length"
    return words


def _unknown_word(value: object, known: list[str]) -> Words:
    hint = did_you_mean(value, known) if isinstance(value, str) else ""
    return f"must be one of {', '.join(known)}; it is {shown(value)}.", hint, "unknown_word"


_LIMITS = {
    "greater_than_equal": "at least",
    "less_than_equal": "at most",
    "greater_than": "more than",
    "less_than": "less than",
}

_LENGTHS = {
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "too_short": "must have at least {min_length} entry",
    "too_long": "must not have more than {max_length} entries",
}

_TYPES = {
    "float": "a number",
    "int": "a whole number",
    "string": "a text",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "model": "an object",
    "dict": "an object",
}


def _wrong_type(kind: str, value: object) -> Words:
    wanted = _TYPES.get(kind.partition("_")[0], "another kind of value")
    hint = ""
    if isinstance(value, str) and wanted.endswith("number") and _is_number(value):
        hint = f"Write it without quotes: {value.strip()}."
    return f"must be {wanted}; it is {shown(value)}.", hint, "wrong_type"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and len(text) < 20


def _limit_hint(place: Place) -> str:
    if len(place) > 1 and place[-2] in _RECTS:
        return "Rectangles are fractions of the picture from 0 to 1, not pixels."
    return ""


def missing_hint(name: str) -> str:
    """What to write where a required field is not there."""
    if name == "image_path":
        keyframe = 'Name the keyframe, for example "image_path": "img_001.png"'
        return f"{keyframe}; a clip made from words alone has a `name` instead."
    return ""


def _unknown_field(name: str, place: Place, model: type[BaseModel]) -> Words:
    if name in NOT_YET_AVAILABLE and (len(place) == 1 or place[0] == "defaults"):
        message = "is not available yet in this version."
        return message, "Take it out to make the clip without it.", "not_available_yet"
    known = names_in(block_at(model, place[:-1]))
    home = home_of(name)
    if home not in place[:-1] and (hint := belongs(name)):
        return "is not known here.", hint, "unknown_field"
    hint = did_you_mean(name, known) or f"Known here: {', '.join(known)}."
    return "is not a field of the manifest.", hint, "unknown_field"


def mapping_or_problem(value: object, path: str) -> Mapping[str, Any] | Problem:
    """An object, or the problem that it is none."""
    if isinstance(value, Mapping):
        return value
    message = f"must be an object in braces; it is {shown(value)}."
    return Problem(path, message, code="wrong_type")
