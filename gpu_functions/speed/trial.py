"""A kernel of attention is tried on a small case before a clip depends on it."""

from collections.abc import Callable

import torch
from torch.nn.functional import scaled_dot_product_attention

TRIAL = (1, 1000, 4, 128)
"""Batch, tokens (no multiple of a kernel's tile), heads and width."""

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Queries, keys and values, each (batch, tokens, heads, width) → the same."""


@torch.inference_mode()
def trial_error(attend: Attend, device: str) -> float:
    """‖theirs − torch's in float32‖ / ‖torch's‖ on random bfloat16, drawn on the processor."""
    source = torch.Generator().manual_seed(0)
    query, key, value = (
        torch.randn(TRIAL, generator=source).to(device, torch.bfloat16) for _ in range(3)
    )
    q, k, v = (each.float().transpose(1, 2) for each in (query, key, value))
    truth = scaled_dot_product_attention(q, k, v).transpose(1, 2)
    return float((attend(query, key, value).float() - truth).norm() / truth.norm())
