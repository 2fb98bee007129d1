"""Wan's pictures out of its latents, a latent frame at a time.

Its coder decodes so by itself, hands on what the next frame needs (`feat_cache`), and then joins
all of them in float. Here each piece is given out as it is made. Where it decodes in tiles a frame
is whole at the very end only, and the coder's own way is taken.
"""

from collections.abc import Iterator
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from diffusers.utils.accelerate_utils import apply_forward_hook
from diffusers.utils.torch_utils import get_module_execution_device


def decoded(vae: Any, latents: torch.Tensor) -> Iterator[torch.Tensor]:
    """The numbers that `AutoencoderKLWan.decode` makes, in pieces along the time.

    Parameters
    ----------
    latents : (1, channels, frames, height, width), as the denoiser leaves them.

    Yields
    ------
    (1, 3, n, height, width) from -1 to 1; n is 1, then 4.
    """
    z = _rescaled(vae, latents)
    if vae.use_tiling:
        yield vae.decode(z, return_dict=False)[0]
        return
    yield from apply_forward_hook(_one_by_one)(vae, z)


def _rescaled(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """From the denoiser's scale to the coder's."""
    z = latents.to(get_module_execution_device(vae), vae.dtype)
    shape = (1, vae.config.z_dim, 1, 1, 1)
    mean = torch.tensor(vae.config.latents_mean).view(shape).to(z.device, z.dtype)
    # by way of the inverse, as the pipeline does: the same roundings make the same bytes
    inverse = 1.0 / torch.tensor(vae.config.latents_std).view(shape).to(z.device, z.dtype)
    return z / inverse + mean


def _one_by_one(vae: Any, z: torch.Tensor) -> Iterator[torch.Tensor]:
    vae.clear_cache()
    try:
        held = vae.post_quant_conv(z)
        for place in range(held.shape[2]):
            vae._conv_idx = [0]
            piece = vae.decoder(
                held[:, :, place : place + 1],
                feat_cache=vae._feat_map,
                feat_idx=vae._conv_idx,
                first_chunk=place == 0,
            )
            if vae.config.patch_size is not None:
                piece = unpatchify(piece, patch_size=vae.config.patch_size)
            yield piece.clamp(-1.0, 1.0)
    finally:
        vae.clear_cache()
