"""The named routes of the seeds, as data: a weight for cost, one for quality, and an order."""

from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import Field

from shared.clip import Document

DEFAULT_PRESET = "hybrid"


class Group(StrEnum):
    """What a preset can put first.

    `own`: your GPU boxes and rented GPUs that run our code. `external`: a provider's API.
    `free`: costs nothing. `free_tier`: a provider that gives some for nothing.
    """

    OWN = "own"
    EXTERNAL = "external"
    FREE = "free"
    FREE_TIER = "free_tier"


class Preset(Document):
    """A route by name.

    `tiers` are tried one after the other; within one, candidates stand by score. A candidate in
    none of them comes last. A member of several belongs to the most telling: `free` and
    `free_tier` before `own` and `external`.
    """

    name: str
    about: str
    seed: str
    cost_weight: float = Field(ge=0, le=1)
    quality_weight: float = Field(ge=0, le=1)
    tiers: tuple[tuple[Group, ...], ...]

    def tier_of(self, groups: set[Group]) -> int:
        """Place of a candidate of these groups, from 0."""
        mentioned = {group for tier in self.tiers for group in tier}
        ours = groups & mentioned
        telling = ours & {Group.FREE, Group.FREE_TIER} or ours
        places = (place for place, tier in enumerate(self.tiers) if telling & set(tier))
        return next(places, len(self.tiers))


class _Presets(Document):
    presets: tuple[Preset, ...]


@cache
def presets() -> dict[str, Preset]:
    """All presets by name."""
    data = files("shared.routing").joinpath("presets.json").read_bytes()
    return {preset.name: preset for preset in _Presets.model_validate_json(data).presets}


def find_preset(word: str) -> Preset | None:
    """The preset of that name; letter case and the kind of dash do not count."""
    return presets().get(word.strip().casefold().replace("-", "_"))
