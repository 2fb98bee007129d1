"""A name that ends in `.dry-run.manifest.json` asks for plan and price only."""

from typing import Any

import pytest

from shared.batch import BatchState
from tests.pipeline.house import House, picture, small_manifest

NAME = "shots.dry-run.manifest.json"


def test_a_dry_run_writes_its_plan_and_makes_nothing(house: House) -> None:
    house.put("a.png", picture())
    house.put("bad.png", b"")
    house.drop(NAME, small_manifest("a.png", "bad.png"))
    closed = house.work()
    assert closed.state is BatchState.FINISHED
    assert house.status()["counts"] == {"total": 2, "planned": 1, "rejected": 1}
    plan = house.answer("_PLAN.md")
    assert "256 × 144" in plan
    assert "bad" in plan
    assert house.library() == {}
    assert house.audit_lines() == []
    assert not [r for r in house.objects.list("work", "artefacts/") if r.name.endswith(".mp4")]


def test_a_dry_run_told_in_capitals_is_one_too(house: House) -> None:
    house.put("a.png", picture())
    house.drop("SHOTS.Dry-Run.MANIFEST.JSON", small_manifest("a.png"))
    house.work()
    assert house.status()["dry_run"]
    assert house.library() == {}


def test_a_dry_run_does_not_stand_in_the_way_of_the_real_one(house: House) -> None:
    house.put("a.png", picture())
    house.drop(NAME, small_manifest("a.png"))
    dry = house.ref(house.started[0])
    house.open(dry)
    house.plan(dry)
    house.drop("manifest.json", small_manifest("a.png"))
    house.work(house.started[1])
    assert house.clip("a")["status"] == "done"


def test_the_real_one_does_not_stand_in_the_way_of_a_dry_run(house: House) -> None:
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    real = house.ref(house.started[0])
    house.open(real)
    house.plan(real)
    house.drop(NAME, small_manifest("a.png"))
    house.work(house.started[1])
    assert house.clip("a")["status"] == "planned"


UNREAD = "The prompt is not used"


def warned(house: House, **keyframe: Any) -> bool:
    house.put("a.png", picture())
    settings = small_manifest("a.png")
    settings["keyframes"][0].update(keyframe)
    house.drop(NAME, settings)
    house.work()
    clip = house.clip("a")
    assert clip["status"] == "planned"
    return any(UNREAD in warning for warning in clip.get("warnings", ()))


@pytest.mark.parametrize("prompt", ["waves", {"scene": "a quay", "story": "gulls rise"}])
def test_words_that_nobody_reads_are_a_warning(house: House, prompt: object) -> None:
    assert warned(house, prompt=prompt)


@pytest.mark.parametrize(
    "said", [{"route": ["camera_move"]}, {"operation": "camera_move"}], ids=["route", "operation"]
)
def test_who_asks_for_the_camera_knows_that_it_reads_none(
    house: House, said: dict[str, object]
) -> None:
    assert not warned(house, prompt="waves", **said)


def test_a_caption_may_lie_there_for_others(house: House) -> None:
    house.put("a.caption", b"a quay in the rain")
    assert not warned(house)
