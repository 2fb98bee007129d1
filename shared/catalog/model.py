"""One model: what it is, what it can do, where it runs, what it costs and until when."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shared.catalog.can import Capabilities, Need
from shared.catalog.price import Price
from shared.catalog.recipe import (
    SCHEDULES,
    Distilled,
    GpuClass,
    Sampling,
    SingleFile,
    recipe_book,
)
from shared.clip import Document, Operation

CAMERA_MOVE = "camera_move"
OWN_ENGINES = frozenset({CAMERA_MOVE, "modal", "worker"})
"""Engines that run our own code: nothing of the creator's goes to a provider of models (E02)."""

BASE, DISTILLED, SINGLE_FILE = "base", "distilled", "single_file"
"""Parts of weights: what all others are laid over; LoRAs; components that are not in its format."""

Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
"""Of a repository, whole: what is shorter may come to mean two, and branches move."""

Engine = Annotated[str, Field(pattern=r"^(camera_move|modal|worker|api:[a-z0-9_]+)$")]


class ModelKind(StrEnum):
    """What a model makes."""

    VIDEO = "video"
    IMAGE = "image"
    VOICE = "voice"
    LIP_SYNC = "lip_sync"
    LLM = "llm"


class ModelStatus(StrEnum):
    """May a model be chosen?

    `legacy`: only by name (X-04). `retired`: it was there once. `unavailable`: nobody outside its
    lab could ever call it, or there is no such thing.
    """

    ACTIVE = "active"
    LEGACY = "legacy"
    RETIRED = "retired"
    UNAVAILABLE = "unavailable"

    @property
    def gone(self) -> bool:
        return self in (ModelStatus.RETIRED, ModelStatus.UNAVAILABLE)


class Platform(StrEnum):
    """How one gets at it (seed A11)."""

    SAAS = "saas"
    API = "api"
    LOCAL = "local"
    HYBRID = "hybrid"


class Commercial(StrEnum):
    """May what it makes be sold? `terms`: under conditions that somebody must read."""

    YES = "yes"
    NO = "no"
    TERMS = "terms"


class SpeedTier(StrEnum):
    """What it is for: drafts, daily work, or the shot that everybody looks at."""

    FAST = "fast"
    STANDARD = "standard"
    HERO = "hero"


class Quality(Document):
    """How good its clips are, from 0 to 1, and where the number comes from.

    `assumed` is a guess to start from, until a shootout measures the model.
    """

    score: float = Field(ge=0, le=1)
    source: str = "assumed"


class Tested(Document):
    """Who has run it, when and how (seed A03)."""

    on: date
    method: str
    result: str


class ModelRow(Document):
    """A row of the catalogue.

    Attributes
    ----------
    aliases : other words for it: vendors' paths, and the seeds' names.
    engine : where a job for it goes; `also_on` where it may go as well.
    provider_model : what the vendor calls it in a request.
    license, commercial, territory_excluded : the last as ISO 3166 codes, with `EU` for the Union.
    ends_on : the announced last day; after it the model is never chosen, whatever its status.
    retired_on : the day it went away, where known.
    replacement : a model of this catalogue to use instead.
    not_yet : why this version cannot run it; empty when it can.
    tested : None as long as nobody has run it with a real key.
    revision : the commit of the weights' repository; empty while nobody has pinned one.
    parts : repositories by component, where weights are put together from several; `base` is the
        one that all else is laid over.
    part_revisions : the commits of `parts`, where they are pinned.
    weights_of : the model in whose folder its weights lie, where both stand on the same base.
    recipes : for weights that we run ourselves, names from the recipe book by class of GPU; the
        best first, and the class first that runs it where nobody names one.
    distilled : for weights that we run ourselves, what makes a few steps enough.
    single_file : for weights that we run ourselves, what is brought into diffusers' format.
    sampling : for weights that we run ourselves, what holds where a request says nothing.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.\-]*(/[a-z0-9][a-z0-9_.\-]*)?$")
    name: str
    version: str = ""
    kind: ModelKind
    status: ModelStatus = ModelStatus.ACTIVE
    provider: str
    engine: Engine
    also_on: tuple[Engine, ...] = ()
    provider_model: str = ""
    aliases: tuple[str, ...] = ()
    origin: str = Field("", pattern=r"^([A-Z]{2})?$", description="ISO 3166 code of the maker")
    platform: Platform
    licence: str
    commercial: Commercial
    open_weights: bool = False
    territory_excluded: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    capabilities: Capabilities = Capabilities()
    speed: SpeedTier = SpeedTier.STANDARD
    quality: Quality | None = None
    prices: tuple[Price, ...] = ()
    free_tier: str = ""
    paywall: str = ""
    retired_on: date | None = None
    ends_on: date | None = None
    replacement: str | None = None
    stale_after_days: int = Field(90, gt=0)
    not_yet: str = ""
    tested: Tested | None = None
    revision: str = ""
    parts: dict[str, str] = Field(default_factory=dict)
    part_revisions: dict[str, Commit] = Field(default_factory=dict)
    weights_of: str | None = None
    recipes: dict[GpuClass, tuple[str, ...]] = Field(default_factory=dict)
    distilled: Distilled | None = None
    single_file: SingleFile | None = None
    sampling: Sampling | None = None
    note: str = ""
    schema_version: Literal["1"] = "1"

    @model_validator(mode="after")
    def _engine_is_the_providers(self) -> "ModelRow":
        kind, _, provider = self.engine.partition(":")
        if kind == "api" and provider != self.provider:
            raise ValueError(f"{self.id}: engine {self.engine} is not provider {self.provider}'s")
        return self

    @model_validator(mode="after")
    def _recipes_are_in_the_book(self) -> "ModelRow":
        named = {name for names in self.recipes.values() for name in names}
        if unknown := named - recipe_book().keys():
            raise ValueError(f"{self.id}: these recipes are in no book: {sorted(unknown)}")
        return self

    @model_validator(mode="after")
    def _pins_are_commits_of_its_parts(self) -> "ModelRow":
        if self.recipes and self.revision and not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise ValueError(f"{self.id}: `{self.revision}` is no commit of 40 hex digits")
        if unknown := self.part_revisions.keys() - self.parts.keys():
            raise ValueError(f"{self.id}: commits are pinned of no parts of it: {sorted(unknown)}")
        return self

    @model_validator(mode="after")
    def _named_files_have_a_repository(self) -> "ModelRow":
        for part in (DISTILLED, SINGLE_FILE):
            if (part in self.named_files) != (part in self.parts):
                raise ValueError(f"{self.id}: `{part}` and the part of that name go together")
        return self

    @property
    def base_weights(self) -> tuple[str, str]:
        """Repository and pinned commit of what all other parts are laid over."""
        return self.parts.get(BASE, self.provider_model), self.pin(BASE)

    @property
    def named_files(self) -> dict[str, tuple[str, ...]]:
        """Parts of the weights that are these files and nothing else of their repository."""
        loras = {DISTILLED: tuple(self.distilled.loras.values())} if self.distilled else {}
        return loras | ({SINGLE_FILE: (self.single_file.file,)} if self.single_file else {})

    @property
    def levers(self) -> dict[str, Any]:
        """What every recipe pulls for this model, beside its own levers."""
        if self.distilled is None:
            return {}
        loras = {name: f"{DISTILLED}/{file}" for name, file in self.distilled.loras.items()}
        return {"distilled": {"flow_shift": self.distilled.flow_shift, "loras": loras}}

    @property
    def only_steps(self) -> int | None:
        """The one number of steps that it was distilled for; None where any will do."""
        own = self.sampling
        if own is None:
            return None
        named = any(name in own.settings for name in SCHEDULES)
        return own.steps if named or self.distilled else None

    def pin(self, part: str) -> str:
        """The pinned commit of a part of the weights; ``""`` while nobody has pinned one."""
        own = self.revision if not self.parts else ""
        return self.part_revisions.get(part, own)

    @property
    def engines(self) -> tuple[str, ...]:
        """Everywhere that it can run, the usual place first."""
        return (self.engine, *self.also_on)

    @property
    def accepts_image(self) -> bool:
        """Can it start from a keyframe at all? (X-01: Mochi cannot.)"""
        return self.capabilities.image is not Need.NO

    @property
    def words(self) -> tuple[str, ...]:
        """Every name that leads to it."""
        return (self.id, *self.aliases)
