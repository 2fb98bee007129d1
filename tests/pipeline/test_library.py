"""The library belongs to its owners: what we did not write stays as it is."""

import json

import pytest

from shared.errors import LibraryKeyTaken
from shared.manifest.guard import protected_folder
from shared.pipeline.accept import Verdict
from shared.pipeline.library import publish_bytes
from tests.pipeline.house import House, build_house, picture, small_manifest

FOREIGN = b"somebody else's work"


def lay(house: House, name: str) -> None:
    house.objects.write("library", house.folder.key(name), FOREIGN, content_type="video/mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.proxy.mp4", "a.poster.jpg", "a.png", "a.yaml"])
def test_a_foreign_file_rejects_the_clip_and_stays(name: str) -> None:
    house = build_house()
    lay(house, name)
    house.put("a.png", picture(seed=1))
    house.put("a.yaml", b"x: 1")
    house.put("b.png", picture(seed=2))
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    house.work()
    assert house.library()[name] == FOREIGN
    assert house.status()["counts"] == {"total": 2, "done": 1, "rejected": 1}
    assert name in house.clip("a")["reasons"][0]


def test_once_the_foreign_file_is_moved_away_the_same_manifest_makes_the_clip(
    house: House,
) -> None:
    lay(house, "a.mp4")
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    house.work()
    house.objects.delete("library", house.folder.key("a.mp4"))
    again = house.drop("manifest.json", small_manifest("a.png"))
    assert again.verdict is Verdict.STARTED
    house.work()
    assert house.clip("a")["status"] == "done"


@pytest.mark.parametrize("name", ["report.html", "delivery.zip", "cost.json", "contact_sheet.jpg"])
def test_a_foreign_file_among_the_batch_s_papers_stays_and_the_batch_finishes(name: str) -> None:
    house = build_house()
    lay(house, name)
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    house.work()
    assert house.library()[name] == FOREIGN
    assert house.status()["state"] == "finished"
    assert f"`{name}` was not written" in house.status()["message"]


def test_our_own_older_file_is_replaced_and_keeps_its_versions(house: House) -> None:
    house.put("a.png", picture(seed=1))
    house.drop("manifest.json", small_manifest("a.png"))
    house.work()
    old = house.objects.head("library", house.folder.key("a.mp4"))
    house.put("a.png", picture(seed=2))
    house.drop("manifest.json", small_manifest("a.png"))
    house.work()
    new = house.objects.head("library", house.folder.key("a.mp4"))
    assert old
    assert new
    assert old.ref.etag != new.ref.etag
    assert house.objects.read(old.ref)


@pytest.mark.parametrize(
    "path", ["__crop/a.png", "x/__selected/a.png", "mojo1/a.png", "__CROPPED/a.png"]
)
def test_nothing_is_ever_written_below_a_protected_folder(path: str) -> None:
    house = build_house()
    house.put(path, picture(seed=1))
    house.put("b.png", picture(seed=2))
    house.drop("manifest.json", small_manifest(path, "b.png"))
    house.work()
    assert house.status()["counts"] == {"total": 2, "done": 1, "rejected": 1}
    written = [ref.key for ref in house.objects.list("library", "")]
    assert not [key for key in written if protected_folder(key)]


def test_publishing_below_a_protected_folder_is_refused_at_the_last_door(house: House) -> None:
    with pytest.raises(Exception, match="protected"):
        publish_bytes(
            house.services, "mojo1/day/a.mp4", b"", run_id="r", content="c", type_="video/mp4"
        )


def test_a_place_taken_between_look_and_write_is_not_written_over(house: House) -> None:
    key = house.folder.key("a.json")
    head = house.objects.head

    def head_then_lose_the_race(bucket: str, key: str, version_id: str | None = None) -> object:
        house.objects.head = head  # type: ignore[method-assign]
        found = head(bucket, key, version_id)
        house.objects.write(bucket, key, FOREIGN, content_type="text/plain")
        return found

    house.objects.head = head_then_lose_the_race  # type: ignore[method-assign, assignment]
    with pytest.raises(Exception, match="not in the expected state"):
        publish_bytes(house.services, key, b"ours", run_id="r", content="c", type_="text/plain")
    with pytest.raises(LibraryKeyTaken):
        publish_bytes(house.services, key, b"ours", run_id="r", content="c", type_="text/plain")
    assert house.library()["a.json"] == FOREIGN


def test_two_clips_cannot_take_each_other_s_files(house: House) -> None:
    """`a.poster.png` would be published where the poster of `a` goes."""
    house.put("a.png", picture(seed=1))
    house.put("a.poster.png", picture(seed=2))
    house.drop("manifest.json", small_manifest("a.png", "a.poster.png"))
    house.work()
    library = house.library()
    stems = {name for name in library if name.endswith(".mp4")}
    assert stems <= {"a.mp4", "a.proxy.mp4"}
    assert json.loads(library["a.video_meta.json"])["stem"] == "a" if stems else True
