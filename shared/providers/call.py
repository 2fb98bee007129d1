"""A call to be sent and the answer to it, as plain values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Part:
    """One part of a multipart form; a file when it has a name."""

    data: bytes = field(repr=False)
    filename: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Call:
    """One HTTP request without its secret.

    Keys are added when it is sent and never stand in it. Its repr names method, host and path only:
    bodies hold pictures and prompts, and queries hold signatures.

    Parameters
    ----------
    authorized : whether the provider's key goes along (only ever to the provider's own origin).
    timeout_sec : for the whole exchange, from connecting to the last byte.
    max_bytes : longest answer that is read.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    multipart: Sequence[tuple[str, Part]] | None = None
    timeout_sec: float = 30.0
    max_bytes: int = 4 * MIB
    authorized: bool = True

    def __repr__(self) -> str:
        place = urlsplit(self.url)
        return f"Call({self.method} {place.scheme}://{place.netloc}{place.path})"


@dataclass(frozen=True, repr=False)
class Answer:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"

    @cached_property
    def document(self) -> Any:
        """The body as JSON; None when it is not."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def at(self, *path: str | int) -> Any:
        """What lies at a place of the JSON body; None when there is no such place.

        Example
        -------
        >>> Answer(200, {}, b'{"data": {"outputs": ["u"]}}').at("data", "outputs", 0)
        'u'
        """
        return reach(self.document, *path)

    def text_at(self, *path: str | int) -> str:
        """The same as text: "" when it is absent, or neither a string nor a number."""
        return as_text(self.at(*path))


def reach(document: Any, *path: str | int) -> Any:
    """Walk into nested JSON; None as soon as a step is not there."""
    here = document
    for step in path:
        if isinstance(here, dict) and isinstance(step, str):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and -len(here) <= step < len(here):
            here = here[step]
        else:
            return None
    return here


def as_text(value: Any) -> str:
    """A string or number of a JSON document as text, anything else as ""."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value)


def as_number(value: Any) -> float | None:
    """A finite number of a JSON document, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < 1e15 else None  # NaN fails the comparison too


def as_whole(value: Any) -> int | None:
    """A whole number of a JSON document, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
