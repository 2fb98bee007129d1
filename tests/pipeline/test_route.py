"""Clips that models make: tried in the route's order, paid once, finished from the model's file."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared.batch import BatchState, ClipStatus
from shared.clip import ClipPlan, ObjectRef
from shared.errors import BatchCancelled, ModelUnavailable
from shared.jobs.outcome import Billed, JobState, Outcome
from shared.keys import job_result_key
from shared.pipeline.finish import finish_clip
from shared.pipeline.inspect import inspect_clip
from shared.pipeline.prepare import prepare_clip
from shared.pipeline.publish import publish_clip
from shared.pipeline.route import route_clip
from shared.pipeline.services import ClipItem
from shared.pipeline.step import Routed, Step
from shared.routing.policy import Policy
from shared.video.finish import finish_clip as encode
from shared.video.finish_spec import FinishSpec
from tests.moving_picture import frames_of
from tests.pipeline.faults import Killed, MortalJobs
from tests.pipeline.house import House, build_house, picture

WAN, KLING = "wavespeed/wan-2.5", "wavespeed/kling-v2.5-turbo-std"
ROUTE = [WAN, KLING]


@pytest.fixture
def jobs(house: House) -> MortalJobs:
    return house.jobs


@pytest.fixture
def house() -> House:
    return with_wavespeed()


def with_wavespeed() -> House:
    house = build_house()
    engines = frozenset({"camera_move", "api:wavespeed"})
    house.services = replace(house.services, engines=engines)
    return house


def _planned(house: House, route: list[str], **more: object) -> ClipItem:
    """One clip, not prepared yet."""
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
    return item


def _first(house: House, route: list[str], **more: object) -> tuple[ClipItem, Routed]:
    """One clip, prepared, and where it goes."""
    item = _planned(house, route, **more)
    first = prepare_clip(house.services, house.jobs, item)
    return item.model_copy(update={"clip_key": first.clip_key}), first


def _bring_home(
    house: House,
    jobs: MortalJobs,
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
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    item, first = _first(house, ROUTE)
    assert first.step is Step.GENERATE
    job = jobs.rows[first.job_id]
    assert job.request.model == WAN
    assert job.request.prompt.startswith("waves, ")
    assert house.objects.read(job.inputs["image"]).startswith(b"\x89PNG")
    _bring_home(house, jobs, first, tmp_path)
    made = item.model_copy(update={"job_id": first.job_id})
    finish_clip(house.services, jobs, made)
    assert inspect_clip(house.services, made) in ("pass", "warn")
    publish_clip(house.services, made)
    meta = house.in_library("a.video_meta.json")
    assert meta["video"]["frame_count"] == 120
    assert meta["cost"]["model_usd"] == pytest.approx(0.25)  # 5 s at 480p
    assert meta["generation_settings"]["model"] == WAN
    assert meta["generation_settings"]["why"], "the choice is explained"


def _made(
    house: House, jobs: MortalJobs, prepared: tuple[ClipItem, Routed], tmp_path: Path, **more: Any
) -> ClipItem:
    """The clip, brought home, finished, inspected and published."""
    item, first = prepared
    _bring_home(house, jobs, first, tmp_path, **more)
    made = item.model_copy(update={"clip_key": first.clip_key, "job_id": first.job_id})
    finish_clip(house.services, jobs, made)
    inspect_clip(house.services, made)
    publish_clip(house.services, made)
    return made


def test_a_clip_of_another_shape_is_cropped_and_says_so(
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    _made(house, jobs, _first(house, ROUTE), tmp_path, size=(320, 320))
    meta = house.in_library("a.video_meta.json")
    assert (meta["video"]["width"], meta["video"]["height"]) == (854, 480)
    (said,) = [each for each in meta["warnings"] if "another shape" in each]
    assert "320×320" in said
    assert "56%" in said


def test_a_job_for_a_provider_says_nothing_of_the_delivery(house: House, jobs: MortalJobs) -> None:
    """What only our own GPUs heed is not sent to others."""
    _, routed = _first(house, ROUTE)
    assert jobs.rows[routed.job_id].request.delivery is None


def test_what_a_model_was_given_keeps_its_folder_in_the_library(
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    """`a.png` and `ends/a.png` are two files, and both are there afterwards."""
    keyframe, end = picture(width=900, height=506), picture(width=900, height=506, seed=9)
    house.put("ends/a.png", end)
    prepared = _first(house, ["wavespeed/wan-2.7"], last_frame="ends/a.png", resolution="720p")
    _made(house, jobs, prepared, tmp_path)
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


def test_asking_again_before_the_job_has_ended_is_the_same_job(
    house: House, jobs: MortalJobs
) -> None:
    item, first = _first(house, ROUTE)
    answers = {first.job_id, *(route_clip(house.services, jobs, item).job_id for _ in range(3))}
    assert len(answers) == 1
    assert len(jobs.rows) == 1


def test_the_deadline_is_a_setting(house: House, jobs: MortalJobs) -> None:
    limits = replace(house.services.limits, job_deadline=timedelta(seconds=60))
    house.services = replace(house.services, limits=limits)
    _first(house, [WAN])
    (job,) = jobs.rows.values()
    waits = datetime.fromisoformat(job.deadline_at) - datetime.fromisoformat(job.created_at)
    assert waits == timedelta(seconds=60)


def test_after_a_verified_failure_the_next_of_the_route_is_tried(
    house: House, jobs: MortalJobs
) -> None:
    item, first = _first(house, ROUTE)
    jobs.end(first.job_id, JobState.FAILED, Outcome.FAILED, Billed.NO)
    second = route_clip(house.services, jobs, item)
    assert jobs.rows[second.job_id].request.model == KLING
    jobs.end(second.job_id, JobState.FAILED, Outcome.FAILED, Billed.NO)
    with pytest.raises(ModelUnavailable, match="no candidate is left"):
        route_clip(house.services, jobs, item)


@pytest.mark.parametrize("unsettled", ["unknown", "timed out"])
def test_nobody_else_is_paid_while_somebody_may_still_deliver(
    house: House, jobs: MortalJobs, unsettled: str
) -> None:
    item, first = _first(house, ROUTE)
    if unsettled == "unknown":
        held = {"state": JobState.SUBMIT_UNKNOWN, "note": "the line broke"}
        jobs.rows[first.job_id] = jobs.rows[first.job_id].model_copy(update=held)
    else:
        jobs.end(first.job_id, JobState.FAILED, Outcome.TIMED_OUT, Billed.UNKNOWN)
    answer = route_clip(house.services, jobs, item)
    assert answer.step is Step.HOLD
    assert answer.reason
    assert len(jobs.rows) == 1


def test_a_camera_move_at_the_end_of_the_route_takes_over(house: House, jobs: MortalJobs) -> None:
    item, first = _first(house, [WAN, "camera_move"])
    jobs.end(first.job_id, JobState.REJECTED, Outcome.MODERATED, Billed.NO)
    second = route_clip(house.services, jobs, item)
    assert (second.step, second.job_id) == (Step.FINISH, "")
    assert second.clip_key != first.clip_key


def test_a_later_run_with_the_same_clip_meets_the_paid_job(
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    first, paid = _first(house, [WAN])
    _bring_home(house, jobs, paid, tmp_path)
    house.close(first.run, BatchState.FAILED)
    later, again = _first(house, [WAN], negative_prompt=None)
    assert later.run.run_id != first.run.run_id
    assert again.job_id == paid.job_id
    assert len(jobs.rows) == 1


@pytest.mark.parametrize("default", [(KLING,), ()])
def test_a_route_that_the_manifest_leaves_open_is_the_projects(
    house: House, jobs: MortalJobs, default: tuple[str, ...]
) -> None:
    house.services = replace(house.services, default_route=lambda _project: default)
    item, routed = _first(house, [])
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
    house: House, jobs: MortalJobs
) -> None:
    _pause(house, "wavespeed")
    item, routed = _first(house, [WAN, ELSEWHERE])
    assert jobs.rows[routed.job_id].candidate.startswith(ELSEWHERE)
    row = house.services.rows.clip(house.folder, item.run.run_id, "a")
    assert row is not None
    (change,) = row.result.deviations
    assert (change.field, change.asked) == ("route", WAN)
    assert "paused: HTTP 503" in change.reason


@pytest.mark.parametrize("route", [[WAN], [WAN, ELSEWHERE], [WAN, "camera_move"]])
def test_when_all_models_are_paused_the_first_is_waited_for(
    house: House, jobs: MortalJobs, route: list[str]
) -> None:
    _pause(house, "wavespeed", "replicate")
    _, routed = _first(house, route)
    assert routed.step is Step.GENERATE
    assert jobs.rows[routed.job_id].candidate.startswith(WAN)


def test_what_a_paused_provider_has_made_already_is_not_paid_elsewhere(
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    first, paid = _first(house, [WAN, ELSEWHERE])
    _bring_home(house, jobs, paid, tmp_path)
    house.close(first.run, BatchState.FAILED)
    _pause(house, "wavespeed")
    _, again = _first(house, [WAN, ELSEWHERE], negative_prompt=None)
    assert again.job_id == paid.job_id
    assert len(jobs.rows) == 1


def test_a_cancelled_clip_says_what_runs_on_and_may_be_billed(
    house: House, jobs: MortalJobs
) -> None:
    item, routed = _first(house, [WAN])
    stopping = {"state": JobState.RUNNING, "stopping": "wavespeed cannot be asked to stop"}
    jobs.rows[routed.job_id] = jobs.rows[routed.job_id].model_copy(update=stopping)
    house.drop("CANCEL", b"")
    with pytest.raises(BatchCancelled, match=r"cannot be asked to stop.*dropping the manifest"):
        route_clip(house.services, jobs, item)


@pytest.mark.parametrize("by_us", [True, False])
def test_a_run_that_joined_a_job_which_was_then_stopped_tries_anew(
    house: House, jobs: MortalJobs, by_us: bool
) -> None:
    item, first = _first(house, [WAN])
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


def test_a_length_that_no_model_makes_is_cut_from_a_longer_one(
    house: House, jobs: MortalJobs
) -> None:
    item, routed = _first(house, [KLING], motion={"duration_sec": 4})
    assert jobs.rows[routed.job_id].request.duration_sec == 5
    row = house.services.rows.clip(house.folder, item.run.run_id, "a")
    assert row is not None
    assert [change.field for change in row.result.deviations] == ["generated_sec"]


def _plan_of(house: House, item: ClipItem) -> ClipPlan:
    key = item.run.work.plan(item.index)
    return ClipPlan.model_validate_json(house.objects.read(ObjectRef(bucket="work", key=key)))


def test_dying_at_any_write_of_preparing_opens_one_attempt(house: House, jobs: MortalJobs) -> None:
    """The row and the plan are those of an undisturbed run, whichever write was the last."""
    item = _planned(house, ROUTE)
    before = house.power.writes
    expected = prepare_clip(house.services, jobs, item)
    writes = house.power.writes - before
    assert writes > 5
    for number in range(1, writes + 1):
        house = with_wavespeed()
        item = _planned(house, ROUTE)
        house.power.fail_at = house.power.writes + number
        routed = house.survive(partial(prepare_clip, house.services, house.jobs, item))
        assert routed == expected, number
        assert list(house.jobs.rows) == [expected.job_id], number
        assert _plan_of(house, item).clip_key == expected.clip_key
        row = house.services.rows.clip(house.folder, item.run.run_id, "a")
        assert row is not None
        assert row.status is ClipStatus.GENERATING


def test_a_stand_in_is_not_forgotten_when_its_provider_recovers_while_the_process_is_dead() -> None:
    """Its row is sent off by the sweep, so whoever comes back has to know of it."""
    number, died = 0, True
    while died:
        number += 1
        house = with_wavespeed()
        _pause(house, "wavespeed")
        item = _planned(house, [WAN, ELSEWHERE])
        house.power.fail_at = house.power.writes + number
        with suppress(Killed):
            prepare_clip(house.services, house.jobs, item)
        died, house.power.fail_at = house.power.out, 0
        house.power.restore()
        house.services = replace(house.services, health=dict)
        routed = prepare_clip(house.services, house.jobs, item)
        assert list(house.jobs.rows) == [routed.job_id], number


def test_a_clip_that_is_prepared_again_goes_on_with_what_was_tried(
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    """A redrive may begin the clip anew: its second attempt runs, or has come already."""
    item, first = _first(house, ROUTE)
    jobs.end(first.job_id, JobState.FAILED, Outcome.FAILED, Billed.YES)
    second = route_clip(house.services, jobs, item)
    again = prepare_clip(house.services, jobs, item)
    assert (again.step, again.job_id) == (Step.GENERATE, second.job_id)
    _bring_home(house, jobs, second, tmp_path)
    once_more = prepare_clip(house.services, jobs, item)
    assert (once_more.step, once_more.job_id) == (Step.FINISH, second.job_id)
    assert _plan_of(house, item).model == KLING
    assert len(jobs.rows) == 2


def test_every_attempt_that_was_billed_is_in_the_cost_of_the_clip(
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    item, first = _first(house, ROUTE)
    jobs.end(first.job_id, JobState.FAILED, Outcome.FAILED, Billed.YES)
    second = route_clip(house.services, jobs, item)
    _bring_home(house, jobs, second, tmp_path)
    made = item.model_copy(update={"clip_key": second.clip_key, "job_id": second.job_id})
    finish_clip(house.services, jobs, made)
    row = house.services.rows.clip(house.folder, item.run.run_id, "a")
    assert row is not None
    estimates = sum(jobs.rows[each].estimate_usd for each in (first.job_id, second.job_id))
    assert sum(row.result.paid.values()) == pytest.approx(estimates)


def test_who_cancels_once_the_clip_is_there_reads_that_it_is(
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    item, first = _first(house, [WAN])
    _bring_home(house, jobs, first, tmp_path)
    house.drop("CANCEL", b"")
    with pytest.raises(BatchCancelled, match="had made it already"):
        finish_clip(house.services, jobs, item.model_copy(update={"job_id": first.job_id}))


def test_a_dry_run_and_a_camera_move_open_nothing(house: House, jobs: MortalJobs) -> None:
    item, moved = _first(house, ["camera_move"], operation="camera_move", prompt=None)
    assert (moved.step, moved.job_id) == (Step.FINISH, "")
    assert not jobs.rows
    house.close(item.run, BatchState.FAILED)
    dry = _planned(house, [WAN])
    dry = dry.model_copy(update={"run": dry.run.model_copy(update={"dry_run": True})})
    planned = prepare_clip(house.services, jobs, dry)
    assert (planned.step, planned.job_id) == (Step.PLANNED, "")
    assert not jobs.rows


def test_the_states_of_a_clip_that_is_tried_again_are_counted(
    house: House, jobs: MortalJobs, tmp_path: Path
) -> None:
    """Four more than the attempt's own: TryAgain, FinishClip, InspectClip and JudgeClip."""
    item, first = _first(house, [WAN])

    def inspected(routed: Routed) -> ClipItem:
        assert routed.step is Step.GENERATE
        _bring_home(house, jobs, routed, tmp_path / routed.job_id)
        made = item.model_copy(update={"clip_key": routed.clip_key, "job_id": routed.job_id})
        finish_clip(house.services, jobs, made)
        inspect_clip(house.services, made)
        return made

    failed = inspected(first).model_copy(update={"failed_inspection": first.job_id})
    publish_clip(house.services, inspected(route_clip(house.services, jobs, failed)))
    row = house.services.rows.clip(house.folder, item.run.run_id, "a")
    assert row is not None
    assert row.usage["transitions"] == 9 + 7


def test_the_states_of_a_clip_that_is_refused_are_counted(house: House) -> None:
    """PrepareClip, RejectClip, RecordClipEnd, NotifyClip, and the end."""
    house.make(_planned(house, ["sora-2"]))
    row = house.services.rows.clip(house.folder, house.started[-1].run_id, "a")
    assert row is not None
    assert row.status is ClipStatus.REJECTED
    assert row.usage["transitions"] == 5


def test_only_a_camera_move_is_told_that_its_keyframe_is_too_small() -> None:
    told = {}
    for operation, route in (("image_to_video", [WAN]), ("camera_move", [])):
        house = with_wavespeed()
        item, _ = _first(house, route, resolution="720p", operation=operation)
        row = house.services.rows.clip(house.folder, item.run.run_id, "a")
        assert row is not None
        told[operation] = any("closest view" in warning for warning in row.result.warnings)
    assert told == {"image_to_video": False, "camera_move": True}
