"""Attention in 8 bits: `attention8: fp8`, by cuDNN on Hopper and newer.

Queries, keys, values, the softmax's weights and the answer are e4m3; sums are wider. What keeps
that near the plain numbers:

- Keys lose their mean over all tokens. It adds the same to every score of a query, which no
  softmax sees (SageAttention, arXiv 2410.02367).
- Values lose theirs too (SageAttention2, arXiv 2411.10958), and it is added to the answer: the
  softmax's weights sum to one. Each of their channels has a scale of its own, outside the kernel.
- The kernel knows one scale for all heads. Each head's queries and keys are scaled apart, so that
  the product of both scales is the same in all heads.

Only attention of all tokens to all tokens is done so. To a few hundred words it costs little, and
below `LEAST_TOKENS` the passes that measure and round take what is saved: passes grow with the
tokens (some 60 bytes a number without `compile`, 22 with it), attention with their square.

A processor computes the same numbers slowly, at any size, which is how the error is measured; only
the order and the width of the sums are its own.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from diffusers.models.attention_dispatch import (
    AttentionBackendName,
    _AttentionBackendRegistry,
    dispatch_attention_fn,
)
from torch.nn.functional import scaled_dot_product_attention

from gpu_functions.speed import cudnn_attention
from gpu_functions.speed.lever import capability, is_cpu, parts_of
from gpu_functions.speed.trial import trial_error

E4M3, MOST = torch.float8_e4m3fn, 448.0
KINDS = ("fp8",)
FIRST_WITH_FP8_ATTENTION = (9, 0)
LEAST_TOKENS = 4096
MOST_WIDE, MULTIPLE = 128, 16
"""Of a head, for the kernel of every GPU that has one."""

TINY = 1e-12
TRIAL_ERROR = 0.1
"""Relative; a processor is off by 0.058 on the same numbers."""


def attention8(pipeline: Any, setting: str, device: str, denoisers: Sequence[str]) -> str | None:
    """Give the denoisers' attention e4m3, if a small trial on this GPU comes out right."""
    if setting not in KINDS:
        return f"`{setting}` is none of {', '.join(KINDS)}"
    models = parts_of(pipeline, denoisers)
    without = [type(model).__name__ for model in models if not [*_processors(model)]]
    if without:
        return f"{', '.join(without)} takes no other attention"
    if why := None if is_cpu(device) else cannot(device):
        return why
    for model in models:
        for processor in _processors(model):
            processor._attention_backend = OURS
    return None


def _processors(model: Any) -> Iterator[Any]:
    """What computes a model's attention, and asks diffusers by name who does it."""
    found = (getattr(each, "processor", None) for each in model.modules())
    return (each for each in found if hasattr(each, "_attention_backend"))


def cannot(device: str) -> str | None:
    """Why this GPU is left alone; None where the trial came out right."""
    if capability(device) < FIRST_WITH_FP8_ATTENTION:
        return "attention in fp8 needs a Hopper GPU or newer"
    if why := cudnn_attention.missing():
        return why
    try:
        error = trial_error(attended, device)
    except Exception as refusal:  # of cuDNN, its library or its driver: what it had is still there
        return f"cuDNN refused a trial: {str(refusal).strip().partition(chr(10))[0][:200]}"
    return None if error < TRIAL_ERROR else f"off by {error:.2g} in a trial"


def attended(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None = None
) -> torch.Tensor:
    """softmax(query · key · scale) · value, each (batch, tokens, heads, width), by e4m3."""
    key_mean, key_size = _spread(key)
    value_mean, value_size = _spread(value)
    queries = torch.maximum(query.amax(dim=1, keepdim=True), -query.amin(dim=1, keepdim=True))
    query_size = queries.amax(dim=-1, keepdim=True).float().clamp_min(TINY)
    key_size = key_size.amax(dim=-1, keepdim=True)
    products = query_size * key_size
    largest = products.amax()
    room = MOST * (products / largest).sqrt()
    made = product(
        (query * (room / query_size)).to(E4M3),
        ((key - key_mean) * (room / key_size)).to(E4M3),
        ((value - value_mean) * (MOST / value_size)).to(E4M3),
        (largest / MOST**2).reshape(1),
        query.shape[-1] ** -0.5 if scale is None else scale,
    )
    return (made.float() * (value_size / MOST) + value_mean).to(query.dtype)


def _spread(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each channel's mean over tokens, and how far it goes from there; float32."""
    mean = values.mean(dim=1, keepdim=True, dtype=torch.float32)
    above = values.amax(dim=1, keepdim=True) - mean
    below = mean - values.amin(dim=1, keepdim=True)
    return mean, torch.maximum(above, below).clamp_min(TINY)


@torch.library.custom_op("dropreel::attention_fp8", mutates_args=(), device_types="cpu")
def product(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, descale: torch.Tensor, scale: float
) -> torch.Tensor:
    """Attention of e4m3 numbers, each (batch, tokens, heads, width); the answer is e4m3 too.

    Parameters
    ----------
    descale : one number in float32; scores are query · key · descale · scale.
    """
    query, key, value = (each.float().transpose(1, 2) for each in (query, key, value))
    scores = query @ key.mT * (descale * scale)
    weights = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    sums = (weights * MOST).to(E4M3).float() @ value
    return (sums / MOST / weights.sum(dim=-1, keepdim=True)).to(E4M3).transpose(1, 2).contiguous()


@product.register_kernel("cuda")
def _product_on_gpu(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, descale: torch.Tensor, scale: float
) -> torch.Tensor:
    made = cudnn_attention.product(query, key, value, descale, scale)
    if made is None:  # the very same numbers, slowly
        scaled = query.float() * descale
        q, k, v = (each.bfloat16().transpose(1, 2) for each in (scaled, key, value))
        made = scaled_dot_product_attention(q, k, v, scale=scale).transpose(1, 2)
    return made.to(E4M3).contiguous()


@product.register_fake
def _shape_of_product(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, descale: torch.Tensor, scale: float
) -> torch.Tensor:
    return torch.empty_like(query, memory_format=torch.contiguous_format)


def _name() -> AttentionBackendName:
    """A name for diffusers' registry, which takes only members of its own enum."""
    made = str.__new__(AttentionBackendName, "attention8")
    made._name_, made._value_ = "ATTENTION8", "attention8"
    return made


OURS = _name()


@_AttentionBackendRegistry.register(OURS)
def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    plain = attn_mask is None and not dropout_p and not is_causal
    if plain and query.shape == key.shape and (not query.is_cuda or _pays(query)):
        return attended(query, key, value, scale)
    return dispatch_attention_fn(
        query,
        key,
        value,
        attn_mask=attn_mask,
        dropout_p=dropout_p,
        is_causal=is_causal,
        scale=scale,
        enable_gqa=enable_gqa,
        backend=AttentionBackendName.NATIVE,
    )


def _pays(query: torch.Tensor) -> bool:
    _, tokens, _, width = query.shape
    return tokens >= LEAST_TOKENS and width <= MOST_WIDE and width % MULTIPLE == 0
