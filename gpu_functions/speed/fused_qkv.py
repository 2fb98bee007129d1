"""One product instead of three: queries, keys and values of a block from one matrix."""

from collections.abc import Sequence
from typing import Any

import torch

from gpu_functions.speed.lever import parts_of

FUSING = ("WanTransformer3DModel",)
"""Models whose attention reads a fused matrix; others would hold one and not use it."""


def fuse_qkv(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    """Fuse, and give back the matrices that nobody reads any more."""
    models = parts_of(pipeline, denoisers)
    others = [type(model).__name__ for model in models if type(model).__name__ not in FUSING]
    if others:
        return f"{', '.join(others)} cannot"
    for model in models:
        model.fuse_qkv_projections()
        for attention in model.modules():
            if getattr(attention, "fused_projections", False):
                _drop_single(attention)
    return None


def _drop_single(attention: Any) -> None:
    names = ["to_k", "to_v"] if attention.is_cross_attention else ["to_q", "to_k", "to_v"]
    if attention.add_k_proj is not None:
        # whether it is there decides how the block reads its words, so an empty sign stays
        attention.add_k_proj = attention.add_v_proj = torch.nn.Identity()
    for name in names:
        delattr(attention, name)
