"""From what a clip asks for to numbers that its model can make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog.catalog import find_model
from shared.catalog.model import ModelRow
from shared.errors import InvalidInput
from shared.gpu_jobs.decide import decide, decided_seed, generation_size
from shared.jobs.request import Delivery
from tests.gpu_jobs.desk import SVD, TI2V, WAN, gpu_job


def row_of(model: str) -> ModelRow:
    row = find_model(model)
    assert row is not None
    return row


def delivery(width: int, height: int, seconds: float = 4.0, fps: str = "30") -> Delivery:
    return Delivery(width=width, height=height, fps=fps, duration_sec=seconds)


def test_the_blueprints_clip_of_four_seconds() -> None:
    decided = decide(gpu_job(SVD, delivery=delivery(1024, 576)), row_of(SVD))
    assert (decided.settings.width, decided.settings.height) == (1024, 576)
    assert (decided.settings.num_frames, decided.settings.native_fps) == (25, "6")
    assert (decided.target.frame_count, decided.target.used_frames) == (120, 25)
    assert decided.settings.extras["motion_bucket_id"] == 127
    assert decided.settings.extras["decode_chunk_size"] == 8


def test_wan_makes_81_frames_for_150() -> None:
    job = gpu_job(WAN, prompt="waves", delivery=delivery(854, 480, 5.0))
    decided = decide(job, row_of(WAN))
    assert (decided.settings.num_frames, decided.target.frame_count) == (81, 150)
    (size,) = [each for each in decided.deviations if each.field == "generated_size"]
    assert size.asked == "854x480"


def test_a_number_of_frames_that_breaks_the_rule_becomes_the_next_legal_one() -> None:
    job = gpu_job(WAN, params={"num_frames": 50, "num_inference_steps": 4, "vram_cap_gb": 24})
    decided = decide(job, row_of(WAN))
    assert decided.settings.num_frames == 53
    assert (decided.settings.steps, decided.settings.vram_cap_gb) == (4, 24)
    changed = {each.field: (each.asked, each.used) for each in decided.deviations}
    assert changed["num_frames"] == (50, 53)
    assert changed["motion_speed"][1] < 1


def test_a_clip_longer_than_the_model_makes_plays_slower_and_says_so() -> None:
    decided = decide(gpu_job(SVD, delivery=delivery(1024, 576, 10.0)), row_of(SVD))
    assert decided.target.frame_count == 300
    assert "motion_speed" in {each.field for each in decided.deviations}


def test_a_seed_is_always_decided_and_zero_is_one() -> None:
    assert decided_seed("a", 0) == 0
    assert decided_seed("a", 2**63 - 1) == 2**63 - 1
    assert decided_seed("a", None) == decided_seed("a", None) != decided_seed("b", None)
    for wrong in (-1, 2**63):
        with pytest.raises(InvalidInput, match="seed"):
            decided_seed("a", wrong)


@pytest.mark.parametrize("model", [SVD, WAN, TI2V])
@given(width=st.integers(2, 4000), height=st.integers(2, 4000))
def test_every_size_obeys_the_model_and_fits_its_memory(
    model: str, width: int, height: int
) -> None:
    rule = row_of(model).capabilities.frames
    assert rule is not None
    (trained,) = [*rule.sizes.values()][:1]
    area, lines = trained[0] * trained[1], min(trained)
    made = generation_size((width, height), lines, area, rule.size_multiple)
    assert all(side % rule.size_multiple == 0 and side >= 2 * rule.size_multiple for side in made)
    assert made[0] * made[1] <= area
    if 1 / 4 <= width / height <= 4:
        assert made[0] / made[1] == pytest.approx(width / height, rel=0.2)


def test_a_portrait_clip_is_generated_as_a_portrait() -> None:
    decided = decide(gpu_job(TI2V, delivery=delivery(720, 1280)), row_of(TI2V))
    assert decided.settings.width < decided.settings.height
