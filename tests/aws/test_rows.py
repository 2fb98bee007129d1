"""Rows in DynamoDB: whoever read an older truth cannot write over a newer one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.aws.rows import DynamoRows
from shared.batch import BatchState, ClipResult, ClipStatus
from shared.clip import ObjectRef
from shared.keys import Folder
from shared.ports import Conflict
from shared.state import ClipRow, Drop, PaidJob, RunRow, decide_drop

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FOLDER = Folder("film ü", "day 1 %")


def _run(name: str = "manifest.json") -> RunRow:
    drop = Drop(
        source=ObjectRef(bucket="drop", key=FOLDER.key(name), version_id="v1"),
        manifest_sha256="a" * 64,
        fingerprint="b",
        dropped_at=NOW,
        at=NOW,
    )
    row, start = decide_drop(None, drop)
    assert start
    return row


def _clip(stem: str, index: int = 0) -> ClipRow:
    return ClipRow(
        project_id=FOLDER.project_id,
        batch_id=FOLDER.batch_id,
        run_id="run-1",
        stem=stem,
        index=index,
        result=ClipResult(stem=stem, index=index, status=ClipStatus.WAITING),
    )


def test_a_run_is_found_again_under_its_unicode_folder(table: Any) -> None:
    rows = DynamoRows(table)
    saved = rows.save_run(_run())
    assert rows.run(FOLDER, "manifest.json") == saved
    assert rows.runs(FOLDER) == [saved]
    assert rows.run(Folder("film", "day 1"), "manifest.json") is None


def test_of_two_writers_who_read_the_same_row_one_wins(table: Any) -> None:
    rows = DynamoRows(table)
    first = rows.save_run(_run())
    rows.save_run(first.changed(state=BatchState.RENDERING))
    with pytest.raises(Conflict):
        rows.save_run(first.changed(state=BatchState.CANCELLED))
    with pytest.raises(Conflict):
        rows.save_run(_run())
    found = rows.run(FOLDER, "manifest.json")
    assert found is not None
    assert found.state is BatchState.RENDERING


def test_planning_twice_keeps_what_has_moved_on(table: Any) -> None:
    rows = DynamoRows(table)
    rows.save_new_clips([_clip(f"c{n:03}", n) for n in range(60)])
    first = rows.clip(FOLDER, "run-1", "c007")
    assert first is not None
    rows.save_clip(first.moved(ClipStatus.DONE))
    rows.save_new_clips([_clip(f"c{n:03}", n) for n in range(62)])
    clips = rows.clips(FOLDER, "run-1")
    assert [clip.index for clip in clips] == list(range(62))
    assert clips[7].status is ClipStatus.DONE


def test_a_job_that_is_noted_again_counts_once(table: Any) -> None:
    rows = DynamoRows(table)
    rows.save_paid(FOLDER, [_paid("one", 0.0), _paid("two", 0.5)])
    rows.save_paid(FOLDER, [_paid("one", 0.25)])
    assert rows.paid(FOLDER) == [_paid("one", 0.25), _paid("two", 0.5)]
    assert rows.paid(Folder("film", "day-1")) == []


def _paid(job: str, usd: float) -> PaidJob:
    return PaidJob(job_id=job, manifest="manifest.json", usd=usd)
