"""Every family's own code, from a folder of weights to frames."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu_functions.generators.contract import (
    GeneratedFrames,
    GenerationCancelled,
    Generator,
)
from gpu_functions.generators.registry import FAMILIES, open_generator
from shared.catalog.can import Need
from shared.catalog.recipes import recipes_for
from tests.gpu.requests import catalogue_row, keyframe, small_request, small_size
from tests.gpu.tiny import build_tiny

pytestmark = pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning")
LONG_PROMPT = "gulls over the harbour, 鷗, \0 \N{FAMILY} " * 3_000


class Loaded:
    """A generator with a model in it, and the first clip that it made."""

    def __init__(self, model_id: str, folder: Path) -> None:
        self.model_id, self.row = model_id, catalogue_row(model_id)
        self.generator: Generator = open_generator(model_id)
        self.generator.load(folder, recipes_for(model_id, "cpu")[0], "cpu")
        self.steps: list[tuple[int, int]] = []
        self.first = self.generator.generate(small_request(model_id), self._tell)

    def _tell(self, done: int, of: int) -> None:
        self.steps.append((done, of))

    def make(self, **changes: Any) -> GeneratedFrames:
        return self.generator.generate(small_request(self.model_id, **changes), _nobody)

    def makes_the_same(self, **changes: Any) -> bool:
        return np.array_equal(self.first.frames, self.make(**changes).frames)


@pytest.fixture(scope="module", params=FAMILIES)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Each model once; its tests run side by side."""
    return Loaded(request.param, build_tiny(request.param, tmp_path_factory.mktemp("weights")))


def test_a_request_gives_exactly_its_frames_step_by_step(loaded: Loaded) -> None:
    asked, made = small_request(loaded.model_id), loaded.first
    used = {field: value for field, _, value, _ in made.deviations}
    steps = int(used.get("steps") or asked.steps or 0)
    assert loaded.steps == [(done + 1, steps) for done in range(steps)]
    assert made.frames.dtype == np.uint8
    assert len(made.frames) == asked.num_frames
    assert made.fps == asked.fps
    height, width = made.frames.shape[1:3]
    assert (used.get("width", asked.width), used.get("height", asked.height)) == (width, height)
    assert (made.sound is not None) == loaded.row.capabilities.makes_sound


def test_everything_that_the_model_takes_changes_the_clip(loaded: Loaded) -> None:
    can = loaded.row.capabilities
    other = keyframe(small_size(loaded.model_id), seed=1)
    assert loaded.makes_the_same()
    assert not loaded.makes_the_same(seed=2**63 - 1)
    if can.prompt is not Need.NO:
        assert not loaded.makes_the_same(prompt="a crane, seen from below, at night")
    if can.image is not Need.NO:
        assert not loaded.makes_the_same(image=other)
    if can.last_frame is not Need.NO:
        assert not loaded.makes_the_same(last_frame=other)


def test_what_may_be_left_out_is_left_out(loaded: Loaded) -> None:
    can = loaded.row.capabilities
    if can.image is Need.OPTIONAL:
        alone = loaded.make(image=None)
        assert alone.frames.shape == loaded.first.frames.shape
        assert not np.array_equal(alone.frames, loaded.first.frames)


def test_guidance_means_something_where_there_is_any(loaded: Loaded) -> None:
    if loaded.row.capabilities.guidance is not None:
        assert not np.array_equal(loaded.make(guidance=1.0).frames, loaded.make(guidance=9).frames)


def test_a_cancelled_run_stops_between_steps_and_the_next_one_works(loaded: Loaded) -> None:
    def stop(done: int, of: int) -> None:
        raise GenerationCancelled(f"after {done} of {of}")

    with pytest.raises(GenerationCancelled, match="after 1 of"):
        loaded.generator.generate(small_request(loaded.model_id), stop)
    assert loaded.makes_the_same()


def test_a_prompt_of_100_kb_is_cut_not_choked_on(loaded: Loaded) -> None:
    assert len(LONG_PROMPT.encode()) > 100_000
    if loaded.row.capabilities.prompt is not Need.NO:
        assert loaded.make(prompt=LONG_PROMPT).frames.shape == loaded.first.frames.shape


@pytest.mark.parametrize("blocks", [(12, 2), (5, 3)])
def test_extremes_of_shape_and_odd_numbers_of_blocks_are_made_as_asked(
    loaded: Loaded, blocks: tuple[int, int]
) -> None:
    rule = loaded.row.capabilities.frames
    assert rule is not None
    width, height = (rule.size_multiple * each for each in blocks)
    image = keyframe((width, height)) if small_request(loaded.model_id).image else None
    made = loaded.make(width=width, height=height, image=image)
    used = {field: value for field, _, value, _ in made.deviations}
    assert made.frames.shape[1:3] == (used.get("height", height), used.get("width", width))


def _nobody(done: int, of: int) -> None:
    """Nobody listens."""
