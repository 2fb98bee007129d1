"""LoRAs in their published form, small: for Wan's blocks, under the names of its own repository."""

from pathlib import Path

import torch
from safetensors.torch import save_file

RANK, ALPHA = 2, 4.0


def write_lora(
    file: Path, seed: int, place: str = "blocks.0.self_attn.q", width: int = 24
) -> torch.Tensor:
    """A LoRA of one square matrix; returns what it adds to that."""
    source = torch.Generator().manual_seed(seed)
    down, up = (torch.randn(shape, generator=source) for shape in ((RANK, width), (width, RANK)))
    file.parent.mkdir(parents=True, exist_ok=True)
    state = {"lora_down.weight": down, "lora_up.weight": up, "alpha": torch.tensor(ALPHA)}
    save_file({f"diffusion_model.{place}.{key}": values for key, values in state.items()}, file)
    return up @ down * ALPHA / RANK
