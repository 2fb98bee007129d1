"""A timeline of a batch: the idle share is what the spans say, and pages come of what was kept."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from bench.gpu_batch import Batch, RealSize, dumped, read, report, seconds_row
from bench.timeline import Window, generating_window, idle_share, timeline, whole_window
from gpu_functions.generators.contract import FramesUnusable, GenerationRequest
from shared.catalog.clip_seconds import Basis, Shape
from shared.gpu_jobs.report import ColdStart, Made, Report, RunOutcome, Span


def run(began: float, *, cold: bool = False) -> Report:
    """Ten seconds of the GPU, then two of handing on."""
    moments = {"first_step": (0, 2), "denoising": (2, 8), "decoding": (8, 10)}
    spans = [
        Span(what=name, on="0", began=began + start, ended=began + end)
        for name, (start, end) in moments.items()
    ]
    spans.append(Span(what="uploading", began=began + 10, ended=began + 12))
    return Report(
        job_id="a",
        outcome=RunOutcome.SUCCEEDED,
        made=Made(size_bytes=4_000_000, sha256="", width=8, height=8, fps="30", frame_count=120),
        model="ltx-video-0.9.8-13b",
        gpu_class="h100",
        gpu="NVIDIA H100 80GB HBM3",
        recipe="bf16_flash3",
        settings={"width": 704, "height": 512, "num_frames": 97, "steps": 4},
        interpolation="rife",
        peak_vram_gb=40.0,
        seconds={"generating": 10.0, "interpolating": 0.5, "encoding": 1.0, "uploading": 0.5},
        spans=tuple(spans),
        cold_start=ColdStart(ready_sec=5, load_sec=20, first_step_sec=30, step_sec=2.0)
        if cold
        else None,
    )


def batch(**changes: Any) -> Batch:
    facts: dict[str, Any] = {
        "model": "ltx-video-0.9.8-13b",
        "clip": "704×512, 97 frames, 4 steps → 120 at 30",
        "gpus": ["0"],
        "gpu_class": "h100",
        "device": "NVIDIA H100 80GB HBM3",
        "runs": [run(100), run(110.5)],
        "cold": run(50, cold=True),
        "busy_percent": [(105.0, 90.0), (115.0, 100.0), (300.0, 0.0)],
        "day": "2026-11-26",
        "libraries": "torch 2",
    }
    return Batch(**{**facts, **changes})


def test_idle_is_where_no_clip_has_the_gpu() -> None:
    runs = [run(100), run(110.5)]
    window = generating_window(runs)
    assert (window.began, window.ended) == (100, 120.5)
    assert idle_share(runs, "0", window) == pytest.approx(0.5 / 20.5)
    assert idle_share(runs, "0", whole_window(runs)) == pytest.approx(2.5 / 22.5)
    assert idle_share(runs, "1", window) == 1
    both = [*runs, run(100)]  # what overlaps is counted once
    assert idle_share(both, "0", window) == pytest.approx(0.5 / 20.5)
    assert idle_share(runs, "0", Window(104, 106)) == 0


def test_the_page_has_price_cold_start_and_the_drivers_word_apart(tmp_path: Path) -> None:
    page = "\n".join(report([batch()]))
    assert "| 10.00 | 2.00 | 11.25 | 5.3 | 2.4% | 11.1% | 5.0% | 0.0123 | 40.0 |" in page
    assert "| 5.00 | 20.00 | 30.00 | 2.000 | 55.0 | 0.0603 | 0.0012 |" in page
    assert "2026-11-26 on NVIDIA H100 80GB HBM3" in page
    kept = tmp_path / "kept.json"
    kept.write_text(dumped([batch()]), encoding="utf-8")
    assert read(kept) == [batch()]


def test_its_seconds_become_a_measured_row() -> None:
    row = seconds_row(batch())
    assert (row.basis, row.shape) == (Basis.MEASURED, Shape(704, 512, 97, 4))
    assert (row.clip_sec, row.step_sec, row.hand_off_sec) == (10.0, 2.0, 2.0)
    assert row.cold_start_sec is None  # its weights were made, not read


def test_a_picture_has_a_bar_a_span_and_escapes_its_title() -> None:
    picture = timeline([run(0), run(10)], "a < b")
    assert picture.count("<title>") == 8
    assert "a &lt; b" in picture
    assert "generates (GPU 0)" in picture


class Blank:
    """A generator of random weights whose frames are of one colour."""

    def generate(self, request: GenerationRequest, on_step: Any, room: Any) -> Any:
        on_step(1, 1)
        raise FramesUnusable("all grey")


def test_what_random_weights_paint_is_replaced_by_a_moving_photograph() -> None:
    request = GenerationRequest(
        model="m", width=32, height=16, num_frames=5, fps=Fraction(24), seed=0
    )
    made = RealSize(Blank(), "").generate(request, lambda done, of: None)
    assert made.frames.shape == (5, 16, 32, 3)
    assert (made.frames[0] != made.frames[4]).any()
