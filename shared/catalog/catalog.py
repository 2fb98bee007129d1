"""The catalogue: one row a model, read from `data/*.json` and checked once."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import PrivateAttr, model_validator

from shared.catalog.model import ModelKind, ModelRow, ModelStatus
from shared.catalog.price import Price
from shared.clip import Document

__all__ = ["Catalog", "ModelKind", "ModelRow", "ModelStatus", "Price", "find_model", "load_catalog"]


class Catalog(Document):
    """All rows; every name in it leads to one of them."""

    models: tuple[ModelRow, ...]
    _by_word: dict[str, ModelRow] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Catalog":
        names = [name.casefold() for row in self.models for name in row.words]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ValueError(f"these names lead to more than one model: {sorted(repeated)}")
        return self

    @model_validator(mode="after")
    def _replacements_exist(self) -> "Catalog":
        known = {row.id for row in self.models}
        named = {row.id: row.replacement for row in self.models if row.replacement is not None}
        lost = {name: other for name, other in named.items() if other not in known}
        if lost:
            raise ValueError(f"these replacements are not in the catalogue: {lost}")
        return self

    @model_validator(mode="after")
    def _shared_weights_are_the_same(self) -> "Catalog":
        rows = {row.id: row for row in self.models}
        for row in self.models:
            other = rows.get(row.weights_of or row.id)
            if other is None or other.base_weights != row.base_weights:
                raise ValueError(f"{row.id} does not stand on the weights of {row.weights_of}")
        return self

    def model_post_init(self, _: Any) -> None:
        self._by_word = {name.casefold(): row for row in self.models for name in row.words}

    def find(self, word: str) -> ModelRow | None:
        """The model of that id or alias; letter case does not count."""
        return self._by_word.get(word.strip().casefold())


@cache
def load_catalog() -> Catalog:
    """The catalogue that this version ships."""
    return Catalog.model_validate({"models": tuple(_shipped_rows())})


def find_model(word: str) -> ModelRow | None:
    """The shipped model of that id or alias, or None."""
    return load_catalog().find(word)


def _shipped_rows() -> Iterator[dict[str, Any]]:
    """Rows as written, each laid over what its file says of all its models."""
    folder = files("shared.catalog.data")
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".json"):
            document = json.loads(file.read_bytes())
            for row in document["models"]:
                yield {**document.get("defaults", {}), **row}
