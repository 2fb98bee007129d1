"""`_status.json` with many writers: never backwards, and the end is never missed."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from shared.batch import ClipStatus
from shared.clip import ObjectRef
from shared.keys import STATUS_NAME
from shared.pipeline.status import write_status
from shared.ports import PreconditionFailed
from tests.pipeline.house import House, later, picture, small_manifest


def planned(house: House, clips: int) -> None:
    names = [f"{index:02d}.png" for index in range(clips)]
    for index, name in enumerate(names):
        house.put(name, picture(seed=index))
    house.drop("manifest.json", small_manifest(*names))
    run = house.ref(house.started[0])
    house.open(run)
    house.plan(run)


def done(document: bytes) -> int:
    (run,) = json.loads(document)["runs"]
    found: int = run["counts"].get("done", 0)
    return found


def test_writers_at_the_same_time_never_go_backwards(house: House) -> None:
    planned(house, 16)
    history: list[int] = []
    write = house.objects.write

    def recorded(bucket: str, key: str, data: bytes, **how: Any) -> ObjectRef:
        ref = write(bucket, key, data, **how)
        if key.endswith(STATUS_NAME):
            history.append(done(data))
        return ref

    house.objects.write = recorded  # type: ignore[method-assign]
    rows = house.services.rows.clips(house.folder, house.started[0].run_id)
    barrier = Barrier(4)

    def finish(part: int) -> None:
        barrier.wait()
        for row in rows[part::4]:
            house.services.rows.save_clip(row.moved(ClipStatus.DONE))
            write_status(house.services, house.folder, force=True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(finish, range(4)))
    assert history[-1] == 16
    assert history == sorted(history)


def test_a_writer_that_was_overtaken_reads_the_rows_again(house: House) -> None:
    planned(house, 1)
    row = house.services.rows.clips(house.folder, house.started[0].run_id)[0]
    write = house.objects.write
    overtaken = False

    def overtake(bucket: str, key: str, data: bytes, **how: Any) -> ObjectRef:
        nonlocal overtaken
        if key.endswith(STATUS_NAME) and not overtaken:
            overtaken = True
            house.services.rows.save_clip(row.moved(ClipStatus.DONE))
            write_status(house.services, house.folder, force=True)
        return write(bucket, key, data, **how)

    house.objects.write = overtake  # type: ignore[method-assign]
    write_status(house.services, house.folder, force=True)
    assert house.clip("00")["status"] == "done"


def test_a_turning_point_that_cannot_be_told_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(house, 1)

    def refuse(*_: object, **__: object) -> ObjectRef:
        raise PreconditionFailed("somebody else was faster")

    monkeypatch.setattr("shared.pipeline.versioned.time.sleep", lambda _: None)
    house.objects.write = refuse  # type: ignore[method-assign]
    write_status(house.services, house.folder)
    with pytest.raises(PreconditionFailed):
        write_status(house.services, house.folder, force=True)


def test_progress_of_many_clips_is_told_now_and_then_only(house: House) -> None:
    planned(house, 100)
    before = house.answer(STATUS_NAME)
    write_status(house.services, house.folder)
    assert house.answer(STATUS_NAME) == before


def test_progress_of_a_few_clips_is_told_at_once(house: House) -> None:
    planned(house, 1)
    (row,) = house.services.rows.clips(house.folder, house.started[0].run_id)
    house.services.rows.save_clip(row.moved(ClipStatus.FINISHING))
    later(house, 0.1)
    write_status(house.services, house.folder)
    assert house.clip("00")["status"] == "finishing"


def test_a_status_file_that_somebody_deleted_comes_back(house: House) -> None:
    planned(house, 1)
    house.objects.delete("drop", house.folder.key(STATUS_NAME))
    write_status(house.services, house.folder)
    assert house.status()["state"] == "rendering"
