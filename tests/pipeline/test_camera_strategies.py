"""How a clip's camera path comes about where a model of our own makes it (X-05)."""

import io
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from shared.clip import ClipPlan, ObjectRef
from shared.errors import InvalidInput
from shared.gpu_jobs.price import price_anywhere
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, JobState, Outcome
from shared.keys import ArtefactKeys, job_result_key
from shared.motion.params import STANDS_STILL
from shared.motion.path import CameraPath
from shared.motion.rect import Rect
from shared.pipeline.finish import finish_clip
from shared.pipeline.inspect import inspect_clip
from shared.pipeline.prepare import prepare_clip
from shared.pipeline.publish import publish_clip
from shared.pipeline.services import ClipItem
from shared.pipeline.views import view
from shared.video.decode import decode_frames
from shared.video.finish import finish_clip as encode
from shared.video.finish_spec import FinishSpec
from shared.video.keyframe import decode_keyframe
from shared.video.poster import to_picture
from shared.video.virtual_camera import FULL_CHROMA
from tests.moving_picture import frames_of
from tests.pipeline.house import House, build_house, picture

TAKES_LAST, TAKES_NONE, PROVIDERS = "wan2.2-i2v-a14b", "hunyuanvideo-1.5-i2v", "wavespeed/wan-2.5"
PAN: dict[str, Any] = {
    "type": "custom",
    "start_rect": [0.0, 0.1, 0.8, 0.9],
    "end_rect": [0.2, 0.1, 1.0, 0.9],
    "duration_sec": 5,
}
TALL: dict[str, Any] = {
    **PAN,
    "start_rect": [0.0, 0.0, 0.3162, 1.0],
    "end_rect": [0.15, 0.0, 0.4662, 1.0],
}
"""Over a wide picture; no view of its shape holds both."""

SIZE = (854, 480)


def textured() -> bytes:
    """Detail of a few pixels: what a camera moves over must not look like its own blur."""
    fine = np.random.default_rng(7).integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8), np.uint8)
    grain = Image.fromarray(fine).resize(SIZE, Image.Resampling.BICUBIC).convert("RGB")
    broad = Image.open(io.BytesIO(picture(*SIZE)))
    out = io.BytesIO()
    Image.blend(broad, grain, 0.4).save(out, "PNG")
    return out.getvalue()


KEYFRAME = textured()


@pytest.fixture
def house() -> House:
    return own_box()


def own_box() -> House:
    """A house with a worker attached, and one provider."""
    built = build_house()
    values = {"WORKER_GPUS": "rtx4090"}
    built.services = replace(
        built.services,
        engines=frozenset({"camera_move", "worker", "api:wavespeed"}),
        price=lambda row, request, engine: price_anywhere(values, row, request, engine),
    )
    return built


def routed(house: House, model: str, **more: Any) -> tuple[ClipItem, ClipPlan, Job]:
    """A clip on its way: its plan and the job that was opened for it."""
    item = prepared(house, model, **more)
    plan = house.objects.read(ObjectRef(bucket="work", key=item.run.work.plan(item.index)))
    return item, ClipPlan.model_validate_json(plan), house.jobs.rows[item.job_id]


def prepared(house: House, model: str, **more: Any) -> ClipItem:
    house.put("a.png", KEYFRAME)
    keyframe = {
        "image_path": "a.png",
        "route": [model],
        **({} if model == "camera_move" else {"operation": "image_to_video", "prompt": "waves"}),
        "resolution": "480p",
        "finish": {"fps": 24},
        "motion": PAN,
        **more,
    }
    house.drop("manifest.json", {"keyframes": [keyframe]})
    run = house.ref(house.started[-1])
    house.open(run)
    (item,) = house.plan(run)
    made = prepare_clip(house.services, house.jobs, item)
    return item.model_copy(update={"clip_key": made.clip_key, "job_id": made.job_id})


def given(house: House, job: Job, name: str) -> NDArray[np.float64]:
    return pixels(house.objects.read(job.inputs[name]))


def pixels(png: bytes) -> NDArray[np.float64]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)


def seen(rect: list[float] | Rect, size: tuple[int, int] = SIZE) -> NDArray[np.float64]:
    """A view of the keyframe, as the eye would have it."""
    return pixels(view(decode_keyframe(KEYFRAME, "a.png").rgb, Rect(*rect), size))


def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Mean difference in code values."""
    return float(np.abs(one - other).mean())


def test_a_model_that_takes_a_last_frame_is_given_both_ends_of_the_path(house: House) -> None:
    _, plan, job = routed(house, TAKES_LAST)
    assert plan.camera_strategy == "start_end_crop"
    assert job.request.last_frame is not None
    assert apart(given(house, job, "image"), seen(PAN["start_rect"])) == 0
    assert apart(given(house, job, "last_frame"), seen(PAN["end_rect"])) == 0
    assert job.request.prompt == "waves, slow camera pan"
    assert plan.generation is not None
    assert plan.generation.inputs == {}, "no file of the creator's"


def test_a_model_that_takes_none_stands_still_and_finishing_follows_the_path(
    house: House, tmp_path: Path
) -> None:
    """Its picture stands still indeed, so every delivered frame is the keyframe's own view."""
    item, plan, job = routed(house, TAKES_NONE)
    assert plan.camera_strategy == "virtual_camera"
    assert plan.camera_view == pytest.approx(Rect(0.0, 0.0, 1.0, 1.0))
    assert job.request.last_frame is None
    assert job.request.prompt == f"waves, {STANDS_STILL}"
    assert apart(given(house, job, "image"), seen([0, 0, 1, 1])) == 0
    bring_home(house, job, Fraction(24), tmp_path)
    finish_clip(house.services, house.jobs, item)
    frames = delivered(house, item, tmp_path)
    assert len(frames) == 120
    size = frames[0].shape[1], frames[0].shape[0]
    assert apart(frames[0], seen(PAN["start_rect"], size)) < 4
    assert apart(frames[-1], seen(PAN["end_rect"], size)) < 4
    assert apart(frames[0], frames[-1]) > 10
    assert apart(frames[59], seen(plan_path(plan).rects(120)[59], size)) < 4, "half way"
    verdict = inspect_clip(house.services, item)
    key = ArtefactKeys(item.clip_key).inspection
    report = json.loads(house.objects.read(ObjectRef(bucket="work", key=key)))
    checks = [each for each in report["checks"] if each["verdict"] != "pass"]
    assert verdict in ("pass", "warn"), checks
    publish_clip(house.services, item)
    settings = house.in_library("a.video_meta.json")["generation_settings"]
    assert settings["camera_strategy"] == "virtual_camera"
    assert settings["camera_view"] == pytest.approx([0, 0, 1, 1])


def test_at_another_rate_the_path_is_followed_by_the_clock(house: House, tmp_path: Path) -> None:
    item, _, job = routed(house, TAKES_NONE)
    bring_home(house, job, Fraction(12), tmp_path)
    finish_clip(house.services, house.jobs, item)
    frames = delivered(house, item, tmp_path)
    assert len(frames) == 120
    size = frames[0].shape[1], frames[0].shape[0]
    assert apart(frames[-1], seen(PAN["end_rect"], size)) < 4


def plan_path(plan: ClipPlan) -> CameraPath:
    return CameraPath(plan.motion.start_rect, plan.motion.end_rect, plan.motion.easing)


def delivered(house: House, item: ClipItem, folder: Path) -> list[NDArray[np.float64]]:
    master = folder / "master.mp4"
    house.objects.download(ObjectRef(bucket="work", key=ArtefactKeys(item.clip_key).master), master)
    # from 4:2:0 straight to RGB, swscale is two levels too dark
    full = decode_frames(master, pixel_format=FULL_CHROMA)
    return [np.asarray(to_picture(each), np.float64) for each in full]


def bring_home(house: House, job: Job, rate: Fraction, tmp_path: Path) -> None:
    """The clip of a model whose picture does not move."""
    count = int(5 * rate) + 1
    spec = FinishSpec(*SIZE, rate=rate, frame_count=count, source_rate=rate)
    (still,) = frames_of(house.objects.read(job.inputs["image"]), 1, size=SIZE)
    made = encode(lambda: (still for _ in range(count)), spec=spec, out_dir=tmp_path / "made")
    key = job_result_key(job.job_id)
    house.objects.upload("work", key, made.master.path, content_type="video/mp4")
    house.jobs.end(job.job_id, JobState.SUCCEEDED, Outcome.SUCCEEDED, Billed.YES)


@pytest.mark.parametrize(
    ("model", "motion", "strategy"),
    [
        (TAKES_LAST, {"type": "static", "duration_sec": 5}, "start_crop"),
        (TAKES_LAST, {**PAN, "strategy": "start_crop"}, "start_crop"),
        (TAKES_LAST, {**PAN, "strategy": "virtual_camera"}, "virtual_camera"),
        (TAKES_NONE, TALL, "start_crop"),
        (PROVIDERS, PAN, "start_crop"),
        (PROVIDERS, {**PAN, "strategy": "virtual_camera"}, "virtual_camera"),
        ("camera_move", PAN, "rendered"),
    ],
)
def test_each_case_has_its_strategy(
    house: House, model: str, motion: dict[str, Any], strategy: str
) -> None:
    item = prepared(house, model, motion=motion)
    plan = house.objects.read(ObjectRef(bucket="work", key=item.run.work.plan(item.index)))
    read = ClipPlan.model_validate_json(plan)
    assert read.camera_strategy == strategy
    told = [each.field for each in read.deviations]
    assert ("motion.end_rect" in told) == (motion is TALL), "what cannot be followed is told"


def test_a_model_without_a_last_frame_is_not_asked_to_end_on_one(house: House) -> None:
    with pytest.raises(InvalidInput, match="does not take a last frame"):
        prepared(house, TAKES_NONE, motion={**PAN, "strategy": "start_end_crop"})


def test_a_clip_ends_in_one_way_only(house: House) -> None:
    house.put("b.png", picture(seed=2))
    keyframe = {
        "image_path": "a.png",
        "last_frame": "b.png",
        "prompt": "waves",
        "route": [TAKES_LAST],
        "motion": {**PAN, "strategy": "start_end_crop"},
    }
    house.put("a.png", KEYFRAME)
    house.drop("manifest.json", {"keyframes": [keyframe]})
    house.work()
    assert "says otherwise how the clip ends" in house.answer("_ERRORS.md")


def test_strategies_are_priced_alike_and_are_clips_of_their_own() -> None:
    keys, prices = set(), set()
    for strategy in ("start_crop", "start_end_crop", "virtual_camera"):
        motion = {**PAN, "strategy": strategy}
        _, plan, job = routed(own_box(), TAKES_LAST, motion=motion)
        keys.add(plan.clip_key)
        prices.add(job.estimate_usd)
    assert len(keys) == 3
    assert len(prices) == 1


def test_a_camera_that_has_no_choice_says_so(house: House) -> None:
    item = prepared(house, "camera_move", motion={**PAN, "strategy": "virtual_camera"})
    plan = house.objects.read(ObjectRef(bucket="work", key=item.run.work.plan(item.index)))
    (change,) = ClipPlan.model_validate_json(plan).deviations
    assert (change.field, change.used) == ("motion.strategy", "rendered")
