"""LTX-Video as its makers publish it: transformer and picture coder in one file, by their names."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

IN_TRANSFORMER = {
    "proj_in": "patchify_proj",
    "time_embed": "adaln_single",
    "norm_q": "q_norm",
    "norm_k": "k_norm",
}
IN_CODER = {
    "conv_shortcut.conv": "conv_shortcut",
    "resnets": "res_blocks",
    "latents_mean": "per_channel_statistics.mean-of-means",
    "latents_std": "per_channel_statistics.std-of-means",
    "decoder.time_embedder": "decoder.last_time_embedder",
    "decoder.scale_shift_table": "decoder.last_scale_shift_table",
    "decoder.mid_block": "decoder.up_blocks.0",
    "encoder.mid_block": "encoder.down_blocks.8",
}
BLOCK = re.compile(r"(encoder\.down|decoder\.up)_blocks\.(\d+)(\.[a-z]+samplers\.0)?")


def write_single_file(pipeline: Any, file: Path) -> None:
    """The file of a pipeline with the picture coder of LTX-Video 0.9.5 and later."""
    state = _named(pipeline.transformer, "model.diffusion_model.", _in_transformer)
    state |= _named(pipeline.vae, "vae.", _in_coder)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, file)


def _named(model: Any, prefix: str, name: Callable[[str], str]) -> dict[str, Any]:
    return {prefix + name(key): values.contiguous() for key, values in model.state_dict().items()}


def _in_transformer(key: str) -> str:
    return _replaced(key, IN_TRANSFORMER)


def _in_coder(key: str) -> str:
    return _replaced(BLOCK.sub(_numbered, key), IN_CODER)


def _numbered(found: re.Match[str]) -> str:
    """Theirs count what changes the size as blocks too; the decoder's first is its middle."""
    side, number, resampler = found.groups()
    first = 0 if side == "encoder.down" else 2
    place = 2 * int(number) + first + bool(resampler) * (1 if first == 0 else -1)
    return f"{side}_blocks.{place}"


def _replaced(key: str, names: dict[str, str]) -> str:
    for ours, theirs in names.items():
        key = key.replace(ours, theirs)
    return key
