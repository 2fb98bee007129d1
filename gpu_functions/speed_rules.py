"""When a lever is to be pulled, by class of GPU and model, and why: a table, and its page.

    python -m gpu_functions.speed_rules [--check]

Pure Python, so that the page is made where there is no torch. The rules are reasons, not
measurements: `measured` stays empty until `bench.gpu_speed` has run on a GPU.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.generated import write_or_check

PAGE = Path(__file__).parents[1] / "docs" / "gpu-speed.md"
COMMAND = "python -m gpu_functions.speed_rules"


@dataclass(frozen=True)
class Rule:
    """One lever: where it is on, where off, why, and how far it may take a result from the plain.

    Attributes
    ----------
    error : relative, against the plain model in float64, at toy size on a processor.
    """

    lever: str
    on: str
    off: str
    why: str
    error: str
    measured: str = "–"


RULES = (
    Rule(
        "fuse_qkv",
        "Wan; every GPU",
        "the others",
        "only Wan's attention reads a fused matrix",
        "< 1e-5",
    ),
    Rule(
        "fused_modulation",
        "Wan; every GPU; first of all 5B",
        "the others; with CUDA graphs (5B counts its times on the processor)",
        "5B has two times a step and embeds each token's",
        "< 1e-5",
    ),
    Rule(
        "linear8: fp8",
        "rtx4090 (Ada), h100 (Hopper); with `compile`",
        "a100: does not multiply in fp8; with `quantization`",
        "half the bytes, twice the peak rate",
        "< 0.1",
    ),
    Rule(
        "linear8: int8",
        "a100; with `compile`",
        "h100, rtx4090, where fp8 does as well",
        "int8 is the only fast 8-bit product before Ada",
        "< 0.03",
    ),
    Rule(
        "linear8: int8_weights",
        "where memory is short and int8 inputs lose too much",
        "where the weights fit",
        "saves memory and no time",
        "< 0.03",
    ),
    Rule(
        "guidance: batched",
        "Wan with guidance above 1 and few tokens",
        "480p and larger: one pass fills the GPU; at guidance 1.0",
        "fills a GPU that one pass does not",
        "1 code value of a frame",
    ),
    Rule(
        "guidance: sequential",
        "models that batch by themselves, where memory is short",
        "where both fit",
        "half the activations",
        "1 code value of a frame",
    ),
    Rule(
        "attention",
        "h100: `_flash_3`, then native",
        "rtx4090, a100: native",
        "FlashAttention-3 is made for Hopper; sage is not tried",
        "not tested: needs a GPU",
    ),
    Rule(
        "compile",
        "models with repeated blocks, where many clips share one size",
        "single clips; without triton",
        "every new size is compiled anew",
        "not tested: needs a GPU",
    ),
    Rule(
        "tf32",
        "every GPU from Ampere on",
        "processors",
        "picture coders stay in float32",
        "not tested: needs a GPU",
    ),
    Rule("prompt_cache", "always", "", "a batch repeats its words", "exact"),
)

NOT_BUILT = (
    "CUDA graphs, and sizes compiled in advance",
    "the 4-step schedule of both Wan experts (LightX2V's LoRAs)",
    "Wan's picture coder in bfloat16, and its decoding handed on chunk by chunk",
    "prompt encoders parked while denoising",
    "the second expert's weights fetched during the last noisy step",
    "several clips of one size in one batch",
    "weights read in parallel straight to the GPU",
    "a timeline of the GPU over a batch, and its idle share",
    "our own kernels: none could be measured",
)


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Speed on your own GPUs\n"
    yield f"Written by `{COMMAND}`; `docs/gpu.md` says what each lever does.\n"
    yield "**No GPU was at hand: no figure of one stands here.** Proven, at toy size on a"
    yield "processor: what each lever changes in a result (`tests/gpu/test_lever_errors.py`, random"
    yield "weights). Not proven: that any of them is faster, and every line that needs CUDA. A rule"
    yield "says where a lever is meant to be pulled; of these, the recipes pull `attention`, `tf32`"
    yield "and `prompt_cache` today.\n"
    yield "| lever | on | off | why | relative error | measured |"
    yield "|---|---|---|---|---|---|"
    for rule in RULES:
        cells = (f"`{rule.lever}`", rule.on, rule.off, rule.why, rule.error, rule.measured)
        yield f"| {' | '.join(cells)} |"
    yield "\n## On a GPU\n"
    yield "    make gpu    # then torch for your CUDA"
    yield "    python -m bench.gpu_speed --repeats 5 --write && python -m bench.page\n"
    yield "## Not built\n"
    yield from (f"- {each}" for each in NOT_BUILT)


def main() -> int:
    """Write the page, or with `--check` say that it is out of date."""
    return write_or_check({PAGE: page()}, check="--check" in sys.argv[1:], remedy=COMMAND)


if __name__ == "__main__":
    sys.exit(main())
