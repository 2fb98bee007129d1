"""A real generator over tiny weights, loaded by a recipe of the test's own."""

from pathlib import Path
from typing import Any

from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.registry import open_generator
from gpu_functions.weights.check import INDEX
from shared.catalog.recipe import Recipe
from tests.gpu.tiny import build_tiny


def load(weights: Path, model_id: str, **recipe: Any) -> DiffusersGenerator:
    """The model's generator on the processor; its weights are built when nobody has yet.

    Parameters
    ----------
    weights : folder with a folder for each model.
    """
    folder = weights / model_id
    if not (folder / INDEX).is_file():
        build_tiny(model_id, folder)
    generator = open_generator(model_id)
    assert isinstance(generator, DiffusersGenerator)
    known = {"name": "tried", "dtype": "float32", **recipe}
    generator.load(folder, Recipe.model_validate(known), "cpu")
    return generator
