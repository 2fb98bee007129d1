"""Where a model's weights lie, on a box as on a volume: the one rule for it."""

from pathlib import Path

from shared.catalog.catalog import find_model


def weights_folder(root: Path, model: str) -> Path:
    """The model's own folder under the root of all weights, or that of whose base it shares."""
    row = find_model(model)
    return root / ((row.weights_of or row.id) if row else model)
