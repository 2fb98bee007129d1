"""The corrected manifest: what has one sure remedy is mended, what needs a person is left."""

from collections.abc import Collection, Iterator, Mapping

from shared.errors import ManifestInvalid
from shared.manifest.likeness import sure_match
from shared.manifest.mended import Mended
from shared.manifest.mended_clip import FieldValue, with_file, with_move
from shared.manifest.mended_part import Part, PartMender
from shared.manifest.near_file import Pictures
from shared.manifest.places import Place, written_place
from shared.manifest.reading import read_json
from shared.manifest.repair import repair_text
from shared.manifest.spot import Change
from shared.manifest.tree import Block, Value, read_tree, write_tree
from shared.manifest.v1 import Manifest

MAX_BYTES = 4 * 1024 * 1024

SOUND_ENTRY = '{"image_path": "keyframe.png"}'
"""Stands in for the keyframes where the rest of the manifest is read by itself."""


def mend_manifest(
    data: bytes,
    *,
    folder_project: str | None = None,
    folder_batch: str | None = None,
    moves: Mapping[int, Mapping[str, FieldValue]] | None = None,
    listing: Collection[str] | None = None,
) -> Mended | None:
    """Correct a manifest as far as that is sure.

    Parameters
    ----------
    data : the file as it was dropped.
    folder_project, folder_batch : the folders it was dropped into, as for `parse_manifest`.
    moves : position of a keyframe → fields of `motion` that make its camera move pass, once that
        is known (`shared.motion.remedy`).
    listing : paths of the files beside the manifest; without it no keyframe is taken for missing.

    Returns
    -------
    The corrected manifest, in the creator's order and digits. It reads with fewer problems than
    before, and mending it again changes nothing. None when nothing is wrong, or nothing that can be
    mended surely.
    """
    repaired = repair_text(data) if len(data) <= MAX_BYTES else None
    if repaired is None:
        return None
    changes = [Change(_lines(lines), slip) for slip, lines in repaired.slips.items()]
    tree = read_tree(repaired.text)
    changes += _without_twins(tree, ())
    tree, reshaped = _in_shape(tree)
    changes += reshaped
    mender = PartMender(folder_project, folder_batch)
    parts: list[Part] = []
    if isinstance(tree, Block) and _reads(tree):
        parts = _mended_parts(mender, tree, moves or {}, listing)
        tree = _put_together(tree, parts)
        changes += [change for part in parts for change in part.changes]
    if not changes:
        return None
    text = write_tree(tree) + "\n"
    corrected = {part.name: write_tree(part.own) for part in parts if part.changes}
    return Mended(text, tuple(changes), mender.problems_of(text), corrected)


def _lines(lines: list[int]) -> str:
    if not lines:
        return ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"


def _without_twins(value: Value, place: Place) -> Iterator[Change]:
    """Take out fields that are given again with the same value; different values are a choice."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _without_twins(item, (*place, index))
    if not isinstance(value, Block):
        return
    said: dict[str, list[Value]] = {}
    for name, inner in value.pairs:
        said.setdefault(name, []).append(inner)
    for name, (first, *more) in said.items():
        if more and more == [first] * len(more):
            said[name] = [first]
            yield Change(written_place((*place, name)), "stands once now", "it was given twice")
    if sum(map(len, said.values())) < len(value.pairs):
        value.pairs = [(name, inner) for name, inners in said.items() for inner in inners]
    for name, inner in value.pairs:
        yield from _without_twins(inner, (*place, name))


def _in_shape(tree: Value) -> tuple[Value, list[Change]]:
    """A bare list of keyframes, or one under a misspelt name, where it belongs."""
    if isinstance(tree, list) and tree and all(isinstance(entry, Block) for entry in tree):
        what = "the list of keyframes stands in an object as `keyframes` now"
        return Block([("keyframes", tree)]), [Change("", what)]
    if not isinstance(tree, Block) or "keyframes" in tree:
        return tree, []
    fields = {name: name for name in Manifest.model_fields}
    lists = [name for name, value in tree.pairs if isinstance(value, list)]
    alike = [name for name in lists if sure_match(name, fields) == "keyframes"]
    if len(alike) != 1 or tree.names.count(alike[0]) != 1:
        return tree, []
    tree.rename(alike[0], "keyframes")
    return tree, [Change(alike[0], "is called `keyframes` now", "the only known name like it")]


def _reads(tree: Block) -> bool:
    """Are there no more names given twice, nor numbers that are none?"""
    try:
        read_json(write_tree(tree).encode("utf-8", "surrogatepass"))
    except ManifestInvalid:
        return False
    return True


def _mended_parts(
    mender: PartMender,
    tree: Block,
    moves: Mapping[int, Mapping[str, FieldValue]],
    listing: Collection[str] | None,
) -> list[Part]:
    entries = tree.get("keyframes")
    around = Block(list(tree.pairs))
    around.put("keyframes", [read_tree(SOUND_ENTRY)])
    parts = [mender.first_reading(around, None)]
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        parts.append(mender.first_reading(Block([("keyframes", [entry])]), index))

    changed = True
    while changed:  # a name that one entry gives up may be another's
        mended = [mender.mended(part) for part in parts]
        changed = any(after is not part for after, part in zip(mended, parts, strict=True))
        parts = mended

    pictures = Pictures(listing) if listing is not None else None
    for at, part in enumerate(parts):
        if part.index is None or part.problems:
            continue
        if pictures is not None:
            parts[at] = with_file(mender, parts[at], pictures)
        if part.index in moves:
            parts[at] = with_move(mender, parts[at], moves[part.index])
    return parts


def _put_together(tree: Block, parts: list[Part]) -> Block:
    around, *entries = parts
    whole = Block(list(around.root.pairs))
    if entries:
        whole.put("keyframes", [part.entry for part in entries])
    elif "keyframes" in tree:
        whole.put("keyframes", tree.get("keyframes"))
    else:
        whole.drop("keyframes")
    return whole
