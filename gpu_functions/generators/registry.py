"""Which module runs which model: the one list of what can run at all.

Pure Python at import; the family's module, and torch with it, is met when a generator is opened.
"""

from importlib import import_module

from gpu_functions.generators.contract import Generator
from shared.catalog.catalog import find_model
from shared.errors import ModelUnavailable

FAMILIES = {
    "animatediff": "animatediff:AnimateDiffGenerator",
    "cogvideox1.5-5b-i2v": "cogvideox:CogVideoXGenerator",
    "hunyuanvideo-1.5-i2v": "hunyuan:Hunyuan15Generator",
    "hunyuanvideo-i2v": "hunyuan:HunyuanGenerator",
    "kandinsky-5-i2v-pro": "kandinsky:KandinskyGenerator",
    "ltx-2.5": "ltx2:Ltx2Generator",
    "ltx-video-0.9.8-13b": "ltx:LtxGenerator",
    "ltx-video-2b": "ltx:LtxGenerator",
    "mochi-1": "mochi:MochiGenerator",
    "stable-video-diffusion-xt-1.1": "svd:SvdGenerator",
    "wan2.1-i2v-14b": "wan:WanGenerator",
    "wan2.2-i2v-a14b": "wan:WanGenerator",
    "wan2.2-i2v-a14b-4step": "wan:WanGenerator",
    "wan2.2-ti2v-5b": "wan:WanGenerator",
    "zeroscope-v2-576w": "zeroscope:ZeroscopeGenerator",
}
"""Catalogue id → module and class in this package."""


def open_generator(model_id: str) -> Generator:
    """The generator of a model, with nothing loaded yet.

    Raises
    ------
    ModelUnavailable : no such model, or none of ours runs it.
    """
    row = find_model(model_id)
    if row is None:
        raise ModelUnavailable(f"The catalogue has no model `{model_id}`.")
    if row.id not in FAMILIES:
        runnable = ", ".join(sorted(FAMILIES))
        raise ModelUnavailable(f"No generator runs `{row.id}`. There is one for: {runnable}.")
    module, _, name = FAMILIES[row.id].partition(":")
    family = getattr(import_module(f"{__package__}.{module}"), name)
    generator: Generator = family(row)
    return generator
