"""What is made once is found by its content, and only then."""

import json
from typing import Any

from shared.clip import ObjectRef
from tests.pipeline.house import SMALL, House, picture, small_manifest


def masters(house: House) -> int:
    """How many masters were ever encoded."""
    return sum(ref.name == "master.mp4" for ref in house.objects.list("work", "artefacts/"))


def reused(house: House) -> dict[str, bool]:
    library = house.library()
    metas = [json.loads(library[name]) for name in library if name.endswith(".video_meta.json")]
    return {meta["stem"]: meta["reused"] for meta in metas}


def test_an_edited_manifest_remakes_the_changed_clip_alone(house: House) -> None:
    house.put("a.png", picture(seed=1))
    house.put("b.png", picture(seed=2))
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    house.work()
    before = house.library()
    edited: dict[str, Any] = small_manifest("a.png", "b.png")
    edited["keyframes"][1]["motion"] = {"type": "zoom_out", "intensity": 0.1}
    house.drop("manifest.json", edited)
    house.work()
    after = house.library()
    assert after["a.mp4"] == before["a.mp4"]
    assert after["b.mp4"] != before["b.mp4"]
    assert reused(house) == {"a": True, "b": False}
    assert masters(house) == 3


def test_another_batch_with_the_same_picture_and_move_pays_for_nothing(house: House) -> None:
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    house.work()
    first = house.library()["a.mp4"]
    house.folder = type(house.folder)("film", "day-2")
    house.put("renamed.png", picture())
    house.drop("manifest.json", small_manifest("renamed.png"))
    house.work()
    assert house.library()["renamed.mp4"] == first
    assert masters(house) == 1
    meta = house.in_library("renamed.video_meta.json")
    assert meta["reused"]
    assert {each["name"] for each in meta["files"].values()} == {
        "renamed.mp4",
        "renamed.proxy.mp4",
        "renamed.poster.jpg",
    }


def test_the_same_picture_under_two_names_gives_two_clips(house: House) -> None:
    house.put("a.png", picture())
    house.put("b.png", picture())
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    house.work()
    assert house.status()["counts"] == {"total": 2, "done": 2}
    assert house.library()["a.mp4"] == house.library()["b.mp4"]


def test_a_clip_made_twice_at_once_is_the_same_to_the_byte(house: House) -> None:
    """Two workers may make one content at the same time; who writes last must change nothing."""
    made = []
    for _ in range(2):
        house.put("a.png", picture())
        house.drop("manifest.json", small_manifest("a.png"))
        house.work()
        made.append([house.objects.read(ref) for ref in _artefacts(house)])
        for ref in _artefacts(house):
            house.objects.delete(ref.bucket, ref.key)  # expired: so it is made anew
        house.folder = type(house.folder)("film", "day-2")
    assert made[0] == made[1]


def _artefacts(house: House) -> list[ObjectRef]:
    names = ("master.mp4", "proxy.mp4", "poster.jpg")
    return [ref for ref in house.objects.list("work", "artefacts/") if ref.name in names]


def test_warnings_of_a_reused_clip_are_told_again(house: House) -> None:
    large: dict[str, Any] = {**SMALL, "resolution": "1080p", "motion": {"duration_sec": 0.2}}
    manifest = {"defaults": large, "keyframes": [{"image_path": "a.png"}]}
    told = []
    for batch in ("day-1", "day-2"):
        house.folder = type(house.folder)("film", batch)
        house.put("a.png", picture())
        house.drop("manifest.json", manifest)
        house.work()
        told.append(house.clip("a")["warnings"])
    assert told[0] == told[1]


def test_a_clip_that_is_published_already_is_not_written_again(house: House) -> None:
    house.put("a.png", picture(seed=1))
    house.put("b.png", picture(seed=2))
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    house.work()
    before = _version(house, "a.mp4")
    house.put("b.png", picture(seed=3))
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    house.work()
    assert _version(house, "a.mp4") == before


def _version(house: House, name: str) -> str | None:
    head = house.objects.head("library", house.folder.key(name))
    assert head is not None
    return head.ref.version_id
