"""The one sure remedy of a problem, as a change of the document.

A remedy says what it would change; whether that leads anywhere is for `mend` to find out by reading
the result. So it may be tried in vain, but it never chooses between two meanings.
"""

import re
from collections.abc import Callable, Iterator

from shared.errors import Problem
from shared.manifest.aliases import MOTION_ALIASES
from shared.manifest.likeness import spelling, sure_match
from shared.manifest.names import is_image
from shared.manifest.places import Place
from shared.manifest.spot import Change, Spot
from shared.manifest.tree import Block, Number, Value, copied
from shared.manifest.v1 import SCHEMA_VERSION, ClipSettings, Manifest
from shared.manifest.vocabulary import belongs, block_at, home_of, meanings_in, words_at
from shared.motion.limits import pulled_in
from shared.motion.rect import Rect

MOST_OVERHANG = 0.25
"""A rectangle further outside is more likely in pixels or percent than a little too far."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?", re.ASCII)
_WHOLE = re.compile(r"(-?[0-9]+)\.0+", re.ASCII)


def remedied(
    root: Block, place: Place, problem: Problem, index: int = 0
) -> tuple[Block, Change] | None:
    """A copy of the document with one problem's sure remedy applied; None where there is none.

    `place` is where the problem is, `index` what its keyframe is called in the change's words.
    """
    remedy = _REMEDIES.get(problem.code)
    copy = copied(root)
    change = remedy(Spot(copy, place, index)) if remedy and place else None
    return (copy, change) if change else None


def _known_name(spot: Spot) -> Change | None:
    """A field in the wrong block goes home, a misspelt one gets its name."""
    block = spot.outer.value
    if not isinstance(block, Block) or block.names.count(spot.name) != 1:
        return None
    home = home_of(spot.name)
    if home not in spot.place[:-1] and belongs(spot.name):
        return _brought_home(spot, home) if home else None
    meanings = meanings_in(block_at(Manifest, spot.place[:-1]))
    match = sure_match(spot.name, meanings)
    if match is None or meanings[match] in {meanings.get(name) for name in block.names}:
        return None
    block.rename(spot.name, match)
    return spot.said(f"is called `{match}` now", "the only known name like it")


def _brought_home(spot: Spot, home: str) -> Change | None:
    owner = _clip_settings(spot)
    if owner is None:
        return None
    outer, settings, value = spot.outer.value, owner.value, spot.value
    if not isinstance(settings, Block) or not isinstance(outer, Block):
        return None
    others = [inner for _, inner in settings.pairs if inner is not outer]
    block = settings.get(home) or Block([])
    said_elsewhere = any(isinstance(each, Block) and spot.name in each for each in others)
    if said_elsewhere or not isinstance(block, Block):
        return None
    outer.drop(spot.name)
    block.put(spot.name, value)
    settings.put(home, block)
    return spot.said(f"stands in `{home}` now", "its place in the manifest")


def _clip_settings(spot: Spot) -> Spot | None:
    """The keyframe, or the defaults, that the place belongs to."""
    while spot.place:
        spot = spot.outer
        if issubclass(block_at(Manifest, spot.place), ClipSettings):
            return spot
    return None


def _known_word(spot: Spot) -> Change | None:
    value = spot.value
    word = value.text if isinstance(value, Number) else value
    if not isinstance(word, str):
        return None
    match = sure_match(word, {known: known for known in words_at(Manifest, spot.place)})
    return spot.change(match, "the only known word like it") if match else None


def _right_kind(spot: Spot) -> Change | None:
    """Another spelling of the same value."""
    value = spot.value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return spot.change(Number(value.strip()), "numbers stand without quotes")
    if isinstance(value, Number) and (whole := _WHOLE.fullmatch(value.text)):
        return spot.change(Number(whole[1]), "it must be a whole number")
    if isinstance(value, str) and spot.outer.place == ("keyframes",) and is_image(value):
        entry = Block([("image_path", value)])
        spot.put(entry)
        return spot.said("is an object with `image_path` now", "an entry is an object")
    return None


def _this_version(spot: Spot) -> Change | None:
    value = spot.value
    text = value.text if isinstance(value, Number) else value
    if not isinstance(text, str) or not re.fullmatch(rf"[vV]?{SCHEMA_VERSION}(\.0)*", text):
        return None
    return spot.change(SCHEMA_VERSION, "the version's name")


def _upright(spot: Spot) -> Change | None:
    sides = _sides(spot.value)
    if sides is None:
        return None
    return spot.change(list(_sorted_sides(sides)), "x1 is less than x2, and y1 less than y2")


def _inside(spot: Spot) -> Change | None:
    """A rectangle that leaves the picture a little: the nearest of its shape and size inside."""
    name, rect = spot.outer.name, spot.outer
    sides = _sides(rect.value)
    if MOTION_ALIASES.get(name, name) not in ("start_rect", "end_rect") or sides is None:
        return None
    sides = _sorted_sides(sides)
    wanted = Rect(*(float(side.text) for side in sides))
    near = all(-MOST_OVERHANG <= edge <= 1 + MOST_OVERHANG for edge in wanted)
    if not near or wanted.width <= 0 or wanted.height <= 0:
        return None
    edges = zip(sides, wanted, pulled_in(wanted), strict=True)
    mended: list[Value] = [
        side if abs(edge - inside) < 1e-9 else number(inside) for side, edge, inside in edges
    ]
    return rect.change(mended, "it left the picture; same shape, inside")


def _sides(value: Value) -> list[Number] | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    sides = [side for side in value if isinstance(side, Number)]
    return sides if len(sides) == 4 else None


def _sorted_sides(sides: list[Number]) -> list[Number]:
    def size(side: Number) -> float:
        return float(side.text)

    (left, right), (top, bottom) = sorted(sides[::2], key=size), sorted(sides[1::2], key=size)
    return [left, top, right, bottom]


def number(value: float) -> Number:
    """A number of ours as it is written into a manifest: a pixel of 8K is 0.00013 wide."""
    return Number(f"{round(value, 6) + 0.0:.6g}")


def _said_once(spot: Spot) -> Change | None:
    """A field given under two names, with values that are equal but for their spelling."""
    owner, block = _clip_settings(spot), spot.outer.value
    if owner is None or not isinstance(block, Block):
        return None
    meant = dict(_meanings(owner))
    same = [other for other, meaning in meant.items() if meaning == meant.get(spot.place)]
    said = [other for other in same if Spot(spot.root, other).value is not None]
    words = words_at(Manifest, spot.place)
    if len(said) < 2 or not _alike(spot.value, Spot(spot.root, said[0]).value, bool(words)):
        return None
    change = spot.said(
        "was taken out", f"`{Spot(spot.root, said[0], spot.index).path}` says the same"
    )
    block.drop(spot.name)
    return change


def _meanings(owner: Spot) -> Iterator[tuple[Place, str]]:
    """Every field of a clip's settings, by place as written, with what it means."""
    known = meanings_in(block_at(Manifest, owner.place))
    for name, value in owner.value.pairs if isinstance(owner.value, Block) else ():
        if name == "motion" and isinstance(value, Block):
            for inner in value.names:
                meaning = f"motion.{MOTION_ALIASES.get(inner, inner)}"
                yield (*owner.place, name, inner), meaning
        else:
            yield (*owner.place, name), known.get(name, name)


def _alike(value: Value, other: Value, are_words: bool) -> bool:
    if isinstance(value, list) and isinstance(other, list):
        pairs = zip(value, other, strict=False)
        return len(value) == len(other) and all(_alike(a, b, are_words) for a, b in pairs)
    first, second = _as_number(value), _as_number(other)
    if first is not None and second is not None:
        return first == second
    texts = isinstance(value, str) and isinstance(other, str)
    return texts and are_words and spelling(str(value)) == spelling(str(other))


def _as_number(value: Value) -> float | None:
    text = value.text if isinstance(value, Number) else value
    plain = isinstance(text, str) and _NUMBER.fullmatch(text.strip())
    return float(str(text)) if plain else None


def _plain_path(spot: Spot) -> Change | None:
    """The same path in S3's spelling: forward slashes, no steps that lead nowhere."""
    value = spot.value
    if not isinstance(value, str):
        return None
    path = value.replace("\\", "/")
    steps = [step for step in path.split("/") if step not in ("", ".")]
    plain = ("/" if path.startswith("/") else "") + "/".join(steps)
    return spot.change(plain, "the same path in plain form") if plain != value else None


_REMEDIES: dict[str, Callable[[Spot], Change | None]] = {
    "unknown_field": _known_name,
    "unknown_word": _known_word,
    "wrong_type": _right_kind,
    "schema_version": _this_version,
    "rect_inverted": _upright,
    "out_of_range": _inside,
    "conflict": _said_once,
    "unsafe_key": _plain_path,
}
