"""A process may die after any write: the end is the one of an undisturbed run.

To die before a write is to die after the one before it.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from shared.clip import ObjectRef
from shared.pipeline.broken import settle_broken_run
from tests.pipeline.house import House, build_house, picture, small_manifest

MEASURED = {
    *("made_at", "seconds", "cost", "cost_usd", "cost_so_far_usd", "timestamp", "updated_at"),
    *("accepted_at", "ended_at", "planned_at", "dropped_at", "usage", "version", "modified"),
    *("version_id", "message_id", "aws_usd", "clips_usage"),
}
"""Fields that hold times, costs and counters, which a second try may add to."""


def plain(value: Any) -> Any:
    """A document without what is measured."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name not in MEASURED}
    return [plain(each) for each in value] if isinstance(value, list) else value


def outcome(house: House) -> dict[str, Any]:
    """Everything that anybody can see of a house, without what is measured."""
    library = {ref.key: house.objects.read(ref) for ref in house.objects.list("library", "")}
    seen: dict[str, Any] = {}
    for key, data in library.items():
        if key.endswith(".json") and not key.endswith("cost.json"):
            seen[key] = plain(json.loads(data))
        else:
            seen[key] = data if key.endswith((".mp4", ".jpg", ".png")) else "written"
    seen["status"] = plain(json.loads(house.answer("_status.json")))
    seen["errors"] = re.sub(r"\$[\d.]+", "", house.answer("_ERRORS.md"))
    seen["runs"] = [plain(row.model_dump(mode="json")) for row in _rows(house)]
    seen["started"] = [row.run_id for row in house.started]
    return seen


def _rows(house: House) -> list[Any]:
    runs = house.services.rows.runs(house.folder)
    return [*runs, *(c for run in runs for c in house.services.rows.clips(run.folder, run.run_id))]


def laid_out(artefacts_of: House | None = None) -> tuple[House, ObjectRef]:
    """One good picture, one bad one, and a manifest whose event is still to be delivered.

    With `artefacts_of` the clip is found made, which saves the time to encode it.
    """
    house = build_house()
    if artefacts_of:
        for ref in artefacts_of.objects.list("work", "artefacts/"):
            data = artefacts_of.objects.read(ref)
            house.objects.write("work", ref.key, data, content_type="")
    house.put("a.png", picture())
    house.put("bad.png", b"not a picture")
    event = house.put("manifest.json", small_manifest("a.png", "bad.png"))
    house.power.writes = 0
    return house, event


def live(fail_at: int = 0, *, artefacts_of: House | None = None) -> House:
    """A folder's whole way, with a process that dies at a write."""
    house, event = laid_out(artefacts_of)
    house.power.fail_at = fail_at
    house.deliver(event)
    house.work()
    return house


@pytest.fixture(scope="module")
def undisturbed() -> House:
    return live()


def every_write(undisturbed: House) -> Iterator[int]:
    writes = undisturbed.power.writes
    assert writes > 30
    yield from range(1, writes + 1)


def test_dying_at_any_write_changes_nothing_of_the_end(undisturbed: House) -> None:
    expected = outcome(undisturbed)
    for number in every_write(undisturbed):
        house = live(number, artefacts_of=undisturbed)
        found = outcome(house)
        different = {name for name in expected if found.get(name) != expected[name]}
        assert not different, f"write {number}: {[(found.get(n), expected[n]) for n in different]}"
        assert found.keys() == expected.keys()


def test_dying_while_the_clip_is_encoded_makes_it_again(undisturbed: House) -> None:
    expected = outcome(undisturbed)
    artefacts = len(list(undisturbed.objects.list("work", "artefacts/")))
    first = _first_artefact_write()
    for number in range(first, first + artefacts):
        assert outcome(live(number)) == expected


def _first_artefact_write() -> int:
    """Number of the first write of FinishClip."""
    house, event = laid_out()
    house.deliver(event)
    numbers: list[int] = []

    def watch(state: str, _stem: str) -> None:
        if state == "FinishClip":
            numbers.append(house.power.writes + 1)

    house.work(before=watch)
    return numbers[0]


def test_a_waiting_manifest_is_not_lost_when_the_end_of_the_run_before_it_dies() -> None:
    for number in range(1, 40):
        house = build_house()
        house.drop("manifest.json", b"{")
        house.drop("manifest.json", b"[")
        house.power.fail_at = house.power.writes + number
        house.work()
        assert {ref.version_id for ref in house.again} == {house.row().pending.version_id}  # type: ignore[union-attr]
        if not house.power.writes >= house.power.fail_at:
            return
    raise AssertionError("the walk has more writes than were tried")


def test_settling_a_broken_run_survives_dying() -> None:
    for number in range(1, 20):
        house = build_house()
        house.put("a.png", picture())
        house.drop("manifest.json", small_manifest("a.png"))
        run = house.ref(house.started[0])
        house.open(run)
        house.plan(run)
        house.drop("manifest.json", b"[")
        house.power.fail_at = house.power.writes + number
        house.survive(partial(settle_broken_run, house.services, house, run, "FAILED"))
        assert house.status()["state"] == "failed"
        assert house.clip("a")["status"] == "failed"
        assert house.again
        if house.power.writes < house.power.fail_at:
            return
    raise AssertionError("settling has more writes than were tried")
