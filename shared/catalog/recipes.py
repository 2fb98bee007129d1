"""The recipes of a model for a class of GPU, best first."""

from shared.catalog.catalog import find_model
from shared.catalog.recipe import CPU_RECIPE, GpuClass, Recipe, recipe_book
from shared.errors import ModelUnavailable
from shared.nearest import did_you_mean


def recipes_for(model_id: str, gpu_class: str) -> tuple[Recipe, ...]:
    """How to hold a model on a class of GPU: the best way first, the next one where that overflows.

    Raises
    ------
    ModelUnavailable : no such model or class, or the model does not fit there in any way we know.
    """
    classes = [each.value for each in GpuClass]
    if gpu_class not in classes:
        known = ", ".join(classes)
        guess = did_you_mean(gpu_class, classes)
        raise ModelUnavailable(f"`{gpu_class}` is no class of GPU. {guess} Known: {known}.")
    row = find_model(model_id)
    if row is None:
        raise ModelUnavailable(f"The catalogue has no model `{model_id}`.")
    fallback = (CPU_RECIPE,) if gpu_class == GpuClass.CPU else ()
    names = row.recipes.get(GpuClass(gpu_class), fallback)
    if not names:
        others = ", ".join(f"`{each.value}`" for each in row.recipes) or "none"
        raise ModelUnavailable(f"`{row.id}` has no recipe for `{gpu_class}`; it has for: {others}.")
    recipes = (recipe_book()[name] for name in names)
    return tuple(
        recipe.model_copy(update={"levers": recipe.levers | row.levers}) for recipe in recipes
    )
