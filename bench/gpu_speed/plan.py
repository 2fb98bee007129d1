"""What is measured: the models, their sizes, and the levers that are tried on each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.gpu_sizes import REAL, Real

Levers = Mapping[str, Any]
Size = tuple[int, int]

PLAIN: Levers = {"attention": "native"}
COMPILED: Levers = {**PLAIN, "precision": "high", "compile": True}
FP8: Levers = {**COMPILED, "fuse_qkv": True, "linear8": "fp8"}
ATTENTION8: Levers = {"attention8": "fp8"}
GRAPH: Levers = {"cuda_graph": True}

WAN_RUNGS: Mapping[str, Levers] = {
    "stock": PLAIN,
    "fp8, compiled": FP8,
    "fp8 + attention8, compiled": {**FP8, **ATTENTION8},
    "fp8, compiled, flash_4": {**FP8, "attention": "flash_4"},
    "compiled": COMPILED,
    "compiled, flash_4": {**COMPILED, "attention": "flash_4"},
    "fused": {**PLAIN, "precision": "high", "fuse_qkv": True, "fused_modulation": True},
}
LTX_RUNGS: Mapping[str, Levers] = {
    "stock": PLAIN,
    "compiled": COMPILED,
    "compiled, graph": {**COMPILED, **GRAPH},
    "graph": {**PLAIN, "precision": "high", **GRAPH},
    "fp8, compiled, graph": {**COMPILED, "linear8": "fp8", **GRAPH},
    "fp8 + attention8, compiled, graph": {**COMPILED, "linear8": "fp8", **GRAPH, **ATTENTION8},
}
TF32: Mapping[str, Levers] = {"tf32": {**PLAIN, "precision": "high"}}
LTX_ALONE: Mapping[str, Levers] = {"stock": PLAIN, **TF32}
WAN_ALONE: Mapping[str, Levers] = {
    **LTX_ALONE,
    "fuse_qkv": {**PLAIN, "fuse_qkv": True},
    "fused_modulation": {**PLAIN, "fused_modulation": True},
}
"""Each lever by itself, where the ladder has it in company only."""

BEST_CODER = "bf16, channels last, fused norms"
CODERS: Mapping[str, Levers] = {
    "stock": {},
    BEST_CODER: {
        "vae_dtype": "bfloat16",
        "vae_channels_last": True,
        "vae_norms": True,
        "precision": "high",
    },
    "tf32": {"precision": "high"},
}
LTX_CODERS: Mapping[str, Levers] = {
    "stock": {},
    "compiled blocks": {"vae_compile": True, "precision": "high"},
}
SMALL: Size = (512, 320)
"""A clip with few tokens: where one of them may not fill a GPU."""


@dataclass(frozen=True)
class Play:
    """One model at one size, and what is tried on it.

    Attributes
    ----------
    row : whose generator makes the clip.
    steps, guidance : of a usual clip; `fast_steps` where a schedule of few steps is published for
        it, at guidance 1.
    rounds, coder_turns : how often each contender has its turn.
    best : the rungs that `ours` runs with, the first that works.
    clip_ways : of `best`, how many of those that work make a whole clip.
    alone : levers that `rungs` have in company only, each by itself.
    passes : how many clips one forward is given, by size.
    """

    row: str
    real: Real
    size: Size
    frames: int
    steps: int
    guidance: float
    rungs: Mapping[str, Levers]
    coders: Mapping[str, Levers]
    fast_steps: int | None = None
    rounds: int = 3
    coder_turns: int = 2
    best: Sequence[str] = ()
    clip_ways: int = 1
    alone: Mapping[str, Levers] = field(default_factory=dict)
    passes: Mapping[Size, Sequence[int]] = field(default_factory=dict)


PLAYS: Mapping[str, Play] = {
    "wan2.2-i2v-a14b": Play(
        row="wan2.2-i2v-a14b",
        real=REAL["wan2.2-i2v-a14b"],
        size=(832, 480),
        frames=81,
        steps=40,
        guidance=3.5,
        rungs=WAN_RUNGS,
        coders=CODERS,
        fast_steps=4,
        rounds=2,
        best=("fp8, compiled", "compiled"),
        alone=WAN_ALONE,
        passes={(832, 480): (1, 2), SMALL: (1, 2)},
    ),
    "ltx-video-2b": Play(
        row="ltx-video-2b",
        real=REAL["ltx-video-2b"],
        size=(1024, 576),
        frames=97,
        steps=8,
        guidance=1.0,
        rungs=LTX_RUNGS,
        coders=LTX_CODERS,
        rounds=5,
        best=("fp8, compiled, graph", "compiled, graph", "compiled"),
        alone=LTX_ALONE,
        passes={(1024, 576): (1, 2, 4), SMALL: (1, 2, 4)},
    ),
    "wan2.2-ti2v-5b": Play(
        row="wan2.2-ti2v-5b",
        real=REAL["wan2.2-ti2v-5b"],
        size=(1280, 704),
        frames=121,
        steps=50,
        guidance=5.0,
        rungs={name: WAN_RUNGS[name] for name in WAN_RUNGS if name != "fused"},
        coders={name: CODERS[name] for name in ("stock", BEST_CODER)},
        rounds=2,
        coder_turns=1,
        best=("fp8, compiled", "compiled"),
        clip_ways=2,
        alone=WAN_ALONE,
        passes={(1280, 704): (1, 2), SMALL: (1, 2, 4)},
    ),
    "wan2.2-ti2v-5b 576p": Play(
        row="wan2.2-ti2v-5b",
        real=REAL["wan2.2-ti2v-5b"],
        size=(1024, 576),
        frames=97,
        steps=50,
        guidance=5.0,
        rungs={name: WAN_RUNGS[name] for name in ("stock", "fp8, compiled")},
        coders={name: CODERS[name] for name in ("stock", BEST_CODER)},
        rounds=2,
        best=("fp8, compiled",),
    ),
    "ltx-video-0.9.8-13b": Play(
        row="ltx-video-0.9.8-13b",
        real=REAL["ltx-video-0.9.8-13b"],
        size=(1024, 576),
        frames=97,
        steps=8,
        guidance=1.0,
        rungs={
            name: LTX_RUNGS[name]
            for name in (
                *("stock", "compiled", "fp8, compiled, graph"),
                "fp8 + attention8, compiled, graph",
            )
        },
        coders={},
        rounds=5,
        best=("fp8, compiled, graph", "compiled"),
        passes={(1024, 576): (1, 2), SMALL: (1, 2, 4)},
    ),
}
