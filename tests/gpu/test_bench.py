"""The bench builds the models that it says it builds, and its arithmetic is plain."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import torch

from bench import gpu_sizes, gpu_speed_page
from bench.gpu import Row, measure, report, table
from bench.gpu_batch.__main__ import command_line as gpu_batch_line
from bench.gpu_clock import attention_errors, measured_limits
from bench.gpu_ladder import Given
from bench.gpu_load import command_line as gpu_load_line
from bench.gpu_sizes import REAL, build_part
from bench.gpu_speed.__main__ import command_line as gpu_speed_line
from bench.gpu_speed.book import Book
from bench.gpu_speed.plan import PLAYS
from bench.gpu_speed.play import play
from bench.lever_errors import EXACT
from gpu_functions.generators.registry import FAMILIES
from gpu_functions.speed import LEVERS
from gpu_functions.speed_slot import SLOT

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
    book = Book(tmp_path / "speed.json", "cpu")
    book.put("limits", "machine", asdict(measured_limits("cpu")))
    model = "wan2.2-i2v-a14b"
    parts = ("forwards", "coders", "clips")
    play(model, "cpu", book, rounds=1, parts=parts, only=("stock", "fused"))
    document = json.loads((tmp_path / "speed.json").read_text("utf-8"))
    stock, again, fused = document["forwards"][model]["rungs"]
    assert [stock["name"], again["name"], fused["name"]] == ["stock", "stock again", "fused"]
    assert fused["notes"] == []
    assert 0 < fused["changed"] < EXACT
    assert document["forwards"][model]["flops"] > 0
    plain, narrow, _ = document["coders"][model]
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


def test_parts_are_measured_by_choice_and_more_clips_in_a_pass_are_the_same_clips() -> None:
    book = Book(None, "cpu")
    model = "wan2.2-i2v-a14b"
    play(model, "cpu", book, rounds=1, parts=("alone", "passes", "guidance"))
    document = book.document
    assert "clips" not in document
    alone = document["forwards"].pop(f"{model}, levers alone")
    assert document["forwards"] == {}
    assert [rung["name"] for rung in alone["rungs"]][2:] == [
        *("tf32", "fuse_qkv", "fused_modulation")
    ]
    rows = document["passes"][model]
    assert {row["way"] for row in rows} == {"stock", "fp8, compiled"}
    for row in rows:
        assert row["trouble"] == ""
        assert row["changed"] < EXACT
        assert row["clip_sec"] == pytest.approx(row["seconds"][0] / row["clips"])
    steps = document["guidance"][model]
    assert {row["guidance"] for row in steps} == {"sequential", "batched"}
    assert all(row["step_sec"] > 0 for row in steps)
    page = gpu_speed_page.page({**document, "limits": {"machine": asdict(measured_limits("cpu"))}})
    assert page.count("| 832×480 | stock | 2 |") == 1
    assert f"{model}: passes" in document["took_sec"]


def test_a_pass_of_two_has_two_of_everything_that_has_a_batch() -> None:
    given = Given((torch.zeros(1, 3),), {"time": torch.ones(1), "sizes": torch.ones(3), "n": 4})
    two = given.repeated(2)
    assert two.arguments[0].shape == (2, 3)
    assert (len(two.named["time"]), len(two.named["sizes"]), two.named["n"]) == (2, 3, 4)


def test_what_another_run_measured_is_added_if_it_is_of_the_same_machine() -> None:
    one = Book(None, "cpu").document | {"rife": {"a": 1, "b": 1}}
    two = Book(None, "cpu").document | {"rife": {"b": 2}, "text": {"c": 3}}
    whole = gpu_speed_page.added(one, two)
    assert (whole["rife"], whole["text"]) == ({"a": 1, "b": 2}, {"c": 3})
    assert whole["runs"][-1].endswith("text: c; rife: b")
    with pytest.raises(ValueError, match="device"):
        gpu_speed_page.added(one, {**two, "where": {**two["where"], "device": "another"}})


def test_ways_that_a_later_run_has_not_tried_are_kept_with_their_own_stock() -> None:
    def run(*ways: str, at: str) -> dict[str, Any]:
        rungs = [{"name": name, "at": at} for name in ("stock", *ways)]
        return Book(None, "cpu").document | {"forwards": {"a14b": {"rungs": rungs}}}

    whole: Mapping[str, Any] = run("fp8", at="one")
    for later in (run("fp8", "attention8", at="two"), run("flash_4", at="three")):
        whole = gpu_speed_page.added(whole, later)
    found = {
        key: [(row["name"], row["at"]) for row in each["rungs"]]
        for key, each in whole["forwards"].items()
    }
    assert found == {
        "a14b": [("stock", "three"), ("flash_4", "three")],
        "a14b, earlier": [("stock", "two"), ("fp8", "two"), ("attention8", "two")],
    }
    again = gpu_speed_page.added(whole, run("compiled", at="four"))["forwards"]
    assert [*again] == ["a14b, earlier", "a14b", "a14b, earlier 1"]


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


COMMAND_LINES = {
    "bench.gpu_batch": gpu_batch_line,
    "bench.gpu_load": gpu_load_line,
    "bench.gpu_speed": gpu_speed_line,
}
SPOKEN = "python() { printf '%s\\037' \"$@\"; printf '\\036'; }"
"""A shell's `python` that says what it was asked."""


def test_the_commands_for_ten_minutes_on_a_gpu_ask_for_what_there_is() -> None:
    lines = "\n".join(line for step in SLOT for line in step.command)
    script = f"set -eu\nOUT=kept\n{SPOKEN}\n{lines}\n"
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    asked = [call.split("\037")[:-1] for call in said.split("\036")[:-1]]
    assert len(asked) == 9
    for flag, module, *words in asked:
        assert flag == "-m"
        options = COMMAND_LINES[module]().parse_args(words)
        for rung in filter(None, getattr(options, "rungs", "").split(";")):
            assert all(rung in PLAYS[name].rungs for name in options.models if name in PLAYS)
        if module == "bench.gpu_batch":
            assert set(options.levers) <= set(LEVERS)
            assert not options.relative or hasattr(gpu_sizes, options.relative)
        if module == "bench.gpu_load":
            assert options.model in gpu_sizes.REAL
