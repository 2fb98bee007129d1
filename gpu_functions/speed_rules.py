"""When a lever is to be pulled, by class of GPU and model, and why: a table, and its page.

    python -m gpu_functions.speed_rules [--check]

Pure Python, so that the page is made where there is no torch. `measured` is what
`bench.gpu_speed` found on one NVIDIA H200; on other GPUs a rule is a reason.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gpu_functions.speed_slot import slot_lines
from shared.generated import write_or_check

PAGE = Path(__file__).parents[1] / "docs" / "gpu-speed.md"
COMMAND = "python -m gpu_functions.speed_rules"


@dataclass(frozen=True)
class Rule:
    """One lever: where it is on, where off, why, and how far it may take a result from the plain.

    Attributes
    ----------
    error : relative; see the page's head for what it is against.
    measured : times the speed of stock diffusers in the same run, unless it says otherwise.
    """

    lever: str
    on: str
    off: str
    why: str
    error: str
    measured: str = "–"


RULES = (
    Rule(
        "attention",
        "h100: `_flash_3` where it is installed, then native",
        "elsewhere: native",
        "torch chooses cuDNN's kernel on Hopper by itself; told to, it copies first",
        "the same numbers",
        "A14B: `native` 1.00×, `_native_cudnn` 0.97×; FlashAttention-3 was not there",
    ),
    Rule(
        "attention: flash_4",
        (
            'an h100 with `flash-attn-4[cu13]`: `["flash_4", "native"]`, once a GPU has measured '
            "it: no recipe asks yet"
        ),
        "before Hopper; without the package; where its trial fails",
        (
            "the one FlashAttention for Hopper that a package index has; torch takes it into its "
            "own attention, for the whole process"
        ),
        "the same numbers, by its authors; a trial above 0.01 is refused",
        "no GPU has run it",
    ),
    Rule(
        "attention: sage",
        'rtx4090, where `sageattention` 2.1.1 or newer is there: `["sage", "native"]`',
        "elsewhere; without the package the next name of the list is taken, and a note says so",
        (
            "int8 scores and fp8 sums on Ada, which cuDNN's fp8 attention does not serve; PyPI "
            "has 1.0.6, so it is built from source (`sage_hub` fetches it, with `kernels`); "
            "whether `compile` takes it whole is not known"
        ),
        "not measured",
    ),
    Rule(
        "attention8: fp8",
        "Wan and LTX 13B on an h100 with `compile`, once a GPU has measured it: no row asks yet",
        (
            "before Hopper; below 4096 tokens; attention to words or with a mask; heads that are "
            "no multiple of 16 or above 128; without `nvidia-cudnn-frontend`; where its trial "
            "fails"
        ),
        "attention is two thirds of what `linear8` leaves; cuDNN's is up to twice as fast in fp8",
        (
            "0.058 of attention alone, as its numbers are computed on a processor; 0.15 where "
            "a channel of the keys is 30 times the others; one toy forward 0.002"
        ),
        "no GPU has run it",
    ),
    Rule(
        "compile",
        "h100: Wan, from the first clip; others where some ten clips share a size",
        "single short clips; without triton",
        "norms, modulation, gates and places in a few passes; 3–15 s a new size, once: it is kept",
        "as stock: 0.005",
        "A14B 1.15×, LTX 13B 1.30×, LTX 2B 1.42×",
    ),
    Rule(
        "linear8: fp8",
        "rtx4090 (Ada), h100 (Hopper); with `compile`",
        "a100: does not multiply in fp8; with `quantization`",
        "half the bytes, twice the rate (1.5 against 0.8 PFLOP/s)",
        "as stock: 0.005; a product alone < 0.1",
        "with `compile`: A14B 1.36×, 5B 1.49×, LTX 13B 1.79×, LTX 2B 1.6×",
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
        "cuda_graph",
        "LTX 2B and RIFE: little work a launch; with `compile`",
        "Wan and LTX 13B: the processor is never late; with offload",
        "launches cost what they do; RIFE has hundreds a frame",
        "the same numbers",
        "RIFE 0.47 s a clip of 97 frames instead of 0.95, LTX 2B compiled 1.47× instead of 1.42×: "
        "other runs both; in fp8 1.59× with it, 1.66× without",
    ),
    Rule(
        "fuse_qkv",
        "Wan, with `linear8`",
        "the others: only Wan's attention reads a fused matrix",
        "one quantization of the inputs for three products",
        "< 1e-5",
        "alone, with the next: 0.98×",
    ),
    Rule(
        "fused_modulation",
        "where there is no triton; 5B first of all",
        "with `compile`, which fuses the same; with CUDA graphs (5B counts its times)",
        "5B has two times a step and embeds each token's",
        "< 1e-5",
        "A14B 0.98×, with `fuse_qkv`; 5B not measured",
    ),
    Rule(
        "distilled",
        "`wan2.2-i2v-a14b-4step`, in every recipe",
        "all other models",
        "4 forwards instead of 80; another model in all but name",
        "another clip",
        "A14B, 4 steps, all of ours: 12.8 s a clip against stock's 269 (21×)",
    ),
    Rule(
        "vae_dtype: bfloat16",
        "Wan, in recipes that are for speed",
        "in recipes that are for quality",
        "half the bytes of the largest activations",
        "A14B: 49.9 dB PSNR, with the next two",
        "with the next two: A14B decodes 2.29× faster, in 3.8 GiB instead of 8.8",
    ),
    Rule(
        "vae_channels_last",
        "Wan",
        "LTX: its norms turn the channels back; 0.64×",
        "the GPU's convolutions read channels side by side",
        "< 1e-5",
        "see `vae_dtype`",
    ),
    Rule(
        "vae_norms",
        "Wan",
        "the others",
        "norm and SiLU in one pass instead of five",
        "< 1e-5",
        "see `vae_dtype`",
    ),
    Rule(
        "vae_compile",
        "LTX 2B: some sixty clips of a size pay back what compiling took; it is kept for others",
        "Wan: its blocks hand frames on from call to call",
        "two thirds of its decoding are passes over memory",
        "LTX 2B: 49.8 dB PSNR, in bfloat16 both",
        "LTX 2B decodes 1.62× faster; 7 s to compile",
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
        "tf32",
        "every GPU from Ampere on",
        "processors",
        "picture coders stay in float32",
        "as stock: 0.005",
        "in all of ours; not alone",
    ),
    Rule(
        "offload: experts",
        "A14B where one expert fits and two do not: rtx4090 in fp8, 40 GB in bfloat16",
        "where both fit; with `cuda_graph`",
        "14 GB in fp8 cross the bus in some 0.6 s, beside a forward of several; offload of whole "
        "models waits for it twice a clip",
        "exact",
    ),
    Rule(
        "offload: encoders",
        "where only what reads prompts does not fit beside the rest: no recipe asks yet",
        "where all fits",
        "the encoders are a fifth of A14B's bytes, and work for a second of a clip",
        "exact",
    ),
    Rule(
        "offload: model",
        "where the parts fit one by one: the last recipe of an a100 and an h100",
        "where two or more fit; with `cuda_graph`",
        "every part crosses the bus once a clip, and waits for it",
        "exact",
    ),
    Rule(
        "offload: group",
        "the last recipe of an rtx4090: where the denoiser alone does not fit",
        "elsewhere",
        "a block on the GPU while the next one comes: bound by the bus",
        "exact",
    ),
    Rule(
        "load: straight",
        "models that stay on the GPU, once it has been measured there: no recipe asks yet",
        "with `offload` of models, blocks or experts",
        "several threads read and copy, with no copy of the whole on the way",
        "1 code value of a frame",
    ),
    Rule(
        "quantization: fp8",
        "rtx4090, where the denoiser does not fit in bfloat16",
        "where `linear8` does: it multiplies in 8 bits too",
        "half the bytes, on every GPU, and no time",
        "< 0.1",
    ),
    Rule(
        "vae_tiling",
        "recipes that offload, but for `bf16_experts`; coders that overflow beside the rest",
        "where a clip decodes whole; then Wan's frames leave the GPU while others are decoded",
        "a picture's memory instead of a clip's",
        "LTX 2B: 26.5 dB PSNR: a tile does not see its neighbours",
        "LTX 2B decodes 0.73×, in 2.5 GiB instead of 5.4",
    ),
    Rule(
        "vae_slicing",
        "several clips in one call, which no runner makes: no recipe asks",
        "one clip",
        "one picture's memory at a time",
        "exact",
    ),
    Rule(
        "channels_last",
        "denoisers of convolutions (SVD, AnimateDiff, Zeroscope), once measured: no recipe asks",
        "transformers: nothing but their first and last layer is a convolution",
        "the GPU's convolutions read channels side by side",
        "< 1e-5",
    ),
    Rule("prompt_cache", "always", "", "a batch repeats its words", "exact"),
)

FLOORS = (
    (
        "A14B, 480×832, 81 frames: a forward is 1.68 PFLOP, 0.88 of them attention. At the "
        "measured rates (products 0.80 PFLOP/s, attention 0.53 to 0.59, fp8 1.5) bfloat16 "
        "cannot go below 2.5 s and fp8 products with bfloat16 attention not below 2.0 s. Stock "
        "takes 3.30, ours 2.89 and 2.42."
    ),
    (
        "The target of 1.8× stock a step is missed: 1.15× in bfloat16, 1.36× in fp8. Stock is "
        "no longer what was published (LightX2V's table, H100, December 2025: diffusers takes "
        "9.77 s a step with guidance): torch 2.11 takes 6.6 s, since it chooses cuDNN's "
        "attention by itself. Against the published figure ours is 1.7× and 2.0×. Attention is "
        "two thirds of what is left (1.64 s of 2.42); only attention in 8 bits could bring "
        "1.8×."
    ),
    (
        "`attention8` is built for that, proven on a processor and not yet run on a GPU. "
        "cuDNN's fp8 attention is published at up to 1.2 PFLOP/s (NVIDIA, cuDNN 9, on an H200). "
        "At a rate of 0.9 a forward would take 1.8 s (1.8× stock), at 1.1 1.6 s (2.0×), at 0.7 "
        "2.1 s (1.6×); 0.05 s of each are reckoned for measuring and rounding. `python -m "
        "bench.gpu_speed --models wan2.2-i2v-a14b` measures it. Without a GPU, cuDNN 9.20 was "
        "asked for a plan with an H100's properties: it has one for A14B, 5B and LTX, with an "
        "answer in e4m3 only."
    ),
    (
        "Why no kernel of our own for it: the arithmetic of an fp8 attention (512 operations a "
        "score, some 8 of them not products) gives some 0.65 PFLOP/s without overlapping them, "
        "1.1× of cuDNN's in bfloat16. What `compile` leaves beside products and attention is 9 "
        "% of a forward."
    ),
    (
        "The other targets of speed and price are met: 4 steps at 480p 21× and 12.8 s a clip "
        "(15×, 30 s), of which the schedule gives most: stock in 4 steps without guidance would "
        "take some 19 s, so the levers give 1.5×, and stock's 269 s are worked out from two "
        "steps; LTX-Video 2B at 576×1024 29 finished clips a minute, 13B 13 (8); USD 0.0023 and "
        "0.005 for the fast tier (0.02), 0.014 for A14B in 4 steps (0.05). Interpolating and "
        "encoding are in them, one after the other, upload is not: in the one batch through the "
        "worker, by `bf16_flash3` and with one process to hand on, 2B made 18 a minute for USD "
        "0.0036. 13B's figures are of levers that none of its recipes has; by its recipe a clip "
        "takes 5.6 s and USD 0.0062. In 40 steps with guidance A14B costs USD 0.22."
    ),
    (
        "A whole clip gains less than a forward, for interpolating and encoding stay: LTX-Video "
        "2B goes from 23 clips a minute to 29 (1.26×), 13B from 9.8 to 13.3 (1.36×)."
    ),
    (
        "An idle share below 5 % over a batch is missed with LTX-Video 2B: 39 % "
        "(`docs/benchmarks/gpu-batch.md`). A clip was generated in 1.9 s, and the one process "
        "that interpolated, encoded and uploaded took 2.3 s for each, so the GPU waited. Two "
        "processes do so now; it was not measured again on a GPU."
    ),
    "5B decodes 2.0 PFLOP a clip of 121 frames at 704×1280: 4.5 s, where 2.5 are the limit.",
)
"""Predictions and what became of them."""

NOT_BUILT = (
    "a clip's first frames interpolated while its last ones are decoded",
    (
        "several clips of one size in one pass: whether a pass of one leaves a GPU idle, "
        "`bench.gpu_speed --parts passes` says, and it has not run yet"
    ),
)


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Speed on your own GPUs\n"
    yield f"Written by `{COMMAND}`; `docs/gpu.md` says what each lever does.\n"
    yield "**Measured on one NVIDIA H200** (driver 580.159, torch 2.11.0, 2026-11-26), real sizes"
    yield "and random weights: `docs/benchmarks/gpu-speed.md`. An H200 is an H100 with larger and"
    yield "faster memory; the models here are bound by arithmetic. Not proven: any speed on an A100"
    yield "or an RTX 4090, and what a clip of trained weights looks like in fp8. Errors below 1e-5,"
    yield "and of int8, are against float64 at toy size (`tests/gpu/test_lever_errors.py`); *as"
    yield "stock* means that plain bfloat16 is as far from float32.\n"
    yield "| lever | on | off | why | relative error | measured |"
    yield "|---|---|---|---|---|---|"
    for rule in RULES:
        cells = (f"`{rule.lever}`", rule.on, rule.off, rule.why, rule.error, rule.measured)
        yield f"| {' | '.join(cells)} |"
    yield "\n## On a GPU\n"
    yield "    make gpu    # then torch for your CUDA"
    yield "    python -m pytest tests/gpu/test_on_gpu.py    # every family by every recipe"
    yield "    python -m bench.gpu_speed --write && python -m bench.gpu_speed_page"
    yield "    python -m bench.gpu --models wan2.2-i2v-a14b --recipes fp8_compiled,fp8_experts"
    yield "    python -m bench.page\n"
    yield from slot_lines()
    yield "## What was predicted, and what came of it\n"
    yield from (f"- {each}" for each in FLOORS)
    yield ""
    yield "## Not built\n"
    yield from (f"- {each}" for each in NOT_BUILT)


def main() -> int:
    """Write the page, or with `--check` say that it is out of date."""
    return write_or_check({PAGE: page()}, check="--check" in sys.argv[1:], remedy=COMMAND)


if __name__ == "__main__":
    sys.exit(main())
