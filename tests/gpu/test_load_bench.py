"""Loading is timed with the files in the page cache, and is told how many of them were."""

import argparse
from pathlib import Path

import pytest

from bench.gpu_load import Turn, cached_share, report, turn
from tests.gpu.tiny import build_tiny


def test_what_was_just_written_is_in_the_page_cache(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(bytes(100_000))
    assert cached_share([file]) == 1
    assert cached_share([]) == 0


@pytest.mark.parametrize("way", ["diffusers", "diffusers, in parallel", "ours"])
def test_every_way_loads_the_class_that_the_folder_names(way: str, tmp_path: Path) -> None:
    folder = build_tiny("ltx-video-0.9.8-13b", tmp_path) / "transformer"
    imports, load = turn(folder, way, "cpu", threads=2)
    assert imports > load > 0


def test_the_page_has_each_way_against_stock() -> None:
    found = [
        Turn(way, state, 5.0, seconds, cached)
        for state, cached in (("cold", 0.25), ("warm", 1.0))
        for way, seconds in (("diffusers", 8.0), ("diffusers, in parallel", 4.0), ("ours", 2.0))
    ]
    options = argparse.Namespace(model="m", repeats=1, threads=6, device="cuda")
    page = "\n".join(report(found, 28.0, options, "NVIDIA H100"))
    assert "| cold | ours | 5.0 | 2.00 | 4.00 | 14.00 | 25% |" in page
    assert "| cold | ours | 5.0 | 2.00 | nan |" in "\n".join(report(found[2:], 28.0, options, ""))
    assert "| warm | diffusers, in parallel | 5.0 | 4.00 | 2.00 | 7.00 | 100% |" in page
