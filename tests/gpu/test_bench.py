"""The bench builds the models that it says it builds, and its arithmetic is plain."""

from decimal import Decimal

import pytest
import torch

from bench import gpu_speed
from bench.gpu import Row, measure, report, table
from bench.gpu_sizes import REAL, build_part
from gpu_functions.generators.registry import FAMILIES

DENOISERS = ("transformer", "transformer_2", "unet", "motion_adapter", "controlnet")


@pytest.mark.parametrize("model_id", FAMILIES)
def test_real_sizes_have_the_published_number_of_parameters(model_id: str) -> None:
    real = REAL[model_id]
    parts = [
        build_part(*real.parts[name], "meta", torch.bfloat16)
        for name in DENOISERS
        if name in real.parts
    ]
    billions = sum(values.numel() for part in parts for values in part.parameters()) / 1e9
    assert billions == pytest.approx(real.billions, rel=0.04)


def test_a_row_says_what_it_costs_or_why_it_was_not_measured() -> None:
    rows = [
        Row("a", "832×480, 81 frames", "bf16", 4.0, 80, 330.0, 61.25, Decimal("0.362")),
        Row("b", "832×480, 81 frames", "bf16", trouble="out of memory"),
    ]
    lines = [*table(rows)]
    assert lines[2] == (
        "| `a` | 832×480, 81 frames | `bf16` | 4 | 80 | 330 | 61.2 | 0.182 | 0.3620 |"
    )
    assert "out of memory" in lines[3]
    assert len({line.count("|") for line in lines}) == 1
    assert "Toy sizes" in "\n".join(report(rows[1:], "cpu", 4))


def test_the_bench_runs_where_there_is_no_gpu() -> None:
    row = measure("wan2.1-i2v-14b", "cpu", "cpu", 2)
    assert (row.trouble, row.recipe, row.usd) == ("", "cpu_float32", None)
    assert row.forwards == 80, "two a step: with the prompt, and against it"
    assert row.clip_sec > row.forward_sec > 0


def test_stock_and_ours_take_turns_and_every_stage_is_timed() -> None:
    stock, again, ours = gpu_speed.measure("wan2.2-ti2v-5b", "cpu", steps=2, repeats=1)
    assert (stock.levers, again.levers) == ([], [])
    assert {"fuse_qkv", "fused_modulation"} <= set(ours.levers)
    for row in (stock, again, ours):
        assert (row.forwards, row.steps, row.notes, row.usd) == (4, 2, (), None)
        assert all(row.seconds[stage] > 0 for stage in gpu_speed.STAGES)
        assert sum(row.seconds.values()) < row.clip_sec
        assert row.least_forward_sec > 0
    page = "\n".join(gpu_speed.report([stock, again, ours], "cpu", 2, 1))
    assert "Toy sizes" in page
    assert page.count("| `wan2.2-ti2v-5b` |") == 3
