"""Every family's own code, from a folder of weights to frames."""

from pathlib import Path

import numpy as np
import pytest

from gpu_functions.generators.contract import GenerationCancelled, Generator
from gpu_functions.generators.registry import FAMILIES, open_generator
from shared.catalog.recipes import recipes_for
from tests.gpu.requests import keyframe, small_request, small_size
from tests.gpu.tiny import build_tiny


@pytest.fixture(scope="module", params=FAMILIES)
def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Generator]:
    """Each model once; its tests run side by side."""
    model_id: str = request.param
    folder: Path = build_tiny(model_id, tmp_path_factory.mktemp("weights"))
    generator = open_generator(model_id)
    generator.load(folder, recipes_for(model_id, "cpu")[0], "cpu")
    return model_id, generator


def test_a_request_gives_exactly_its_frames_step_by_step(loaded: tuple[str, Generator]) -> None:
    model_id, generator = loaded
    request, told = small_request(model_id), []
    made = generator.generate(request, lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]
    assert made.frames.dtype == np.uint8
    assert len(made.frames) == request.num_frames
    assert made.fps == request.fps
    used = {field: value for field, _, value, _ in made.deviations}
    height, width = made.frames.shape[1:3]
    assert (used.get("width", request.width), used.get("height", request.height)) == (width, height)


def test_seed_and_picture_decide_the_frames(loaded: tuple[str, Generator]) -> None:
    model_id, generator = loaded
    request = small_request(model_id)
    first = generator.generate(request, _nobody).frames
    assert np.array_equal(first, generator.generate(request, _nobody).frames)
    other_seed = small_request(model_id, seed=2**63 - 1)
    assert not np.array_equal(first, generator.generate(other_seed, _nobody).frames)
    if request.image is not None:
        other_picture = small_request(model_id, image=keyframe(small_size(model_id), seed=1))
        assert not np.array_equal(first, generator.generate(other_picture, _nobody).frames)


def test_a_cancelled_run_stops_between_steps_and_the_next_one_works(
    loaded: tuple[str, Generator],
) -> None:
    model_id, generator = loaded

    def stop(done: int, of: int) -> None:
        raise GenerationCancelled(f"after {done} of {of}")

    with pytest.raises(GenerationCancelled, match="after 1 of 2"):
        generator.generate(small_request(model_id), stop)
    assert len(generator.generate(small_request(model_id), _nobody).frames)


def _nobody(done: int, of: int) -> None:
    """Nobody listens."""
