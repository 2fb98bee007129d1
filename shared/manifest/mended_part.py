"""One part of a manifest, made better step by step: a keyframe's entry, or all but the entries.

Nothing is believed because a remedy says so. A step stands only if reading the part again finds
fewer problems than before, so mending never makes a problem, and ends. A remedy may uncover
problems (a block found under its right name is read for the first time); it stands if everything
that it uncovers can be mended too.
"""

from collections import Counter
from dataclasses import dataclass

from shared.errors import ManifestInvalid, Problem
from shared.manifest.names import comparable
from shared.manifest.parse import parse_manifest
from shared.manifest.places import MAX_PROBLEMS, Place, written_place
from shared.manifest.remedies import remedied
from shared.manifest.spot import Change
from shared.manifest.tree import Block, Value, at, places, write_tree

MAX_READINGS = 40_000
"""How often parts are read again in all, at a fraction of a millisecond; then the rest is left."""

MAX_PART_BYTES = 32 * 1024
"""An entry has a few hundred bytes; what is far longer was not written by a person."""

LOOK_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A manifest of one entry, whose other fields or whose entry are the part in question.

    Attributes
    ----------
    index : position of the entry; None for the part that is all the rest.
    stem : name of the entry's clip, comparable; empty while it has none.
    """

    root: Block
    index: int | None
    problems: tuple[Problem, ...]
    stem: str = ""
    changes: tuple[Change, ...] = ()

    @property
    def name(self) -> str:
        """`keyframes[3]`; empty for the rest of the document."""
        return "" if self.index is None else written_place(("keyframes", self.index))

    @property
    def entry(self) -> Value:
        return at(self.root, ("keyframes", 0))

    @property
    def own(self) -> Value:
        """The part without what stands around it to make it a manifest."""
        if self.index is not None:
            return self.entry
        return Block([(name, value) for name, value in self.root.pairs if name != "keyframes"])


class PartMender:
    """Mends parts of one manifest, minding that no two entries come to make the same clip."""

    def __init__(self, folder_project: str | None, folder_batch: str | None) -> None:
        self._project = folder_project
        self._batch = folder_batch
        self._readings = MAX_READINGS
        self._stems: Counter[str] = Counter()

    def first_reading(self, root: Block, index: int | None) -> Part:
        """A part as it was dropped."""
        part = self._read(root, index, ())
        self._stems[part.stem] += 1
        return part

    def problems_of(self, text: str) -> tuple[Problem, ...]:
        """Everything that is wrong with a whole manifest."""
        return self._problems_and_stem(text)[0]

    def mended(self, part: Part) -> Part:
        """The part after every step that makes it better."""
        if not part.problems or len(part.problems) >= MAX_PROBLEMS:
            return part
        if len(write_tree(part.root)) > MAX_PART_BYTES:
            return part
        return self._replaced(part, self._followed(part, LOOK_AHEAD, frozenset()))

    def changed(self, part: Part, root: Block, changes: tuple[Change, ...]) -> Part:
        """A sound part with other changes, if it is sound with them."""
        after = self._read(root, part.index, (*part.changes, *changes))
        return (
            part if after.problems or self._collides(part, after) else self._replaced(part, after)
        )

    def _followed(self, part: Part, depth: int, leave: frozenset[Problem]) -> Part:
        while (better := self._step(part, depth, leave)) is not None:
            part = better
        return part

    def _step(self, part: Part, depth: int, leave: frozenset[Problem]) -> Part | None:
        """The part with fewer problems, by the first remedy that leads there."""
        written = _written_places(part.root)
        for problem in part.problems:
            place = written.get(problem.path)
            if problem in leave or place is None or self._readings <= 0:
                continue
            remedy = remedied(part.root, place, problem, part.index or 0)
            if remedy is None:
                continue
            root, change = remedy
            after = self._read(root, part.index, (*part.changes, change))
            if self._collides(part, after):
                continue
            if len(after.problems) >= len(part.problems) and depth:
                after = self._followed(after, depth - 1, leave | set(part.problems))
            if len(after.problems) < len(part.problems):
                return after
        return None

    def _read(self, root: Block, index: int | None, changes: tuple[Change, ...]) -> Part:
        self._readings -= 1 if changes else 0
        problems, stem = self._problems_and_stem(write_tree(root))
        return Part(root, index, problems, "" if index is None else stem, changes)

    def _problems_and_stem(self, text: str) -> tuple[tuple[Problem, ...], str]:
        try:
            parsed = parse_manifest(
                text.encode("utf-8", "surrogatepass"),
                folder_project=self._project,
                folder_batch=self._batch,
            )
        except ManifestInvalid as error:
            return tuple(error.problems), ""
        problems = tuple(problem for each in parsed.rejected for problem in each.problems)
        stems = [item.stem for item in parsed.items] + [each.stem for each in parsed.rejected]
        return problems, comparable(stems[0] or "")

    def _collides(self, before: Part, after: Part) -> bool:
        """Would the change make a clip of a name that another entry makes?"""
        return bool(after.stem) and after.stem != before.stem and self._stems[after.stem] > 0

    def _replaced(self, before: Part, after: Part) -> Part:
        self._stems[before.stem] -= 1
        self._stems[after.stem] += 1
        return after


def _written_places(root: Block) -> dict[str, Place]:
    """Places by the words of problems. Of two that are written alike neither is meant for sure."""
    found: dict[str, Place] = {}
    twice = set()
    for place in places(root):
        written = written_place(place)
        if written in found:
            twice.add(written)
        found[written] = place
    return {written: place for written, place in found.items() if written not in twice}
