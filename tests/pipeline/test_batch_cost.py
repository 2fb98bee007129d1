"""The bill of a batch: every run of its manifests counts, and nothing counts twice."""

import json
from pathlib import Path

import pytest

from shared.batch import BatchState
from shared.jobs.outcome import Billed, JobState, Outcome
from shared.keys import job_result_key
from shared.pipeline.prepare import prepare_clip
from shared.pipeline.results import batch_result, usage_cost
from tests.pipeline.house import House, build_house, picture, small_manifest
from tests.pipeline.test_review import APPROVE, spoil
from tests.pipeline.test_route import WAN, with_wavespeed


@pytest.fixture
def held(tmp_path: Path) -> House:
    house = build_house()
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    spoil(house, tmp_path)
    return house


def total(house: House) -> float:
    usd: float = house.in_library("cost.json")["total"]["total_usd"]
    return usd


def test_an_approval_adds_its_run_to_what_the_batch_had_cost(held: House) -> None:
    before = total(held)
    held.drop("a.review.json", APPROVE)
    held.work()
    bill = held.in_library("cost.json")
    parts = ("clips_total", "shared_by_all_clips", "earlier_runs", "other_manifests")
    assert bill["total"]["total_usd"] == pytest.approx(sum(bill[p]["total_usd"] for p in parts))
    assert bill["earlier_runs"]["total_usd"] >= before
    assert bill["clips_total"]["total_usd"] > 0
    assert held.status()["cost_so_far_usd"]["earlier_runs"] == pytest.approx(
        bill["earlier_runs"]["total_usd"], abs=1e-6
    )
    assert b"of it in earlier runs" in held.library()["report.html"]


def test_a_clip_that_left_the_manifest_stays_on_the_bill(held: House) -> None:
    before = total(held)
    held.put("b.png", picture(seed=2))
    held.drop("manifest.json", small_manifest("b.png"))
    held.work()
    assert total(held) > before + house_clip(held)


def house_clip(house: House) -> float:
    usd: float = house.in_library("cost.json")["clips_total"]["total_usd"]
    return usd


def test_another_manifest_of_the_folder_is_on_the_same_bill(held: House) -> None:
    before = total(held)
    held.put("b.png", picture(seed=2))
    held.drop("more.manifest.json", small_manifest("b.png"))
    held.work()
    bill = held.in_library("cost.json")
    assert bill["other_manifests"]["total_usd"] >= before
    assert bill["total"]["total_usd"] > bill["other_manifests"]["total_usd"]


def test_a_run_that_broke_is_on_the_bill_of_the_next(held: House) -> None:
    row = held.row()
    again = row.changed(earlier_usage={}, clips_usage={}, usage={})
    assert batch_result(held.services, again, []).cost.aws_usd == 0
    spent = usage_cost(row.used) + usage_cost(row.clips_usage)
    held.drop("a.review.json", APPROVE)
    assert held.status()["cost_so_far_usd"]["aws"] == pytest.approx(spent, abs=1e-6)


def _bring_home(house: House, job_id: str) -> None:
    """A file, and the provider's bill."""
    key = job_result_key(job_id)
    result = house.objects.write("work", key, b"film", content_type="video/mp4")
    house.jobs.end(job_id, JobState.SUCCEEDED, Outcome.SUCCEEDED, Billed.YES)
    house.jobs.rows[job_id] = house.jobs.rows[job_id].model_copy(update={"result": result})


def test_a_job_that_a_later_run_takes_up_is_paid_once() -> None:
    house = with_wavespeed()
    house.put("a.png", picture(width=900, height=506))
    settings = {"prompt": "waves", "operation": "image_to_video", "route": [WAN]}
    keyframe = {"image_path": "a.png", "motion": {"duration_sec": 5}, **settings}
    document = json.dumps({"keyframes": [keyframe]}).encode()
    drops = (("manifest.json", b""), ("manifest.json", b" "), ("other.manifest.json", b""))
    for manifest, changed in drops:
        house.drop(manifest, document + changed)
        run = house.ref(house.started[-1])
        house.open(run)
        (item,) = house.plan(run)
        first = prepare_clip(house.services, house.jobs, item)
        if len(house.started) == 1:
            _bring_home(house, first.job_id)
        prepare_clip(house.services, house.jobs, item)
        house.close(run, BatchState.CANCELLED)
    assert len(house.jobs.rows) == 1
    (job,) = house.jobs.rows.values()
    bill = house.in_library("cost.json")
    assert bill["total"]["model_usd"] == pytest.approx(job.estimate_usd)
    assert bill["earlier_runs"]["model_usd"] == 0, "this run looks at the same job"
