"""CANCEL, dropped at any moment."""

import pytest

from shared.batch import BatchState
from shared.keys import Folder
from shared.pipeline.accept import Verdict, accept_drop
from shared.pipeline.broken import settle_broken_run
from tests.pipeline.house import House, build_house, later, picture, small_manifest

STEPS = (
    *(("CheckManifest", ""), ("AwaitKeyframes", ""), ("PlanBatch", "")),
    *((state, "a") for state in ("PrepareClip", "FinishClip", "InspectClip", "PublishClip")),
    ("PrepareClip", "b"),
)


def two_clips() -> House:
    house = build_house()
    house.put("a.png", picture(seed=1))
    house.put("b.png", picture(seed=2))
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    return house


@pytest.mark.parametrize("step", STEPS, ids="-".join)
def test_nothing_is_begun_after_cancel(step: tuple[str, str]) -> None:
    house = two_clips()
    begun_after = []
    cancelled = False

    def watch(state: str, stem: str) -> None:
        nonlocal cancelled
        if cancelled:
            begun_after.append((state, stem))
        if (state, stem) == step:
            house.drop("CANCEL", b"")
            cancelled = True

    assert house.work(before=watch).state is BatchState.CANCELLED
    assert house.status()["state"] == "cancelled"
    statuses = {clip["status"] for clip in house.status()["clips"]}
    assert statuses <= {"cancelled", "done"}
    assert ("FinishClip", "b") not in begun_after
    assert ("PublishClip", "a") not in begun_after


@pytest.mark.parametrize("name", ["cancel", "Cancel", "CANCEL"])
def test_the_word_counts_in_any_letter_case(name: str) -> None:
    house = two_clips()
    house.drop(name, b"please")
    assert house.work().state is BatchState.CANCELLED


def test_jobs_are_looked_at_as_soon_as_the_run_says_that_it_is_to_stop() -> None:
    house = two_clips()
    seen: list[tuple[Folder, bool]] = []
    accept_drop(
        house.services,
        house,
        house.put("CANCEL", b""),
        hasten=lambda folder: seen.append((folder, house.row().cancel_requested)),
    )
    assert seen == [(house.folder, True)]


def test_cancel_while_it_waits_for_keyframes(house: House) -> None:
    house.drop("manifest.json", small_manifest("late.png"))
    house.drop("CANCEL", b"")
    assert house.work().state is BatchState.CANCELLED


def test_cancel_after_the_last_clip_leaves_the_batch_finished() -> None:
    house = two_clips()

    def watch(state: str, _stem: str) -> None:
        if state == "CloseBatch":
            house.drop("CANCEL", b"")

    assert house.work(before=watch).state is BatchState.FINISHED
    assert house.status()["counts"] == {"total": 2, "done": 2}


def test_dropping_the_manifest_after_cancel_makes_what_is_left() -> None:
    house = two_clips()

    def watch(state: str, stem: str) -> None:
        if (state, stem) == ("PrepareClip", "b"):
            house.drop("CANCEL", b"")

    house.work(before=watch)
    later(house, 2)
    acceptance = house.drop("manifest.json", small_manifest("a.png", "b.png"))
    assert acceptance.verdict is Verdict.STARTED
    house.work()
    assert house.status()["counts"] == {"total": 2, "done": 2}
    assert house.in_library("a.video_meta.json")["reused"]


def test_the_event_of_an_old_cancel_told_again_stops_nothing() -> None:
    house = two_clips()
    marker = house.put("CANCEL", b"")
    house.deliver(marker)
    house.work()
    later(house, 2)
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    house.deliver(marker)
    assert house.work().state is BatchState.FINISHED


def test_a_cancel_whose_event_comes_before_the_manifest_s_still_counts(house: House) -> None:
    house.put("a.png", picture())
    manifest = house.put("manifest.json", small_manifest("a.png"))
    later(house, 2)
    house.drop("CANCEL", b"")
    house.deliver(manifest)
    assert house.work().state is BatchState.CANCELLED


def test_cancel_also_stops_the_newer_manifest_that_waits() -> None:
    house = two_clips()
    house.drop("manifest.json", small_manifest("a.png"))
    later(house, 2)
    house.drop("CANCEL", b"")
    house.work()
    (waiting,) = house.again
    house.deliver(waiting)
    assert house.work(house.started[-1]).state is BatchState.CANCELLED


def test_a_run_that_ops_aborted_ends_cancelled_and_tells_so() -> None:
    house = two_clips()
    run = house.ref(house.started[-1])
    house.open(run)
    house.plan(run)
    assert settle_broken_run(house.services, house, run, "ABORTED")
    assert house.status()["state"] == "cancelled"
    assert {clip["status"] for clip in house.status()["clips"]} == {"cancelled"}
