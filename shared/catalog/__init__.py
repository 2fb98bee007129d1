"""The models that a clip can be made with, as data."""

from shared.catalog.catalog import Catalog, find_model, load_catalog
from shared.catalog.model import ModelKind, ModelRow, ModelStatus
from shared.catalog.price import Price

__all__ = [
    "Catalog",
    "ModelKind",
    "ModelRow",
    "ModelStatus",
    "Price",
    "find_model",
    "load_catalog",
]
