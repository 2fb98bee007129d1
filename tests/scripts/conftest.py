"""Scripts as people run them: `python scripts/…` from a checkout, on real files."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

CHECKOUT = Path(__file__).resolve().parents[2]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_script() -> Run:
    def run(script: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        # From elsewhere, and without the project on the path: the script finds its own way.
        return subprocess.run(
            [sys.executable, CHECKOUT / "scripts" / script, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd="/",
        )

    return run


@pytest.fixture
def keyframes(tmp_path: Path) -> Path:
    folder = tmp_path / "day-1"
    folder.mkdir()
    gradient = Image.linear_gradient("L").resize((320, 180)).convert("RGB")
    for name in ("img_001.png", "img_002.png"):
        gradient.save(folder / name)
    return folder
