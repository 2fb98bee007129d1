"""Seconds of clips: measured ones first, worked out ones after them, and each says which it is."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bench.seconds import PATH, keep
from shared.catalog import find_model
from shared.catalog.clip_seconds import Basis, ClipSeconds, Shape, clip_seconds, seconds_for
from shared.gpu_jobs.clip_costs import clip_costs

WAN = "wan2.2-ti2v-5b"
FULL = Shape(1280, 704, 121, 50)


def row(**changes: Any) -> ClipSeconds:
    facts = {
        "basis": Basis.MEASURED,
        "model": WAN,
        "gpu_class": "h100",
        "recipe": "bf16_compiled",
        "width": 1280,
        "height": 704,
        "frames": 121,
        "steps": 50,
        "clip_sec": 110.0,
        "step_sec": 2.0,
        "device": "NVIDIA H100 80GB HBM3",
        "on": date(2026, 11, 26),
        "source": "python -m bench.gpu_speed --write",
        **changes,
    }
    return ClipSeconds.model_validate(facts)


def test_what_was_measured_is_said_with_its_device_and_day() -> None:
    published = row(basis=Basis.PUBLISHED, recipe="", clip_sec=90.0, device="H100", on=None)
    known = seconds_for(WAN, "h100", FULL, [published, row(hand_off_sec=3.0)])
    assert known is not None
    assert (known.generating, known.handing_off, known.measured) == (110.0, 3.0, True)
    assert known.said == "measured on NVIDIA H100 80GB HBM3, 2026-11-26"


def test_another_shape_is_arithmetic_and_says_from_what() -> None:
    half = Shape(1280, 704, 121, 25)
    known = seconds_for(WAN, "h100", half, [row()])
    assert known is not None
    assert known.generating == pytest.approx(110 - 25 * 2)  # decoding does not grow with the steps
    assert not known.measured
    assert known.said.startswith("arithmetic, from 110 s for 1280×704, 121 frames, 50 steps, meas")
    smaller = seconds_for(WAN, "h100", Shape(640, 704, 121, 50), [row()])
    assert smaller is not None
    assert smaller.generating == pytest.approx(55)


def test_what_others_published_is_never_called_measured() -> None:
    published = row(basis=Basis.PUBLISHED, recipe="", clip_sec=90.0, device="H100", on=None)
    known = seconds_for(WAN, "h100", FULL, [published])
    assert known is not None
    assert (known.generating, known.measured) == (90.0, False)
    assert known.said.startswith("arithmetic; published for H100")
    assert all(each.basis is Basis.PUBLISHED or each.on for each in clip_seconds())


def test_of_two_recipes_the_catalogues_first_counts_and_of_two_days_the_later() -> None:
    offload = row(recipe="bf16_flash3_offload", clip_sec=80.0, on=date(2026, 12, 1))
    later = row(clip_sec=100.0, on=date(2026, 11, 30), device="NVIDIA H100 NVL")
    known = seconds_for(WAN, "h100", FULL, [offload, row(), later])
    assert known is not None
    assert known.generating == 100.0


def test_what_was_measured_ran_by_a_recipe_of_the_catalogue() -> None:
    for each in clip_seconds():
        model = find_model(each.model)
        assert model is not None, each
        assert each.basis is not Basis.MEASURED or each.recipe in model.recipes[each.gpu_class]


def test_nothing_is_known_of_a_class_that_has_no_row() -> None:
    assert seconds_for(WAN, "a100", FULL, [row()]) is None


def test_a_measured_row_names_its_recipe_and_day() -> None:
    with pytest.raises(ValidationError, match="names its recipe and its day"):
        row(on=None)


def test_a_bench_keeps_its_rows_in_the_file_and_replaces_its_own(tmp_path: Path) -> None:
    path = tmp_path / "seconds.json"
    path.write_bytes(PATH.read_bytes())
    before = len(json.loads(path.read_bytes())["rows"])
    keep([row()], path)
    keep([row(clip_sec=99.0)], path)
    rows = [ClipSeconds.model_validate(each) for each in json.loads(path.read_bytes())["rows"]]
    assert len(rows) == before + 1
    assert row(clip_sec=99.0) in rows


def test_a_cold_start_stands_apart_and_is_shared_by_the_batch() -> None:
    (cost,) = clip_costs([row(hand_off_sec=10.0, cold_start_sec=60.0)], batch=50)
    second = Decimal("3.95") / 3600
    assert cost.clip_usd == 120 * second
    assert cost.cold_usd == Decimal("1.2") * second
    assert cost.usd == cost.clip_usd + cost.cold_usd
    (unknown,) = clip_costs([row()])
    assert unknown.cold_usd is None
