"""Which pictures are candidates for one keyframe, told from their names.

Three habits of the tools that make them are known:

- stages of one picture (`20250704_143022_stage1_generated.png`, `…_stage2_upscaled.png`): a series
  goes on while the stage rises and the next is not much later, as the blueprint's reviewer forms
  its groups;
- variants of one picture (`hero_v2.png`, `hero-take3.png`, `hero (2).png`, `hero_seed42.png`);
- two numbers at the end (`img_001_2.png`): the last counts variants. Dates and times are no such
  numbers.

Anything else is a picture by itself: `img_001.png` and `img_002.png` are two keyframes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from shared.manifest.names import base_name, comparable, stem_of

SERIES_GAP = timedelta(minutes=10)
"""Between two stages of one picture; a later one belongs to another."""

_STAGE = re.compile(r"^(?P<head>.*?)[ _.-]*stage[ _-]?(?P<stage>\d+(?:\.\d+)?)(?:[ _-].*)?$")
_MOMENT = re.compile(r"(?<!\d)(?:19|20)\d{6}[ _t-]?\d{6}(?!\d)")
_DATE_AT_END = re.compile(
    r"(?<!\d)(?:19|20)\d\d[ _.-]?\d\d[ _.-]?\d\d"
    r"(?:[ _.t-]{1,3}(?:at )?\d\d[ _.-]?\d\d[ _.-]?\d\d)?$"
)
_VARIANT = re.compile(
    r"(?:[ _.-]+(?:v|ver|version|var|variant|variation|take|alt|opt|option"
    r"|cand|candidate|seed|copy)[ _-]?\d*|[ _-]*\(\d+\))$"
)
_SECOND_NUMBER = re.compile(r"(?<=\d)[ _.-]+\d+$")


class GroupBy(StrEnum):
    """How candidates for one keyframe are told."""

    NAME = "name"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates for one keyframe: what they share, and their paths in order."""

    name: str
    paths: tuple[str, ...]


def group_pictures(paths: Iterable[str], by: GroupBy = GroupBy.NAME) -> list[Group]:
    """The groups, in the order of their names; every path is in exactly one."""
    ordered = sorted(paths, key=lambda path: (comparable(path), path))
    if by is GroupBy.FOLDER:
        return _together((_folder(path), path) for path in ordered)
    staged = [path for path in ordered if _STAGE.match(_stem(path))]
    others = [path for path in ordered if not _STAGE.match(_stem(path))]
    groups = [*_series(staged), *_together((_folder(p) + _base(_stem(p)), p) for p in others)]
    return sorted(groups, key=lambda group: comparable(group.paths[0]))


def _together(named: Iterable[tuple[str, str]]) -> list[Group]:
    found: dict[str, list[str]] = {}
    for name, path in named:
        found.setdefault(name, []).append(path)
    return [Group(name or "(all)", tuple(paths)) for name, paths in found.items()]


def _folder(path: str) -> str:
    return path[: -len(base_name(path))]


def _stem(path: str) -> str:
    return comparable(stem_of(path))


def _base(stem: str) -> str:
    """The stem without what tells variants apart; never empty."""
    base = stem
    while (shorter := _VARIANT.sub("", base)) not in (base, ""):
        base = shorter
    if base == stem and not _DATE_AT_END.search(stem):
        base = _SECOND_NUMBER.sub("", stem)
    return base or stem


@dataclass(frozen=True, slots=True)
class _Staged:
    path: str
    head: str
    moment: datetime | None
    stage: float

    @classmethod
    def read(cls, path: str) -> "_Staged":
        found = _STAGE.match(_stem(path))
        assert found is not None, path  # noqa: S101 - only staged names come here
        return cls(path, found["head"], _moment(found["head"]), float(found["stage"]))

    def follows(self, earlier: "_Staged") -> bool:
        """Is it a later stage of the same picture?"""
        if self.stage <= earlier.stage:
            return False
        if self.moment is None or earlier.moment is None:
            return self.head == earlier.head
        return self.moment - earlier.moment <= SERIES_GAP


def _series(paths: list[str]) -> list[Group]:
    groups: list[Group] = []
    rows = [_Staged.read(path) for path in paths]
    for folder, inside in groupby(rows, key=lambda row: _folder(row.path)):
        run: list[_Staged] = []
        for row in sorted(inside, key=_moment_first):
            if run and not row.follows(run[-1]):
                groups.append(_as_group(folder, run))
                run = []
            run.append(row)
        groups.append(_as_group(folder, run))
    return groups


def _moment_first(row: _Staged) -> tuple[datetime, str, float, str]:
    return row.moment or datetime.max, row.head, row.stage, row.path


def _as_group(folder: str, run: list[_Staged]) -> Group:
    return Group(folder + (run[0].head or "stage"), tuple(row.path for row in run))


def _moment(text: str) -> datetime | None:
    found = _MOMENT.search(text)
    digits = re.sub(r"\D", "", found[0]) if found else ""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S") if digits else None
    except ValueError:
        return None
