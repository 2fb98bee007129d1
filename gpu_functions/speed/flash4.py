"""FlashAttention-4 in torch's own attention: `attention: flash_4`, for Hopper and Blackwell.

`pip install "flash-attn-4[cu13]"`. Torch takes its kernels in place of FlashAttention-2, for the
whole process, so also where a model asks for nothing; diffusers asks as `_native_flash`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn.attention import (
    SDPBackend,
    activate_flash_attention_impl,
    current_flash_attention_impl,
    restore_flash_attention_impl,
    sdpa_kernel,
)
from torch.nn.functional import scaled_dot_product_attention

from gpu_functions.speed.lever import capability
from gpu_functions.speed.trial import trial_error

NAME, DIFFUSERS_NAME = "flash_4", "_native_flash"
FIRST, LAST = (9, 0), (11, 0)
TRIAL_ERROR = 0.01
"""Relative; bfloat16 alone is off by some 0.004."""


def take_flash_4(device: str) -> str:
    """Have torch use it; diffusers' name for what then is asked for.

    Raises
    ------
    ImportError : the package is not there.
    RuntimeError : this GPU is not for it, or a small trial came out wrong.
    """
    if not FIRST <= capability(device) < LAST:
        raise RuntimeError("FlashAttention-4 is for Hopper and Blackwell")
    activate_flash_attention_impl("FA4")
    try:
        error = trial_error(_attend, device)
    except Exception:
        restore_flash_attention_impl()
        raise
    if not error < TRIAL_ERROR:
        restore_flash_attention_impl()
        raise RuntimeError(f"off by {error:.2g} in a trial")
    return DIFFUSERS_NAME


def give_back() -> None:
    """Have torch use its own again."""
    if current_flash_attention_impl() is not None:
        restore_flash_attention_impl()


@contextmanager
def set_aside() -> Iterator[None]:
    """Torch's own while this lasts, whatever it takes otherwise."""
    taken = current_flash_attention_impl()
    give_back()
    try:
        yield
    finally:
        if taken is not None:
            activate_flash_attention_impl(taken)


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    q, k, v = (each.transpose(1, 2) for each in (query, key, value))
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        return scaled_dot_product_attention(q, k, v).transpose(1, 2)
