"""How far a lever takes a denoiser from the plain one: one forward, the same inputs.

The truth is the plain model in float64. What changes only the order of sums stays below `EXACT`.
"""

from typing import Any

import torch

EXACT = 1e-5
FRAMES, HEIGHT, WIDTH, WORDS = 3, 8, 12, 512
"""Of the latents, and of the reading: Wan counts on 512 words where it reads a picture too."""


def relative_error(made: torch.Tensor, truth: torch.Tensor) -> float:
    """‖made − truth‖ / ‖truth‖."""
    whole = truth.double()
    return float((made.double() - whole).norm() / whole.norm())


def denoised(transformer: Any, model_id: str, seed: int = 0) -> torch.Tensor:
    """One forward of a Wan denoiser on inputs that depend on the seed alone."""
    source = torch.Generator().manual_seed(seed)
    config = transformer.config
    dtype = transformer.proj_out.bias.dtype

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=source).to(dtype)

    latents = noise(1, config.in_channels, FRAMES, HEIGHT, WIDTH)
    named: dict[str, Any] = {"encoder_hidden_states": noise(1, WORDS, config.text_dim)}
    if config.image_dim is not None:
        named["encoder_hidden_states_image"] = noise(1, 257, config.image_dim)
    _, high, wide = config.patch_size
    tokens = (HEIGHT // high) * (WIDTH // wide)
    time = torch.full((1,), 700.0)
    if model_id == "wan2.2-ti2v-5b":
        # the keyframe's tokens are done, all others are at the step's time
        time = torch.cat([torch.zeros(1, tokens), time.expand(1, (FRAMES - 1) * tokens)], dim=1)
    with torch.inference_mode():
        return transformer(hidden_states=latents, timestep=time, return_dict=False, **named)[0]
