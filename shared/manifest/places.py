"""Places in a document, and values, as a creator reads them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.errors import Problem

MAX_PROBLEMS = 100
MAX_SHOWN = 60

Place = tuple[str | int, ...]
"""The way from the document's top to a value: names and list positions."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def written_place(place: Place) -> str:
    """`("keyframes", 3, "motion", "end_rect", 2)` → `keyframes[3].motion.end_rect[2]`."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_NAME.fullmatch(part) and len(part) <= MAX_SHOWN:
            text += f".{part}" if text else part
        else:
            text += f"[{shown(part)}]"
    return text


def shown(value: object) -> str:
    """A value as it may stand in a sentence: short, on one line, in JSON's own spelling."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        simple = len(value) <= 8 and not any(isinstance(v, Mapping | list | tuple) for v in value)
        return f"[{', '.join(shown(each) for each in value)}]" if simple else "a list"
    if isinstance(value, str):
        cut = value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}…"
        return json.dumps(cut, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        return json.dumps(int(value))
    return json.dumps(value)


def at_most(problems: Sequence[Problem], most: int = MAX_PROBLEMS) -> tuple[Problem, ...]:
    """All problems, or the first `most` and one line that counts the others."""
    if len(problems) <= most:
        return tuple(problems)
    rest = Problem("", f"and {len(problems) - most:,} more.", code="more_problems")
    return (*problems[:most], rest)


def inside(document: str, problem: Problem) -> Problem:
    """The same problem, its path led by the name of the file it is in."""
    return replace(problem, path=f"{document}: {problem.path}" if problem.path else document)
