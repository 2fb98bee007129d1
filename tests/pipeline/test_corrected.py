"""The corrected manifest in `_ERRORS.md`: dropped as it stands there, it goes through."""

import json
import re
from typing import Any

from shared.batch import BatchState
from tests.pipeline.house import SMALL, House, picture

FENCED = re.compile(r"^(`{3,})json\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)


def corrected(house: House) -> bytes:
    [(_, manifest)] = FENCED.findall(house.answer("_ERRORS.md"))
    return str(manifest).encode()


def drop(house: House, entry: dict[str, Any], **more: Any) -> None:
    house.drop("manifest.json", {"defaults": SMALL, "keyframes": [entry], **more})
    house.work()


def test_a_refused_manifest_is_corrected_told_and_goes_through(house: House) -> None:
    house.put("a.png", picture())
    drop(house, {"image_path": "a.png", "motoin": {"type": "statik"}}, batchid="day-1")
    assert house.status()["state"] == "rejected"
    errors = house.answer("_ERRORS.md")
    assert "- `batchid`: is called `batch_id` now (the only known name like it)" in errors
    assert "Still yours to decide" not in errors
    house.drop("manifest.json", corrected(house))
    assert house.work().state is BatchState.FINISHED
    assert "a.mp4" in house.library()


def test_a_move_that_races_is_given_the_time_it_needs(house: House) -> None:
    house.put("a.png", picture())
    move = {"end_rect": [0.25, 0.25, 0.75, 0.75], "start_rect": [0, 0, 1, 1], "easing": "linear"}
    drop(house, {"image_path": "a.png", "motion": {**move, "duration_sec": 1.0}})
    assert house.clip("a")["status"] == "rejected"
    assert json.loads(corrected(house))["keyframes"][0]["motion"]["duration_sec"] == 2
    assert "is now 2; it was 1.0 (so the camera's move passes)" in house.answer("_ERRORS.md")


def test_a_missing_keyframe_becomes_the_only_file_alike(house: House) -> None:
    house.put("a.jpg", picture(kind="JPEG"))
    drop(house, {"image_path": "a.png"})
    assert json.loads(corrected(house))["keyframes"] == [{"image_path": "a.jpg"}]


def test_what_a_person_must_decide_is_listed(house: House) -> None:
    house.put("a.png", picture())
    house.put("b.png", picture(seed=2))
    wrong = {"image_path": "a.png", "finish": {"fps": 29}, "motion": {"type": "zoom_inn"}}
    drop(house, wrong, projectid="film")
    left = house.answer("_ERRORS.md").split("### Still yours to decide")[1]
    assert "`keyframes[0].finish.fps`: must be one of" in left
    assert "zoom" not in left


def test_of_a_long_manifest_only_the_corrected_entries_are_shown(house: House) -> None:
    entries: list[dict[str, Any]] = [{"image_path": f"{n:04d}.png"} for n in range(1500)]
    entries[7]["motion"] = {"type": "zoom_inn"}
    house.drop("manifest.json", {"x": 1, "keyframes": entries})
    house.work()
    errors = house.answer("_ERRORS.md")
    assert "`keyframes[7]`:\n\n````json\n" in errors
    assert len(errors) < 5000
