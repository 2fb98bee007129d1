"""The catalogue: one row a model, read from `models.json` and checked once."""

from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import Field, TypeAdapter, model_validator

from shared.clip import Document, Operation


class ModelKind(StrEnum):
    """What a model makes."""

    VIDEO = "video"
    IMAGE = "image"
    VOICE = "voice"
    LIP_SYNC = "lip_sync"
    LLM = "llm"


class ModelStatus(StrEnum):
    """May a model be chosen? Legacy: only by name (seed X-04). Retired: never."""

    ACTIVE = "active"
    LEGACY = "legacy"
    RETIRED = "retired"


class Price(Document):
    """What one unit costs in US dollars, who says so, and since when."""

    amount: float = Field(ge=0)
    unit: str
    source: str
    as_of: date
    verification: str


class ModelRow(Document):
    """One model: what it is, what it can do and where it runs."""

    id: str
    name: str
    kind: ModelKind
    status: ModelStatus
    engine: str
    aliases: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    accepts_image: bool
    licence: str
    revision: str
    note: str = ""
    prices: tuple[Price, ...] = ()


class Catalog(Document):
    """All rows; every name in it leads to one of them."""

    models: tuple[ModelRow, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Catalog":
        names = [name for row in self.models for name in (row.id, *row.aliases)]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ValueError(f"these names lead to more than one model: {sorted(repeated)}")
        return self

    def find(self, word: str) -> ModelRow | None:
        """The model of that id or alias; letter case does not count."""
        return self._by_name().get(word.casefold())

    def _by_name(self) -> dict[str, ModelRow]:
        return {name.casefold(): row for row in self.models for name in (row.id, *row.aliases)}


@cache
def load_catalog() -> Catalog:
    """The catalogue that this version ships."""
    return TypeAdapter(Catalog).validate_json(
        files("shared.catalog").joinpath("models.json").read_bytes()
    )


def find_model(word: str) -> ModelRow | None:
    """The shipped model of that id or alias, or None."""
    return load_catalog().find(word)
