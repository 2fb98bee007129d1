"""The models that a clip can be made with, as data."""

from shared.catalog.catalog import ModelRow, Price, find_model, load_catalog
from shared.catalog.choice import choose_model

__all__ = ["ModelRow", "Price", "choose_model", "find_model", "load_catalog"]
