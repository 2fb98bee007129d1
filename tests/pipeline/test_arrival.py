"""Files arrive in any order, and change under our hands."""

import hashlib
import json
from typing import Any

import pytest

from shared.batch import BatchState
from shared.pipeline.accept import Verdict
from shared.pipeline.keyframes import NAMED, pause_after
from tests.pipeline.house import House, build_house, picture, small_manifest


def test_a_manifest_before_its_pictures_waits_and_names_them() -> None:
    house = build_house(keyframe_wait_sec=60)
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    looks = 0

    def watch(state: str, _stem: str) -> None:
        nonlocal looks
        looks += state == "AwaitKeyframes"
        if looks == 2:
            waiting = house.status()
            assert waiting["state"] == "waiting_inputs"
            assert "a.png" in waiting["message"]
            assert "b.png" in waiting["message"]
            house.put("a.png", picture(seed=1))
        if looks == 3:
            house.put("b.png", picture(seed=2))

    assert house.work(before=watch).state is BatchState.FINISHED
    assert house.status()["counts"] == {"total": 2, "done": 2}


def test_a_keyframe_that_never_came_is_named_and_harms_no_other(house: House) -> None:
    house.put("here.png", picture())
    house.drop("manifest.json", small_manifest("here.png", "never.png"))
    house.work()
    assert house.status()["counts"] == {"total": 2, "done": 1, "rejected": 1}
    assert "`never.png` did not arrive" in house.clip("never")["reasons"][0]
    assert "never.png" in house.answer("_ERRORS.md")


def test_dropping_the_missing_keyframe_and_the_manifest_again_makes_the_rest(
    house: House,
) -> None:
    house.put("here.png", picture())
    house.drop("manifest.json", small_manifest("here.png", "late.png"))
    house.work()
    house.put("late.png", picture(seed=2))
    assert (
        house.drop("manifest.json", small_manifest("here.png", "late.png")).verdict
        is Verdict.STARTED
    )
    house.work()
    assert house.status()["counts"] == {"total": 2, "done": 2}
    assert "_ERRORS.md" not in house.in_drop()


def test_the_row_of_a_run_that_waits_for_thousands_stays_small(house: House) -> None:
    names = [f"{'n' * 100}-{index:05d}.png" for index in range(1000)]
    house.drop("manifest.json", small_manifest(*names))

    def watch(state: str, _stem: str) -> None:
        if state == "PlanBatch":
            row = house.row()
            assert row.missing_count == 1000
            assert len(row.missing) == NAMED
            assert len(row.model_dump_json()) < 10_000

    house.work(before=watch)
    assert house.status()["counts"]["rejected"] == 1000


@pytest.mark.parametrize("when", ["PrepareClip", "FinishClip", "InspectClip", "PublishClip"])
def test_a_keyframe_replaced_after_the_plan_changes_nothing_of_this_run(when: str) -> None:
    house = build_house()
    house.put("a.png", picture(seed=1))
    house.put("a.yaml", b"first")
    house.drop("manifest.json", small_manifest("a.png"))

    def watch(state: str, _stem: str) -> None:
        if state == when:
            house.put("a.png", picture(seed=2))
            house.put("a.yaml", b"second")

    house.work(before=watch)
    assert house.library()["a.png"] == picture(seed=1)
    assert house.library()["a.yaml"] == b"first"
    meta = house.in_library("a.video_meta.json")
    assert meta["source"]["version_id"]
    assert meta["source"]["sha256"] == hashlib.sha256(picture(seed=1)).hexdigest()


def test_files_deleted_after_the_plan_are_still_delivered(house: House) -> None:
    house.put("a.png", picture())
    house.put("a.yaml", b"first")
    house.drop("manifest.json", small_manifest("a.png"))

    def watch(state: str, _stem: str) -> None:
        if state == "PrepareClip":
            house.objects.delete("drop", house.folder.key("a.png"))
            house.objects.delete("drop", house.folder.key("a.yaml"))

    house.work(before=watch)
    assert house.clip("a")["status"] == "done"
    assert house.library()["a.yaml"] == b"first"


def test_the_manifest_may_be_replaced_while_its_run_is_at_work(house: House) -> None:
    house.put("a.png", picture(seed=1))
    house.put("b.png", picture(seed=2))
    house.drop("manifest.json", small_manifest("a.png"))

    def watch(state: str, _stem: str) -> None:
        if state == "PlanBatch":
            newer = house.drop("manifest.json", small_manifest("a.png", "b.png"))
            assert newer.verdict is Verdict.QUEUED

    house.work(before=watch)
    assert [clip["stem"] for clip in house.status()["clips"]] == ["a"]
    (waiting,) = house.again
    house.deliver(waiting)
    house.work()
    assert house.status()["counts"] == {"total": 2, "done": 2}


def test_a_sidecar_with_a_fault_rejects_its_clip_and_names_the_file(house: House) -> None:
    house.put("a.png", picture(seed=1))
    house.put("b.png", picture(seed=2))
    house.put("a.motion.json", b'{"motion": {"typ": "zoom_in"}}')
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    house.work()
    assert house.status()["counts"] == {"total": 2, "done": 1, "rejected": 1}
    assert "a.motion.json" in house.clip("a")["reasons"][0]


def test_a_missing_colour_table_rejects_its_clip(house: House) -> None:
    manifest: dict[str, Any] = small_manifest("a.png", "b.png")
    manifest["keyframes"][0]["finish"] = {"fps": 24, "lut": "film.cube"}
    house.put("a.png", picture(seed=1))
    house.put("b.png", picture(seed=2))
    house.drop("manifest.json", json.dumps(manifest).encode())
    house.work()
    assert "film.cube" in house.clip("a")["reasons"][0]
    assert house.clip("b")["status"] == "done"


def test_looks_come_soon_at_first_and_never_after_the_wait_is_over() -> None:
    assert pause_after(0, 900) == 1
    assert pause_after(60, 840) == 15
    assert pause_after(600, 300) == 30
    assert pause_after(895, 5) == 5
    assert pause_after(900, -1) == 1
