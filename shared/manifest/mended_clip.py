"""Faults of a clip that show only beside its files: the keyframe's name, and the camera's way."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from shared.manifest.aliases import FLAT_MOTION, KEYFRAME_ALIASES, MOTION_ALIASES
from shared.manifest.mended_part import Part, PartMender
from shared.manifest.near_file import Pictures
from shared.manifest.places import Place
from shared.manifest.remedies import number
from shared.manifest.spot import Change, Spot, brief
from shared.manifest.tree import Block, Value, copied

FieldValue: TypeAlias = float | Sequence[float]

ENTRY: Place = ("keyframes", 0)


def with_file(mender: PartMender, part: Part, pictures: Pictures) -> Part:
    """The entry naming the one picture that is there, if the one it names is not."""
    names = ("image_path", *KEYFRAME_ALIASES)
    root = copied(part.root)
    spots = [Spot(root, (*ENTRY, name), part.index or 0) for name in names]
    for spot in spots:
        meant = pictures.meant_by(spot.value) if isinstance(spot.value, str) else None
        if meant is not None:
            why = "no such file was there, and this is the only one like it"
            return mender.changed(part, root, (spot.change(meant, why),))
    return part


def with_move(mender: PartMender, part: Part, move: Mapping[str, FieldValue]) -> Part:
    """The entry with a camera move that passes. What the entry says beats every other file."""
    root = copied(part.root)
    changes: list[Change] = []
    for name, wanted in move.items():
        value: Value = (
            number(wanted) if isinstance(wanted, int | float) else list(map(number, wanted))
        )
        spot = Spot(root, _motion_field(root, name), part.index or 0)
        if spot.value == value:
            continue
        why = "so the camera's move passes"
        if spot.value is None:
            spot.put(value)
            changes.append(spot.said(f"is now {brief(value)}; it was not said here", why))
        else:
            changes.append(spot.change(value, why))
    return mender.changed(part, root, tuple(changes)) if changes else part


def _motion_field(root: Block, name: str) -> Place:
    """Where the entry says a field of its motion, or where it should."""
    entry = Spot(root, ENTRY).value
    assert isinstance(entry, Block)  # noqa: S101 - only entries without problems come here
    for flat, meant in FLAT_MOTION.items():
        if meant == name and entry.get(flat) is not None:
            return (*ENTRY, flat)
    motion = entry.get("motion")
    if not isinstance(motion, Block):
        if any(flat in entry for flat in FLAT_MOTION):
            return (*ENTRY, name)
        motion = Block([])
        entry.put("motion", motion)
    aliases = [alias for alias, meant in MOTION_ALIASES.items() if meant == name]
    written = next((each for each in (name, *aliases) if motion.get(each) is not None), name)
    return (*ENTRY, "motion", written)
