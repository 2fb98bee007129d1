"""A JSON document that can be changed and written again: field order and numbers as they were.

`read_tree` is for text that `read_json` has found sound, or sound but for names given twice and
numbers that are none: it checks nothing itself.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

from shared.manifest.places import Place

LINE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Number:
    """A number in the creator's own digits: `6.0` stays `6.0`."""

    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and float(self.text) == float(other.text)

    def __hash__(self) -> int:
        return hash(float(self.text))


class Block:
    """An object, its fields in order. A name may stand there twice, as it may in the file."""

    def __init__(self, pairs: list[tuple[str, "Value"]]) -> None:
        self.pairs = pairs

    def __contains__(self, name: str) -> bool:
        return any(each == name for each, _ in self.pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Block) and _sorted(self.pairs) == _sorted(other.pairs)

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.pairs]

    def get(self, name: str) -> "Value":
        """The field's value; None when it is absent, which says the same as null."""
        return next((value for each, value in self.pairs if each == name), None)

    def put(self, name: str, value: "Value") -> None:
        """Set a field where it stands, or add it at the end."""
        if name in self:
            self.pairs = [(n, value if n == name else old) for n, old in self.pairs]
        else:
            self.pairs.append((name, value))

    def rename(self, name: str, new: str) -> None:
        self.pairs = [(new if each == name else each, value) for each, value in self.pairs]

    def drop(self, name: str) -> None:
        self.pairs = [(each, value) for each, value in self.pairs if each != name]


def _sorted(pairs: list[tuple[str, "Value"]]) -> list[tuple[str, "Value"]]:
    return sorted(pairs, key=lambda pair: pair[0])


Value: TypeAlias = Block | list["Value"] | str | Number | bool | None


def read_tree(text: str) -> Value:
    """The document that `text` holds."""
    tree = json.loads(
        text, object_pairs_hook=Block, parse_int=Number, parse_float=Number, parse_constant=Number
    )
    return cast("Value", tree)


def write_tree(value: Value, indent: int = 0) -> str:
    """JSON with an indent of two; a list of plain values stays on one line while it fits."""
    if isinstance(value, Block):
        fields = [
            f"{_quoted(name)}: {write_tree(inner, indent + 2)}" for name, inner in value.pairs
        ]
        return _bracketed("{", fields, "}", indent) if fields else "{}"
    if isinstance(value, list):
        parts = [write_tree(inner, indent + 2) for inner in value]
        line = f"[{', '.join(parts)}]"
        simple = not any(isinstance(inner, Block | list) for inner in value)
        fits = simple and indent + len(line) <= LINE_LENGTH
        return line if fits or not parts else _bracketed("[", parts, "]", indent)
    if isinstance(value, Number):
        return value.text
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _bracketed(opening: str, parts: list[str], closing: str, indent: int) -> str:
    inner = ",\n".join(f"{' ' * (indent + 2)}{part}" for part in parts)
    return f"{opening}\n{inner}\n{' ' * indent}{closing}"


def _quoted(text: str) -> str:
    # Half a surrogate pair has no UTF-8: it stays the escape that it was.
    return json.dumps(text, ensure_ascii=bool(re.search("[\ud800-\udfff]", text)))


def at(value: Value, place: Place) -> Value:
    """What stands at a place that `places` has named."""
    for part in place:
        if isinstance(value, Block):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
    return value


def places(value: Value, here: Place = ()) -> Iterator[Place]:
    """Every place of a document, from the top down."""
    yield here
    if isinstance(value, Block):
        for name, inner in value.pairs:
            yield from places(inner, (*here, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*here, index))


def copied(block: Block) -> Block:
    """A copy that can be changed by itself."""
    return copy.deepcopy(block)
