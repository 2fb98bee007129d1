"""Several manifests in one folder."""

from shared.batch import BatchState
from shared.pipeline.accept import Verdict
from tests.pipeline.house import House, picture, small_manifest


def open_both(house: House, first: list[str], second: list[str]) -> None:
    for seed, name in enumerate(sorted({*first, *second})):
        house.put(name, picture(seed=seed))
    house.drop("one.manifest.json", small_manifest(*first))
    house.drop("two.manifest.json", small_manifest(*second))


def counts(house: House) -> dict[str, dict[str, int]]:
    return {run["manifest"]: run["counts"] for run in house.runs()}


def test_manifests_with_different_pictures_both_finish(house: House) -> None:
    open_both(house, ["a.png"], ["b.png"])
    one = house.ref(house.started[0])
    house.open(one)
    items = house.plan(one)
    house.work(house.started[1])
    for item in items:
        house.make(item)
    house.close(one, BatchState.FINISHED)
    assert counts(house) == {
        "one.manifest.json": {"total": 1, "done": 1},
        "two.manifest.json": {"total": 1, "done": 1},
    }
    assert {"a.mp4", "b.mp4"} <= house.library().keys()


def test_a_clip_that_the_other_is_making_is_refused_and_the_rest_made(house: House) -> None:
    open_both(house, ["a.png", "b.png"], ["B.png", "c.png"])
    one = house.ref(house.started[0])
    house.open(one)
    items = house.plan(one)
    house.work(house.started[1])
    assert counts(house)["two.manifest.json"] == {"total": 2, "done": 1, "rejected": 1}
    for item in items:
        house.make(item)
    house.close(one, BatchState.FINISHED)
    assert counts(house)["one.manifest.json"] == {"total": 2, "done": 2}
    errors = house.answer("_ERRORS.md")
    assert "`one.manifest.json` in the same folder is making a clip called" in errors


def test_after_the_other_has_ended_the_same_manifest_can_be_dropped_again(house: House) -> None:
    open_both(house, ["a.png"], ["a.png", "b.png"])
    one = house.ref(house.started[0])
    house.open(one)
    items = house.plan(one)
    house.work(house.started[1])
    for item in items:
        house.make(item)
    house.close(one, BatchState.FINISHED)
    again = house.drop("two.manifest.json", small_manifest("a.png", "b.png"))
    assert again.verdict is Verdict.STARTED
    house.work()
    assert counts(house)["two.manifest.json"] == {"total": 2, "done": 2}


def test_what_is_wrong_with_one_is_still_told_when_the_other_ends_well(house: House) -> None:
    house.put("a.png", picture())
    house.drop("bad.manifest.json", b'{"keyframes": [}')
    house.work()
    house.drop("good.manifest.json", small_manifest("a.png"))
    house.work()
    errors = house.answer("_ERRORS.md")
    assert "bad.manifest.json" in errors
    assert "line 1, column" in errors


def test_mended_problems_are_no_longer_told(house: House) -> None:
    house.put("a.png", picture())
    house.drop("one.manifest.json", b"{")
    house.work()
    house.drop("two.manifest.json", b"[")
    house.work()
    assert "one.manifest.json" in house.answer("_ERRORS.md")
    assert "two.manifest.json" in house.answer("_ERRORS.md")
    house.drop("one.manifest.json", small_manifest("a.png"))
    house.work()
    assert "one.manifest.json" not in house.answer("_ERRORS.md")
    assert "two.manifest.json" in house.answer("_ERRORS.md")
    house.drop("two.manifest.json", small_manifest("a.png"))
    house.work()
    assert "_ERRORS.md" not in house.in_drop()


def test_cancel_stops_every_manifest_of_the_folder(house: House) -> None:
    open_both(house, ["a.png"], ["b.png"])
    house.drop("CANCEL", b"")
    for row in house.started:
        assert house.work(row).state is BatchState.CANCELLED
