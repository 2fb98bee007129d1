"""A place in a manifest that is being changed, and the sentence about the change."""

from dataclasses import dataclass

from shared.manifest.places import MAX_SHOWN, Place, written_place
from shared.manifest.tree import Block, Value, at, write_tree


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed in a document, where and why."""

    path: str
    what: str
    why: str = ""

    def __str__(self) -> str:
        text = f"{self.path}: {self.what}" if self.path else self.what
        return f"{text} ({self.why})" if self.why else text


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a tree.

    Parameters
    ----------
    index : what the only keyframe of the tree is called in sentences; it may be cut from a longer
        list.
    """

    root: Block
    place: Place
    index: int = 0

    @property
    def value(self) -> Value:
        return at(self.root, self.place)

    @property
    def name(self) -> str:
        return str(self.place[-1])

    @property
    def outer(self) -> "Spot":
        """The object or list that holds this."""
        return Spot(self.root, self.place[:-1], self.index)

    def put(self, value: Value) -> None:
        outer, last = self.outer.value, self.place[-1]
        if isinstance(outer, Block):
            outer.put(str(last), value)
        elif isinstance(outer, list) and isinstance(last, int):
            outer[last] = value

    def change(self, value: Value, why: str) -> Change:
        """Put another value here, and say so."""
        before = brief(self.value)
        self.put(value)
        return self.said(f"is now {brief(value)}; it was {before}", why)

    def said(self, what: str, why: str) -> Change:
        """A change of what stands here, in words."""
        return Change(self.path, what, why)

    @property
    def path(self) -> str:
        """The place as the creator knows it."""
        place = self.place
        if place[:1] == ("keyframes",) and len(place) > 1:
            place = ("keyframes", self.index, *place[2:])
        return written_place(place)


def brief(value: Value) -> str:
    """A value as it stands in the document, if it is short."""
    if isinstance(value, Block):
        return "an object"
    text = write_tree(value)
    if isinstance(value, list) and (len(text) > MAX_SHOWN or "\n" in text):
        return "a list"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
