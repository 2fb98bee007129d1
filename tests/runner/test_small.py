"""A run in miniature changes what it must, and says each change once."""

from dataclasses import replace
from fractions import Fraction

import pytest
from PIL import Image

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.rules import settled
from gpu_functions.runner.small import Small
from shared.catalog.catalog import find_model

ASKED = GenerationRequest(
    model="", prompt="waves", width=640, height=384, num_frames=49, fps=Fraction(24), seed=1
)


@pytest.mark.parametrize("model", ["ltx-video-2b", "ltx-2.5"])
@pytest.mark.parametrize("steps", [None, 8])
def test_a_model_with_one_schedule_keeps_its_steps(model: str, steps: int | None) -> None:
    row = find_model(model)
    assert row is not None
    small = Small().shrunk(replace(ASKED, model=model, steps=steps))
    picture = Image.new("RGB", (small.width, small.height))
    decided, changes = settled(row, replace(small, image=picture))
    assert (small.steps, decided.steps, changes) == (steps, 8, ())


def test_another_model_takes_fewer_steps() -> None:
    assert Small().shrunk(replace(ASKED, model="wan2.2-ti2v-5b", steps=30)).steps == 2
