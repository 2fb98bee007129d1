"""The levers in the order in which they are pulled, and `apply`, which pulls a recipe's."""

from collections.abc import Mapping, Sequence
from typing import Any

from gpu_functions.speed import coder, memory, switches
from gpu_functions.speed.attention8 import attention8
from gpu_functions.speed.distilled import distilled
from gpu_functions.speed.fused_qkv import fuse_qkv
from gpu_functions.speed.graphs import cuda_graph
from gpu_functions.speed.guidance import guidance
from gpu_functions.speed.lever import Lever
from gpu_functions.speed.linear8 import linear8
from gpu_functions.speed.modulation import fused_modulation
from shared.catalog.recipe import Recipe
from shared.errors import InternalFault

WEIGHTS: Mapping[str, Lever] = {
    "distilled": distilled,
    "fuse_qkv": fuse_qkv,
    "linear8": linear8,
    "quantization": memory.quantize,
    "vae_dtype": coder.vae_dtype,
    "vae_channels_last": coder.vae_channels_last,
    "vae_tiling": memory.vae_tiling,
}
"""What changes the weights or where they are read, before they go to their device."""

RUNNING: Mapping[str, Lever] = {
    "offload": memory.offload,
    "attention": switches.attention,
    "attention8": attention8,
    "channels_last": switches.channels_last,
    "fused_modulation": fused_modulation,
    "prompt_cache": switches.prompt_cache,
    "tf32": switches.tf32,
    "vae_slicing": memory.vae_slicing,
    "vae_norms": coder.vae_norms,
    "vae_compile": coder.vae_compile,
    "compile": switches.compile_blocks,
    "cuda_graph": cuda_graph,
    "guidance": guidance,
}
"""What changes how they run, on the device."""

OF_A_RECIPE = ("quantization", "vae_tiling", "offload")
"""Levers that are a recipe's own fields."""

LEVERS: Mapping[str, Lever] = {
    name: lever for name, lever in {**WEIGHTS, **RUNNING}.items() if name not in OF_A_RECIPE
}
"""What may stand in `Recipe.levers`."""


def apply(pipeline: Any, recipe: Recipe, device: str, denoisers: Sequence[str]) -> tuple[str, ...]:
    """Bring a pipeline to its device as the recipe says.

    Returns
    -------
    A sentence for every lever that this machine cannot pull.

    Raises
    ------
    InternalFault : the recipe names a lever that does not exist.
    """
    unknown = set(recipe.levers) - set(LEVERS)
    if unknown:
        raise InternalFault(
            f"Recipe `{recipe.name}` pulls {sorted(unknown)}; there are {sorted(LEVERS)}."
        )
    switches.as_torch_comes(pipeline, denoisers)
    settings = {name: getattr(recipe, name) for name in OF_A_RECIPE} | recipe.levers
    notes = []
    for name, lever in {**WEIGHTS, **RUNNING}.items():
        setting = settings.get(name)
        if setting in (None, False, "none"):
            if name == "offload":
                pipeline.to(device)
            continue
        why = lever(pipeline, setting, device, denoisers)
        notes += [f"{name}: {why}"] if why else []
    return tuple(notes)
