"""Step distillation: a model's own weights, moved so that a few steps do: `distilled`.

The setting:

    {"flow_shift": 5.0, "loras": {"transformer": "distilled/high_noise.safetensors", …}}

It is the row's (`ModelRow.distilled`), and every recipe of the model has it.

A LoRA is the published form: two thin matrices for each of the model's, whose product is added to
it here once, before anything is fused or brought to 8 bits; nothing is left of it while it runs.
Files lie in the weights' folder. A few steps with weights that were not moved make noise, so a file
that is missing is an error and no note.

Sources: LoRA, E. Hu et al., arXiv 2106.09685; the 4-step files for Wan 2.2 are LightX2V's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.loaders import WanLoraLoaderMixin

from gpu_functions.generators.contract import WeightsMissing

DOWN, UP, BIAS = ".lora_A.weight", ".lora_B.weight", ".lora_B.bias"


def distilled(
    pipeline: Any, setting: Mapping[str, Any], device: str, denoisers: Sequence[str]
) -> str | None:
    """Move the weights, and step by Euler along the schedule that they were distilled for.

    Raises
    ------
    WeightsMissing : a LoRA's file is not there, or is of another model.
    """
    folder = Path(str(pipeline.config.get("_name_or_path") or "."))
    for name, file in setting.get("loras", {}).items():
        add_lora(getattr(pipeline, name), folder / file, device)
    pipeline.scheduler = EvenEuler(shift=float(setting["flow_shift"]))
    return None


class EvenEuler(FlowMatchEulerDiscreteScheduler):
    """Euler's steps, even from noise to picture before the shift moves them.

    That is what few steps are distilled for: 1000, 937.5, 833.3 and 625 of a thousand for four and
    a shift of 5. Left to itself diffusers would put the last of them at 24, where nothing is left
    to be done.
    """

    def set_timesteps(
        self, num_inference_steps: int, device: str | torch.device | None = None
    ) -> None:
        """The steps of a run, of which the last one ends at no noise."""
        even = np.linspace(1.0, 0.0, num_inference_steps, endpoint=False)
        super().set_timesteps(sigmas=even.tolist(), device=device)


def add_lora(model: Any, file: Path, device: str) -> None:
    """Add a LoRA's products to the weights that they belong to.

    Raises
    ------
    WeightsMissing
    """
    plain = _read(file)
    places = [name.removesuffix(DOWN) for name in plain if name.endswith(DOWN)]
    modules = dict(model.named_modules())
    strange = [place for place in places if not _fits(modules.get(place), plain, place)]
    if strange or not places:
        raise WeightsMissing(f"{file} is no LoRA of this model: {(strange or [*plain])[:3]}.")
    for place in places:
        layer = modules[place]
        with torch.no_grad():
            more = plain[place + UP].to(device).float() @ plain[place + DOWN].to(device).float()
            layer.weight.add_(more.to(layer.weight))
            if place + BIAS in plain and layer.bias is not None:
                layer.bias.add_(plain[place + BIAS].to(layer.bias))


def _read(file: Path) -> dict[str, torch.Tensor]:
    """A LoRA's tensors under diffusers' names."""
    if not file.is_file():
        raise WeightsMissing(f"{file} is missing: the weights that make a few steps enough.")
    try:
        state = WanLoraLoaderMixin.lora_state_dict(str(file))
    except (LookupError, ValueError, OSError) as error:  # names that diffusers cannot make sense of
        raise WeightsMissing(f"{file} is no LoRA of this model: {str(error)[:300]}.") from error
    return {name.removeprefix("transformer."): values for name, values in state.items()}


def _fits(layer: Any, plain: Mapping[str, torch.Tensor], place: str) -> bool:
    """Do both thin matrices multiply to one of the layer's shape?"""
    down, up = plain[place + DOWN], plain.get(place + UP)
    if up is None or {down.ndim, up.ndim} != {2} or up.shape[1] != down.shape[0]:
        return False
    weight = getattr(layer, "weight", None)
    return weight is not None and weight.shape == (up.shape[0], down.shape[1])
