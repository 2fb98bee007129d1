"""What reads prompts and pictures waits in the machine's memory while clips are made.

The encoders are a fifth of Wan A14B's bytes and work for a second of a clip. With the prompt cache
(`prompt_cache`) a batch that repeats its words fetches them once.
"""

from collections.abc import Sequence
from typing import Any

import torch
from accelerate import cpu_offload_with_hook

from gpu_functions.speed.lever import parts_of

ENCODERS = ("text_encoder", "image_encoder")
"""How the names of such components begin."""


def park_encoders(pipeline: Any, device: str, denoisers: Sequence[str]) -> None:
    """Bring everything but the encoders to the device; these come when called, and go before steps.

    Accelerate's hooks bring them, and they would stay. The denoiser sends them away as its first
    step begins, so every pipeline over the same parts does so.
    """
    hooks = []
    for name, component in pipeline.components.items():
        if not isinstance(component, torch.nn.Module):
            continue
        if name.startswith(ENCODERS):
            hooks.append(cpu_offload_with_hook(component, torch.device(device))[1])
        else:
            component.to(device)

    def send_away(*_: Any) -> None:
        for hook in hooks:
            hook.offload()

    for model in parts_of(pipeline, denoisers):
        model.register_forward_pre_hook(send_away)
