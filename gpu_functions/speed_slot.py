"""What to measure where a GPU is there for ten minutes: commands, the most worth first.

Pure Python, as `speed_rules`, whose page shows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One command of a short time on a GPU, and what it decides."""

    what: str
    seconds: int
    command: tuple[str, ...]


TEN_MINUTES = 600

SLOT = (
    Step(
        "the idle share of a batch, LTX-Video 2B and 13B",
        130,
        (
            "BATCH='python -m bench.gpu_batch --resolution 576p'",
            "$BATCH --models ltx-video-2b --keep $OUT/batch-2b.json",
            """LEVERS='{"compile": true, "cuda_graph": true, "linear8": "fp8"}'""",
            '$BATCH --models ltx-video-0.9.8-13b --levers "$LEVERS" \\',
            "  --keep $OUT/batch-13b.json",
        ),
    ),
    Step(
        "A14B with attention in 8 bits",
        110,
        (
            "SPEED='python -m bench.gpu_speed'",
            "$SPEED --models limits,wan2.2-i2v-a14b --parts forwards,errors \\",
            "  --rungs 'stock;fp8, compiled;fp8 + attention8, compiled' --out $OUT/speed-a14b.json",
        ),
    ),
    Step(
        "the 5B's clip and its coder, stock beside both",
        130,
        ("$SPEED --models wan2.2-ti2v-5b --parts coders,clips --out $OUT/speed-5b.json",),
    ),
    Step(
        "several clips in a pass, guidance in one pass",
        160,
        (
            "$SPEED --models ltx-video-2b,wan2.2-i2v-a14b --parts passes,guidance \\",
            "  --out $OUT/speed-passes.json",
        ),
    ),
    Step(
        "encoders of real size, there and parked",
        50,
        ("$SPEED --models text --out $OUT/speed-text.json",),
    ),
    Step(
        "loading 28 GB, which must be free on the disk; less with `--model ltx-video-2b`",
        200,
        (
            "python -m bench.gpu_load --model wan2.2-i2v-a14b --repeats 1 \\",
            "  --keep $OUT/load.json",
        ),
    ),
    Step(
        'after `pip install "flash-attn-4[cu13]"`: A14B by FlashAttention-4',
        80,
        (
            "$SPEED --models wan2.2-i2v-a14b --parts forwards,errors \\",
            "  --rungs 'stock;compiled, flash_4;fp8, compiled, flash_4' \\",
            "  --out $OUT/speed-flash4.json",
        ),
    ),
    Step(
        "if there is time: levers alone",
        90,
        (
            "$SPEED --models wan2.2-ti2v-5b,wan2.2-i2v-a14b --parts alone \\",
            "  --out $OUT/speed-alone.json",
        ),
    ),
)
"""What is to be measured next, the most worth first."""


def slot_lines() -> Iterator[str]:
    """As a part of a page."""
    yield "All of `gpu_speed` takes most of an hour. Where a GPU is there for ten minutes, what is"
    yield "still to be decided comes first; each command says how long its parts took, and may be"
    yield "cut short: it writes what it has as it goes, but for a batch, which is written at its"
    yield "end. These seconds are reckoned, not measured.\n"
    yield "    export OUT=kept && mkdir -p $OUT"
    passed = 0
    for step in SLOT:
        if passed <= TEN_MINUTES < passed + step.seconds:
            yield "\n    # here ten minutes are over"
        passed += step.seconds
        yield f"\n    # {step.what}; some {step.seconds} s"
        yield from (f"    {line}" for line in step.command)
    yield "\nThen, on any machine with the same checkout (`--add` refuses what another GPU, driver"
    yield "or torch has measured: a page is of one of each):\n"
    yield "    for f in $OUT/speed-*.json; do python -m bench.gpu_speed_page --add $f; done"
    yield "    python -m bench.gpu_batch --read $OUT/batch-2b.json --read $OUT/batch-13b.json \\"
    yield "      --write"
    yield "    python -m bench.page && python -m shared.catalog.docs\n"
    yield "Where it is refused, a new page begins with `speed-a14b.json`, which has the limits:"
    yield "copied to `docs/benchmarks/gpu-speed.json`, before the others are added.\n"
