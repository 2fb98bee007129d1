"""Wan's norm, modulation and gates with fewer passes over memory: `fused_modulation`.

Two things, both in plain torch, both exact within rounding:

- scale and shift, and gate and residual, are one `addcmul` each instead of two operations with a
  copy of all tokens between them;
- Wan 2.2 5B gives every token a time of its own, though there are two of them: the keyframe's
  tokens are done (0), all others are at the step's. Diffusers embeds each of the 27,280 tokens of
  its usual clip by itself and carries six float32 vectors for each through every block; here each
  stretch of equal times is embedded once.

No Triton kernel: `compile` fuses the same operations, and none could be measured without a GPU.
"""

from collections.abc import Sequence
from types import MethodType
from typing import Any

import torch
from torch.nn import functional

from gpu_functions.speed.lever import parts_of, repeated_blocks

WAN = "WanTransformer3DModel"
Stretch = tuple[int, int]
"""First token and the one after the last."""


def fused_modulation(
    pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]
) -> str | None:
    """Give the blocks of Wan their shorter way."""
    models = parts_of(pipeline, denoisers)
    others = [type(model).__name__ for model in models if type(model).__name__ != WAN]
    if others:
        return f"{', '.join(others)} is not modulated like Wan"
    for model in models:
        stretches: list[Stretch] = []
        embedder = model.condition_embedder
        embedder.forward = _EmbedOnce(embedder.forward, stretches)
        for block in repeated_blocks(model):
            block.forward = MethodType(_Block(stretches), block)
    return None


class _EmbedOnce:
    """The condition embedder's forward, with each stretch of equal times embedded once."""

    def __init__(self, plain: Any, stretches: list[Stretch]) -> None:
        self._plain, self._stretches = plain, stretches

    def __call__(
        self,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        encoder_hidden_states_image: torch.Tensor | None = None,
        timestep_seq_len: int | None = None,
    ) -> Any:
        self._stretches.clear()
        rest = (encoder_hidden_states, encoder_hidden_states_image)
        if timestep_seq_len is None:
            return self._plain(timestep, *rest)
        times = timestep.unflatten(0, (-1, timestep_seq_len))
        found, counts = torch.unique_consecutive(times, dim=1, return_counts=True)
        temb, projected, *words = self._plain(
            found.flatten(), *rest, timestep_seq_len=found.shape[1]
        )
        ends = counts.cumsum(0).tolist()
        self._stretches.extend(zip([0, *ends[:-1]], ends, strict=True))
        # the last norm of the model wants one a token; it is met once, not in every block
        return (temb.repeat_interleave(counts, dim=1), projected, *words)


class _Block:
    """A Wan block's forward.

    `temb` is (batch, 6, width) for a clip at one time, else (batch, stretches, 6, width).
    """

    def __init__(self, stretches: list[Stretch]) -> None:
        self._stretches = stretches

    def __call__(
        self,
        block: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        temb: torch.Tensor,
        rotary_emb: Any,
    ) -> torch.Tensor:
        table = block.scale_shift_table
        six = (table + temb.float()) if temb.ndim == 3 else (table.unsqueeze(0) + temb.float())
        shift, scale, gate, late_shift, late_scale, late_gate = six.unbind(-2)

        normed = self._modulated(hidden_states, block.norm1, scale, shift)
        gained = block.attn1(normed, None, None, rotary_emb)
        hidden_states = self._gated(hidden_states, gained, gate)

        normed = block.norm2(hidden_states.float()).type_as(hidden_states)
        hidden_states = hidden_states + block.attn2(normed, encoder_hidden_states, None, None)

        normed = self._modulated(hidden_states, block.norm3, late_scale, late_shift)
        return self._gated(hidden_states, block.ffn(normed), late_gate)

    def _modulated(
        self, tokens: torch.Tensor, norm: Any, scale: torch.Tensor, shift: torch.Tensor
    ) -> torch.Tensor:
        whole = functional.layer_norm(tokens.float(), norm.normalized_shape, eps=norm.eps)
        grown, made = 1 + scale, torch.empty_like(tokens)
        for part, at in self._parts(scale):
            made[:, part] = torch.addcmul(shift[:, at], whole[:, part], grown[:, at])
        return made

    def _gated(
        self, tokens: torch.Tensor, gained: torch.Tensor, gate: torch.Tensor
    ) -> torch.Tensor:
        made = torch.empty_like(tokens)
        for part, at in self._parts(gate):
            held, more = tokens[:, part].float(), gained[:, part].float()
            made[:, part] = torch.addcmul(held, more, gate[:, at])
        return made

    def _parts(self, values: torch.Tensor) -> list[tuple[slice, slice | None]]:
        """Tokens, and where their vector lies: (batch, width) of one time, or a stretch's."""
        if values.ndim == 2:
            return [(slice(None), None)]
        return [(slice(*stretch), slice(at, at + 1)) for at, stretch in enumerate(self._stretches)]
