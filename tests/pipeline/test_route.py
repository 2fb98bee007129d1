"""Clips that models make: tried in the route's order, paid once, finished from the model's file."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from shared.batch import BatchState
from shared.clip import ClipPlan, ObjectRef
from shared.errors import BatchCancelled, ModelUnavailable
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.keys import job_result_key
from shared.pipeline.finish import finish_clip
from shared.pipeline.inspect import inspect_clip
from shared.pipeline.prepare import prepare_clip
from shared.pipeline.publish import publish_clip
from shared.pipeline.route import Routed, Step, route_clip
from shared.pipeline.services import ClipItem
from shared.ports import Conflict
from shared.routing.policy import Policy
from shared.video.finish import finish_clip as encode
from shared.video.finish_spec import FinishSpec
from tests.moving_picture import frames_of
from tests.pipeline.house import House, build_house, picture

WAN, KLING = "wavespeed/wan-2.5", "wavespeed/kling-v2.5-turbo-std"
ROUTE = [WAN, KLING]


class Jobs:
    """Rows of jobs in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, Job] = {}

    def job(self, job_id: str) -> Job | None:
        return self.rows.get(job_id)

    def save_job(self, job: Job) -> Job:
        there = self.rows.get(job.job_id)
        if (there.version if there else 0) != job.version:
            raise Conflict("somebody else wrote the row")
        self.rows[job.job_id] = job.model_copy(update={"version": job.version + 1})
        return self.rows[job.job_id]

    def open_jobs(self) -> list[str]:
        return list(self.rows)

    def close_job(self, job_id: str) -> None:
        return None

    def end(self, job_id: str, state: JobState, outcome: Outcome, billed: Billed) -> None:
        """Whatever way it went, the job is at this end now."""
        ending = Ending(outcome=outcome, billed=billed, retryable=False, message="it said so")
        job = self.rows[job_id]
        self.rows[job_id] = job.model_copy(update={"state": state, "ending": ending})


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def house() -> House:
    house = build_house()
    engines = frozenset({"camera_move", "api:wavespeed"})
    house.services = replace(house.services, engines=engines)
    return house


def _item(house: House, route: list[str], **more: object) -> ClipItem:
    """One clip, prepared."""
    house.put("a.png", picture(width=900, height=506))
    settings = {
        "finish": {"fps": 24},
        "motion": {"duration_sec": 5},
        "prompt": "waves",
        "operation": "image_to_video",
        **more,
    }
    named = {"route": route} if route else {}
    keyframe = {"image_path": "a.png", **named, **settings}
    house.drop("manifest.json", {"keyframes": [keyframe]})
    run = house.ref(house.started[-1])
    house.open(run)
    (item,) = house.plan(run)
    prepared = prepare_clip(house.services, item)
    return item.model_copy(update={"clip_key": prepared.clip_key})


def _bring_home(
    house: House,
    jobs: Jobs,
    routed: Routed,
    tmp_path: Path,
    size: tuple[int, int] = (320, 180),
) -> None:
    """The provider's file: 16 frames a second, a little longer than asked."""
    rate = Fraction(16)
    spec = FinishSpec(*size, rate=rate, frame_count=84, source_rate=rate)
    keyframe = house.objects.read(jobs.rows[routed.job_id].inputs["image"])
    made = encode(lambda: frames_of(keyframe, 84, size=size), spec=spec, out_dir=tmp_path)
    key = job_result_key(routed.job_id)
    house.objects.upload("work", key, made.master.path, content_type="video/mp4")
    jobs.end(routed.job_id, JobState.SUCCEEDED, Outcome.SUCCEEDED, Billed.YES)
    job = jobs.rows[routed.job_id]
    result = ObjectRef(bucket="work", key=key)
    jobs.rows[routed.job_id] = job.model_copy(update={"result": result})


def test_a_model_makes_the_clip_and_its_price_is_in_the_metadata(
    house: House, jobs: Jobs, tmp_path: Path
) -> None:
    item = _item(house, ROUTE)
    first = route_clip(house.services, jobs, item)
    assert first.step is Step.GENERATE
    job = jobs.rows[first.job_id]
    assert job.request.model == WAN
    assert job.request.prompt.startswith("waves, ")
    assert house.objects.read(job.inputs["image"]).startswith(b"\x89PNG")
    _bring_home(house, jobs, first, tmp_path)
    last = route_clip(house.services, jobs, item)
    assert (last.step, last.job_id) == (Step.FINISH, first.job_id)
    made = item.model_copy(update={"clip_key": last.clip_key, "job_id": last.job_id})
    finish_clip(house.services, made)
    assert inspect_clip(house.services, made) in ("pass", "warn")
    publish_clip(house.services, made)
    meta = house.in_library("a.video_meta.json")
    assert meta["video"]["frame_count"] == 120
    assert meta["cost"]["model_usd"] == pytest.approx(0.25)  # 5 s at 480p
    assert meta["generation_settings"]["model"] == WAN
    assert meta["generation_settings"]["why"], "the choice is explained"


def _made(house: House, jobs: Jobs, item: ClipItem, tmp_path: Path, **more: Any) -> ClipItem:
    """The clip, brought home, finished, inspected and published."""
    first = route_clip(house.services, jobs, item)
    _bring_home(house, jobs, first, tmp_path, **more)
    last = route_clip(house.services, jobs, item)
    made = item.model_copy(update={"clip_key": last.clip_key, "job_id": last.job_id})
    finish_clip(house.services, made)
    inspect_clip(house.services, made)
    publish_clip(house.services, made)
    return made


def test_a_clip_of_another_shape_is_cropped_and_says_so(
    house: House, jobs: Jobs, tmp_path: Path
) -> None:
    _made(house, jobs, _item(house, ROUTE), tmp_path, size=(320, 320))
    meta = house.in_library("a.video_meta.json")
    assert (meta["video"]["width"], meta["video"]["height"]) == (854, 480)
    (said,) = [each for each in meta["warnings"] if "another shape" in each]
    assert "320×320" in said
    assert "56%" in said


def test_a_job_for_a_provider_says_nothing_of_the_delivery(house: House, jobs: Jobs) -> None:
    """What only our own GPUs heed is not sent to others."""
    routed = route_clip(house.services, jobs, _item(house, ROUTE))
    assert jobs.rows[routed.job_id].request.delivery is None


def test_what_a_model_was_given_keeps_its_folder_in_the_library(
    house: House, jobs: Jobs, tmp_path: Path
) -> None:
    """`a.png` and `ends/a.png` are two files, and both are there afterwards."""
    keyframe, end = picture(width=900, height=506), picture(width=900, height=506, seed=9)
    house.put("ends/a.png", end)
    item = _item(house, ["wavespeed/wan-2.7"], last_frame="ends/a.png", resolution="720p")
    _made(house, jobs, item, tmp_path)
    library = house.library()
    assert library["a.png"] == keyframe
    assert library["ends/a.png"] == end
    again = house.in_library("a.video_manifest.json")["keyframes"][0]
    assert (again["image_path"], again["last_frame"]) == ("a.png", "ends/a.png")
    given = house.in_library("a.video_meta.json")["source"]["inputs"]["last_frame"]
    assert given["name"] == "ends/a.png"


def test_a_file_that_a_keyframe_would_cover_refuses_its_clip(house: House) -> None:
    house.put("k/b.png", picture(seed=3))
    house.put("b.png", picture(seed=4))
    house.put("a.png", picture())
    settings = {"operation": "image_to_video", "route": ["wavespeed/wan-2.7"], "prompt": "waves"}
    keyframes = [
        {"image_path": "k/b.png"},
        {"image_path": "a.png", "last_frame": "b.png", **settings},
    ]
    house.drop("manifest.json", {"keyframes": keyframes})
    run = house.ref(house.started[-1])
    house.open(run)
    assert [item.stem for item in house.plan(run)] == ["b"]
    (reason,) = house.clip("a")["reasons"]
    assert "last_frame: would lie where the keyframe `k/b.png` is published" in reason


def test_asking_again_before_the_job_has_ended_is_the_same_job(house: House, jobs: Jobs) -> None:
    item = _item(house, ROUTE)
    answers = {route_clip(house.services, jobs, item).job_id for _ in range(3)}
    assert len(answers) == 1
    assert len(jobs.rows) == 1


def test_the_deadline_is_a_setting(house: House, jobs: Jobs) -> None:
    limits = replace(house.services.limits, job_deadline=timedelta(seconds=60))
    house.services = replace(house.services, limits=limits)
    route_clip(house.services, jobs, _item(house, [WAN]))
    (job,) = jobs.rows.values()
    waits = datetime.fromisoformat(job.deadline_at) - datetime.fromisoformat(job.created_at)
    assert waits == timedelta(seconds=60)


def test_after_a_verified_failure_the_next_of_the_route_is_tried(house: House, jobs: Jobs) -> None:
    item = _item(house, ROUTE)
    first = route_clip(house.services, jobs, item)
    jobs.end(first.job_id, JobState.FAILED, Outcome.FAILED, Billed.NO)
    second = route_clip(house.services, jobs, item)
    assert jobs.rows[second.job_id].request.model == KLING
    jobs.end(second.job_id, JobState.FAILED, Outcome.FAILED, Billed.NO)
    with pytest.raises(ModelUnavailable, match="no candidate is left"):
        route_clip(house.services, jobs, item)


@pytest.mark.parametrize("unsettled", ["unknown", "timed out"])
def test_nobody_else_is_paid_while_somebody_may_still_deliver(
    house: House, jobs: Jobs, unsettled: str
) -> None:
    item = _item(house, ROUTE)
    first = route_clip(house.services, jobs, item)
    if unsettled == "unknown":
        held = {"state": JobState.SUBMIT_UNKNOWN, "note": "the line broke"}
        jobs.rows[first.job_id] = jobs.rows[first.job_id].model_copy(update=held)
    else:
        jobs.end(first.job_id, JobState.FAILED, Outcome.TIMED_OUT, Billed.UNKNOWN)
    answer = route_clip(house.services, jobs, item)
    assert answer.step is Step.HOLD
    assert answer.reason
    assert len(jobs.rows) == 1


def test_a_camera_move_at_the_end_of_the_route_takes_over(house: House, jobs: Jobs) -> None:
    item = _item(house, [WAN, "camera_move"])
    first = route_clip(house.services, jobs, item)
    jobs.end(first.job_id, JobState.REJECTED, Outcome.MODERATED, Billed.NO)
    second = route_clip(house.services, jobs, item)
    assert (second.step, second.job_id) == (Step.FINISH, "")
    assert second.clip_key != first.clip_key


def test_a_later_run_with_the_same_clip_meets_the_paid_job(
    house: House, jobs: Jobs, tmp_path: Path
) -> None:
    first = _item(house, [WAN])
    paid = route_clip(house.services, jobs, first)
    _bring_home(house, jobs, paid, tmp_path)
    house.close(first.run, BatchState.FAILED)
    later = _item(house, [WAN], negative_prompt=None)
    assert later.run.run_id != first.run.run_id
    again = route_clip(house.services, jobs, later)
    assert again.job_id == paid.job_id
    assert len(jobs.rows) == 1


@pytest.mark.parametrize("default", [(KLING,), ()])
def test_a_route_that_the_manifest_leaves_open_is_the_projects(
    house: House, jobs: Jobs, default: tuple[str, ...]
) -> None:
    house.services = replace(house.services, default_route=lambda _project: default)
    item = _item(house, [])
    routed = route_clip(house.services, jobs, item)
    assert routed.step is Step.GENERATE
    (job,) = jobs.rows.values()
    plan = ClipPlan.model_validate_json(
        house.objects.read(ObjectRef(bucket="work", key=item.run.work.plan(item.index)))
    )
    if default:
        assert job.request.model == KLING
        assert "the project's default route" in plan.why_this_model[0]
    else:
        assert "`hybrid` is the default" in plan.why_this_model[0]


ELSEWHERE = "replicate/wan-2.5-i2v"


def _pause(house: House, *providers: str) -> None:
    """Circuit breakers of these are open from now on."""
    health = {f"api:{each}": "HTTP 503" for each in providers}
    engines = house.services.engines | {"api:replicate"}
    house.services = replace(
        house.services,
        engines=engines,
        health=lambda: health,
        policy=lambda _: Policy(allow_unverified_prices=True),
    )


def test_a_paused_provider_is_passed_over_and_the_metadata_says_so(
    house: House, jobs: Jobs
) -> None:
    _pause(house, "wavespeed")
    item = _item(house, [WAN, ELSEWHERE])
    routed = route_clip(house.services, jobs, item)
    assert jobs.rows[routed.job_id].candidate.startswith(ELSEWHERE)
    row = house.services.rows.clip(house.folder, item.run.run_id, "a")
    assert row is not None
    (change,) = row.result.deviations
    assert (change.field, change.asked) == ("route", WAN)
    assert "paused: HTTP 503" in change.reason


@pytest.mark.parametrize("route", [[WAN], [WAN, ELSEWHERE], [WAN, "camera_move"]])
def test_when_all_models_are_paused_the_first_is_waited_for(
    house: House, jobs: Jobs, route: list[str]
) -> None:
    _pause(house, "wavespeed", "replicate")
    routed = route_clip(house.services, jobs, _item(house, route))
    assert routed.step is Step.GENERATE
    assert jobs.rows[routed.job_id].candidate.startswith(WAN)


def test_what_a_paused_provider_has_made_already_is_not_paid_elsewhere(
    house: House, jobs: Jobs, tmp_path: Path
) -> None:
    first = _item(house, [WAN, ELSEWHERE])
    paid = route_clip(house.services, jobs, first)
    _bring_home(house, jobs, paid, tmp_path)
    house.close(first.run, BatchState.FAILED)
    _pause(house, "wavespeed")
    again = route_clip(house.services, jobs, _item(house, [WAN, ELSEWHERE], negative_prompt=None))
    assert again.job_id == paid.job_id
    assert len(jobs.rows) == 1


def test_a_cancelled_clip_says_what_runs_on_and_may_be_billed(house: House, jobs: Jobs) -> None:
    item = _item(house, [WAN])
    routed = route_clip(house.services, jobs, item)
    stopping = {"state": JobState.RUNNING, "stopping": "wavespeed cannot be asked to stop"}
    jobs.rows[routed.job_id] = jobs.rows[routed.job_id].model_copy(update=stopping)
    house.drop("CANCEL", b"")
    with pytest.raises(BatchCancelled, match=r"cannot be asked to stop.*dropping the manifest"):
        route_clip(house.services, jobs, item)


@pytest.mark.parametrize("by_us", [True, False])
def test_a_run_that_joined_a_job_which_was_then_stopped_tries_anew(
    house: House, jobs: Jobs, by_us: bool
) -> None:
    item = _item(house, [WAN])
    first = route_clip(house.services, jobs, item)
    jobs.end(first.job_id, JobState.CANCELLED, Outcome.CANCELLED, Billed.NO)
    if not by_us:  # somebody pressed a button at the provider: that is an answer
        with pytest.raises(ModelUnavailable, match="was cancelled"):
            route_clip(house.services, jobs, item)
        return
    asked = {"stopping": "wavespeed was asked to stop"}
    jobs.rows[first.job_id] = jobs.rows[first.job_id].model_copy(update=asked)
    second = route_clip(house.services, jobs, item)
    assert second.step is Step.GENERATE
    assert second.job_id != first.job_id


def test_a_length_that_no_model_makes_is_cut_from_a_longer_one(house: House, jobs: Jobs) -> None:
    item = _item(house, [KLING], motion={"duration_sec": 4})
    routed = route_clip(house.services, jobs, item)
    assert jobs.rows[routed.job_id].request.duration_sec == 5
    row = house.services.rows.clip(house.folder, item.run.run_id, "a")
    assert row is not None
    assert [change.field for change in row.result.deviations] == ["generated_sec"]
