"""Products in 8 bits: `linear8: fp8 | int8 | int8_weights`, in plain torch.

A row of weights (one output) has one scale for good, a row of inputs (one token) has one for this
product; sums are made in 32 bits. `int8_weights` keeps the inputs whole and saves memory alone.

fp8 needs a GPU that multiplies it (Ada, Hopper and newer; not A100 or A10), int8 runs on all of
them. A processor computes the very same numbers slowly, which is how the error is measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from gpu_functions.speed.lever import capability, is_cpu, parts_of, repeated_blocks

Product = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(tokens, in), (out, in) in 8 bits, (out,) scales → (tokens, out)."""

MULTIPLE = 16
"""Sides that a GPU's 8-bit units take."""

LEAST_ROWS = 17
"""`torch._int_mm` takes no fewer on a GPU."""

TINY = 1e-12
FIRST_WITH_FP8 = (8, 9)


@dataclass(frozen=True)
class Kind:
    """One way to multiply in 8 bits."""

    dtype: torch.dtype
    most: float
    product: Product


class Linear8(torch.nn.Module):
    """A linear layer whose weights are held in 8 bits.

    Parameters
    ----------
    linear : whose place it takes; not changed.
    """

    weight: torch.Tensor
    scale: torch.Tensor

    def __init__(self, linear: torch.nn.Linear, kind: str) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._product = KINDS[kind].product
        values, scale = narrowed(linear.weight.detach(), KINDS[kind])
        self.register_buffer("weight", values)
        self.register_buffer("scale", scale)
        self.bias = linear.bias

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """As `torch.nn.Linear`, in the dtype of the inputs."""
        rows = inputs.reshape(-1, self.in_features)
        made = self._product(rows, self.weight, self.scale).to(inputs.dtype)
        if self.bias is not None:
            made = made + self.bias.to(made.dtype)
        return made.reshape(*inputs.shape[:-1], self.out_features)


def linear8(pipeline: Any, setting: str, device: str, denoisers: Sequence[str]) -> str | None:
    """Give the denoisers' blocks layers of 8 bits."""
    if setting not in KINDS:
        return f"`{setting}` is none of {', '.join(KINDS)}"
    if setting == "fp8" and not is_cpu(device) and capability(device) < FIRST_WITH_FP8:
        return "this GPU does not multiply in fp8; int8 would do"
    models = parts_of(pipeline, denoisers)
    without = [type(each).__name__ for each in models if not [*repeated_blocks(each)]]
    if without:
        return f"{', '.join(without)} has no repeated blocks"
    for model in models:
        for block in repeated_blocks(model):
            _replace(block, setting, device)
    return None


def narrowed(values: torch.Tensor, kind: Kind) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of numbers → the same in 8 bits, and a float32 scale a row."""
    whole = values.float()
    scale = whole.abs().amax(dim=-1).clamp_min(TINY) / kind.most
    scaled = whole / scale.unsqueeze(-1)
    if kind.dtype == torch.int8:
        scaled = scaled.round()
    return scaled.clamp(-kind.most, kind.most).to(kind.dtype), scale


def _replace(block: torch.nn.Module, kind: str, device: str) -> None:
    for name, layer in [*block.named_modules()]:
        if not isinstance(layer, torch.nn.Linear) or not _fits(layer, device):
            continue
        owner, _, last = name.rpartition(".")
        # on the GPU where there is one: a processor takes minutes for 14 billion weights
        home = layer.weight.device
        setattr(block.get_submodule(owner), last, Linear8(layer.to(device), kind).to(home))


def _fits(layer: torch.nn.Linear, device: str) -> bool:
    if layer.weight.dtype.itemsize == 1:
        return False
    sides = layer.in_features, layer.out_features
    return is_cpu(device) or not any(side % MULTIPLE for side in sides)


def _int8(rows: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    count = rows.shape[0]
    if rows.is_cuda and count < LEAST_ROWS:
        rows = functional.pad(rows, (0, 0, 0, LEAST_ROWS - count))
    values, sizes = narrowed(rows, KINDS["int8"])
    sums = torch._int_mm(values, weight.t()).float()
    return (sums * sizes.unsqueeze(-1) * scale)[:count]


def _int8_weights(rows: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return rows @ (weight.float() * scale.unsqueeze(-1)).to(rows.dtype).t()


def _fp8(rows: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    values, sizes = narrowed(rows, KINDS["fp8"])
    # GPUs give rows of scales to bfloat16 results only
    out = torch.bfloat16 if rows.is_cuda else torch.float32
    return torch._scaled_mm(
        values,
        weight.t(),
        scale_a=sizes.unsqueeze(-1),
        scale_b=scale.unsqueeze(0),
        out_dtype=out,
        use_fast_accum=rows.is_cuda,
    )


KINDS: Mapping[str, Kind] = {
    "fp8": Kind(torch.float8_e4m3fn, 448.0, _fp8),
    "int8": Kind(torch.int8, 127.0, _int8),
    "int8_weights": Kind(torch.int8, 127.0, _int8_weights),
}
