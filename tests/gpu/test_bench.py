"""The bench builds the models that it says it builds, and its arithmetic is plain."""

import json
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import pytest
import torch

from bench import gpu_speed, gpu_speed_page
from bench.gpu import Row, measure, report, table
from bench.gpu_clock import attention_errors, measured_limits
from bench.gpu_sizes import REAL, build_part
from bench.lever_errors import EXACT
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


def test_stock_and_ours_take_turns_and_every_stage_is_timed(tmp_path: Path) -> None:
    book = gpu_speed.Book(tmp_path / "speed.json", "cpu")
    book.put("limits", "machine", asdict(measured_limits("cpu")))
    model = "wan2.2-i2v-a14b"
    gpu_speed.play(model, "cpu", book, rounds=1, parts=("coders", "clips"), only=("stock", "fused"))
    document = json.loads((tmp_path / "speed.json").read_text("utf-8"))
    stock, again, fused = document["forwards"][model]["rungs"]
    assert [stock["name"], again["name"], fused["name"]] == ["stock", "stock again", "fused"]
    assert fused["notes"] == []
    assert 0 < fused["changed"] < EXACT
    assert document["forwards"][model]["flops"] > 0
    plain, narrow = document["coders"][model]
    assert plain["psnr_db"] == 0
    assert narrow["psnr_db"] > 35, "of these weights, 35.7"
    whole, few = document["clips"][model]
    assert (whole["steps"], whole["of_steps"], few["steps"]) == (2, 40, 4)
    for clip in (whole, few):
        assert {"forward", "decode", "interpolate", "encode"} <= clip["seconds"].keys()
        assert clip["trouble"] == ""
        assert clip["clip_sec"] > sum(clip["seconds"].values()) * 0.99
    page = gpu_speed_page.page(document)
    assert "Toy sizes" in page
    assert "ours, all steps" in page


def test_the_page_of_what_a_gpu_took_is_fresh() -> None:
    document = json.loads(gpu_speed_page.JSON_FILE.read_text("utf-8"))
    assert gpu_speed_page.PAGE.read_text("utf-8") == gpu_speed_page.page(document)


def test_attention_in_fp8_is_measured_beside_how_far_it_is_off() -> None:
    errors = attention_errors("cpu", tokens=256)
    assert errors["torch's choice"] < 0.005
    assert 0.04 < errors["cudnn fp8"] < 0.06
    limits = asdict(measured_limits("cpu")) | {
        "attention": {"cudnn": 588e12, "cudnn fp8": 1e15},
        "attention_errors": {"cudnn fp8": 0.0571},
    }
    document = json.loads(gpu_speed_page.JSON_FILE.read_text("utf-8"))
    page = gpu_speed_page.page({**document, "limits": {"machine": limits}})
    assert "| attention by cudnn, 32,760 tokens | 588 TFLOP/s |" in page
    assert "| attention by cudnn fp8, 32,760 tokens | 1000 TFLOP/s, error 0.0571 |" in page


def test_real_sizes_keep_in_float32_what_diffusers_does() -> None:
    kind, config = REAL["wan2.2-ti2v-5b"].parts["transformer"]
    part = build_part(kind, {**config, "num_layers": 1}, "meta", torch.bfloat16)
    dtypes = {name: values.dtype for name, values in part.named_parameters()}
    assert dtypes["blocks.0.norm2.weight"] == dtypes["scale_shift_table"] == torch.float32
    assert dtypes["blocks.0.attn1.to_q.weight"] == torch.bfloat16
    assert dtypes["blocks.0.attn1.norm_q.weight"] == torch.bfloat16
