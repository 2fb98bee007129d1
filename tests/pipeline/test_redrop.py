"""What a dropped manifest means, whatever is told how often and in which order."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.batch import BatchState
from shared.clip import ObjectRef
from shared.pipeline.accept import Verdict
from shared.state import Drop, RunRow, decide_drop
from tests.pipeline.house import House, picture, small_manifest

KEY = "film/day-1/manifest.json"
START = datetime(2026, 1, 1, tzinfo=UTC)


def told(version: int, content: str = "a", pictures: str = "p") -> Drop:
    """The manifest's `version`-th put, with this content, beside these pictures."""
    return Drop(
        source=ObjectRef(bucket="drop", key=KEY, version_id=f"v{version}"),
        manifest_sha256=hashlib.sha256(content.encode()).hexdigest(),
        fingerprint=pictures,
        dropped_at=START + timedelta(minutes=version),
        at=START + timedelta(minutes=version),
    )


def at(row: RunRow, state: BatchState, **values: Any) -> RunRow:
    return row.changed(
        state=state, planned_at="x" if state is not BatchState.ACCEPTED else "", **values
    )


FIRST = decide_drop(None, told(1))[0]


def test_the_first_drop_starts_a_run() -> None:
    row, start = decide_drop(None, told(1))
    assert (row.attempt, start) == (1, True)


def test_the_same_event_told_again_never_makes_a_second_run() -> None:
    for state in BatchState:
        row = at(FIRST, state, undone=True)
        assert decide_drop(row, told(1, pictures="other"))[0] is row


def test_a_run_whose_start_was_lost_is_started_by_whatever_comes_next() -> None:
    assert decide_drop(FIRST, told(1)) == (FIRST, True)
    row, start = decide_drop(FIRST, told(2, "b"))
    assert start
    assert (row.run_id, row.pending) == (FIRST.run_id, told(2).source)


def test_a_changed_manifest_waits_for_the_run_at_work() -> None:
    row, start = decide_drop(at(FIRST, BatchState.RENDERING), told(2, "b"))
    assert not start
    assert row.pending == told(2).source


def test_the_same_manifest_beside_a_changed_picture_waits_once_the_run_is_planned() -> None:
    planned = at(FIRST, BatchState.RENDERING)
    assert decide_drop(planned, told(2, pictures="q"))[0].pending == told(2).source
    waiting = FIRST.changed(state=BatchState.WAITING_INPUTS)
    assert decide_drop(waiting, told(2, pictures="q")) == (waiting, False)


def test_the_same_content_after_a_good_end_is_the_same_run() -> None:
    for state in (BatchState.FINISHED, BatchState.REJECTED):
        done = at(FIRST, state)
        assert decide_drop(done, told(2)) == (done, False)


def test_the_same_content_after_an_end_that_left_something_is_tried_again() -> None:
    for row in (
        at(FIRST, BatchState.FINISHED, undone=True),
        at(FIRST, BatchState.CANCELLED),
        at(FIRST, BatchState.FAILED),
    ):
        again, start = decide_drop(row, told(2))
        assert start
        assert (again.attempt, again.version) == (2, row.version)
        assert again.run_id != row.run_id


def test_a_retake_after_an_end_is_a_new_run_although_nothing_changed() -> None:
    done = at(FIRST, BatchState.FINISHED)
    retake = told(1).model_copy(update={"retake": done.run_id})
    again, start = decide_drop(done, retake)
    assert start
    assert again.attempt == 2
    assert decide_drop(again, retake) == (again, True), "told again it is the run it has made"
    rendering = at(again, BatchState.RENDERING)
    assert decide_drop(rendering, retake) == (rendering, False)


def test_a_retake_of_a_run_that_goes_on_waits_for_its_end() -> None:
    rendering = at(FIRST, BatchState.RENDERING)
    retake = told(1).model_copy(update={"retake": rendering.run_id})
    row, start = decide_drop(rendering, retake)
    assert not start
    assert row.pending == retake.source


def test_changed_content_after_an_end_is_a_new_run() -> None:
    done = at(FIRST, BatchState.FINISHED)
    assert decide_drop(done, told(2, "b"))[1]
    assert decide_drop(done, told(2, pictures="q"))[1]


class Drops(RuleBasedStateMachine):
    """One manifest's life: puts, events in any order and number, starts that get lost, ends.

    The queue delivers each event at least once; an execution with a name that ran already is not
    started again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.row: RunRow | None = None
        self.puts: list[Drop] = []
        self.told_at_last: list[int] = []  # events that are still on their way
        self.running: set[str] = set()
        self.executed: set[str] = set()
        self.made: set[tuple[str, str]] = set()
        self.pictures = "p0"

    @initialize()
    def first_put(self) -> None:
        self.put("a")

    @rule(content=st.sampled_from("ab"))
    def put(self, content: str) -> None:
        self.puts.append(told(len(self.puts) + 1, content, self.pictures))
        self.told_at_last.append(len(self.puts) - 1)

    @rule(pictures=st.sampled_from(["p0", "p1"]))
    def replace_a_picture(self, pictures: str) -> None:
        self.pictures = pictures

    @rule(data=st.data(), repeat=st.booleans(), lose_the_start=st.booleans())
    def deliver(self, data: st.DataObject, repeat: bool, lose_the_start: bool) -> None:
        """Any event that is on its way, or one that was told before."""
        choices = range(len(self.puts)) if repeat else self.told_at_last
        if not choices:
            return
        which = data.draw(st.sampled_from(list(choices)))
        self._accept(self.puts[which].source, lose_the_start)
        if not lose_the_start and which in self.told_at_last:
            self.told_at_last.remove(which)
        elif lose_the_start and which not in self.told_at_last:
            self.told_at_last.append(which)  # its handler failed, so it is told again

    def _accept(self, source: ObjectRef, lose_the_start: bool = False) -> None:
        current = self.puts[-1]
        if source.version_id != current.source.version_id:
            return  # outdated: the newer version has an event of its own
        before = self.row
        self.row, start = decide_drop(
            before, current.model_copy(update={"fingerprint": self.pictures})
        )
        if before and self.row.run_id != before.run_id:
            assert before.state.ended, "a live run was pushed aside"
        if start and not lose_the_start and self.row.run_id not in self.executed:
            self.running.add(self.row.run_id)
            self.executed.add(self.row.run_id)

    @rule()
    def plan(self) -> None:
        if self.row and self.row.run_id in self.running and not self.row.state.ended:
            self.row = self.row.changed(
                state=BatchState.RENDERING, planned_at="x", fingerprint=self.pictures
            )

    @rule(
        state=st.sampled_from([BatchState.FINISHED, BatchState.CANCELLED, BatchState.FAILED]),
        undone=st.booleans(),
    )
    def end(self, state: BatchState, undone: bool) -> None:
        row = self.row
        if not row or row.run_id not in self.running or not row.planned_at:
            return
        self.running.discard(row.run_id)
        self.row = row.changed(state=state, undone=undone or state is not BatchState.FINISHED)
        if not self.row.undone:
            content = (row.manifest_sha256, row.fingerprint)
            self.made.add(content)
        if self.row.pending:
            self._accept(self.row.pending)

    @invariant()
    def at_most_one_run_is_live(self) -> None:
        assert len(self.running) <= 1

    def teardown(self) -> None:
        """Once the queue is empty and runs have ended, what lies in the folder has been made."""
        if not self.puts:
            return
        for which in list(self.told_at_last):
            self._accept(self.puts[which].source)
        for _ in range(4):
            self.plan()
            self.end(BatchState.FINISHED, undone=False)
        assert self.row
        assert not self.running
        assert self.row.state.ended
        assert self.row.manifest_sha256 == self.puts[-1].manifest_sha256


TestDrops = Drops.TestCase
TestDrops.settings = settings(max_examples=80, stateful_step_count=25)


def test_ten_drops_of_one_manifest_at_once_are_one_run(house: House) -> None:
    house.put("a.png", picture())
    events = [house.put("manifest.json", small_manifest("a.png")) for _ in range(10)]
    verdicts = [house.deliver(event).verdict for event in events]
    assert len(house.started) == 1
    assert verdicts.count(Verdict.STARTED) == 1
    house.work()
    assert [house.deliver(event).verdict for event in events[:-1]] == [Verdict.OUTDATED] * 9
    assert house.deliver(events[-1]).verdict is Verdict.DUPLICATE
    assert len(house.started) == 1


def test_a_picture_replaced_and_dropped_with_the_manifest_during_a_run_is_made_after_it(
    house: House,
) -> None:
    house.put("a.png", picture(seed=1))
    house.drop("manifest.json", small_manifest("a.png"))

    def watch(state: str, _stem: str) -> None:
        if state == "FinishClip":
            house.put("a.png", picture(seed=2))
            house.drop("manifest.json", small_manifest("a.png"))

    house.work(before=watch)
    assert house.library()["a.png"] == picture(seed=1)
    (waiting,) = house.again
    house.deliver(waiting)
    house.work()
    assert house.library()["a.png"] == picture(seed=2)


def test_the_event_of_a_deleted_manifest_starts_nothing(house: House) -> None:
    event = house.put("manifest.json", small_manifest("a.png"))
    house.objects.delete("drop", event.key)
    assert house.deliver(event).verdict is Verdict.OUTDATED


def test_our_own_answers_and_plain_files_start_nothing(house: House) -> None:
    for name in ("_manifest.json", "_status.json", "a.png", "notes.json", "APPROVED"):
        assert house.drop(name, b"{}").verdict is Verdict.IGNORED
    assert not house.started


def test_what_was_mended_is_not_rejected_any_more(house: House) -> None:
    """The paper of the first run must not lie beside the clips of the second."""
    house.put("a.png", b"no picture")
    house.drop("manifest.json", small_manifest("a.png"))
    house.work()
    assert [each["stem"] for each in house.in_library("rejected.json")["clips"]] == ["a"]
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    house.work()
    assert house.clip("a")["status"] == "done"
    paper = house.in_library("rejected.json")
    assert (paper["problems"], paper["clips"]) == ([], [])


def test_a_batch_without_trouble_has_no_paper_about_it(house: House) -> None:
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    house.work()
    assert "rejected.json" not in house.library()
