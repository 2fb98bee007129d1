"""Several jobs on one rented GPU: one generates, others are handed on, each second counts once."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_functions.runner.rented import run_rented
from gpu_functions.runner.sharing import SharedClock
from gpu_functions.worker.overlapped import Overlapped
from shared.gpu_jobs.report import Report
from tests.runner.town import PATIENCE_SEC, RunnerTown, Studio, StudioTools, runner_town

LEASE_SEC = 2.0


@pytest.fixture
def towns() -> Iterator[list[RunnerTown]]:
    """Three jobs, each with files and callbacks of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(runner_town()) for _ in range(3)]


@pytest.fixture
def box(tmp_path: Path) -> Iterator["Box"]:
    box = Box(tmp_path)
    try:
        yield box
    finally:
        box.close()


class Box:
    """A container that takes several calls at once."""

    def __init__(self, scratch: Path, step_sec: float = 0.0) -> None:
        self.scratch = scratch
        self.studio = Studio(step_sec=step_sec)
        self.tools = self.studio.tools(scratch)
        self.overlapped = Overlapped("cpu", StudioTools())
        self._calls = ThreadPoolExecutor(4)

    def spawn(self, town: RunnerTown, runner: str = "modal/fc-1") -> "Future[dict[str, Any]]":
        return self._calls.submit(
            run_rented,
            town.job(),
            runner,
            self.tools,
            lease_sec=LEASE_SEC,
            halves=self.overlapped,
            clock=self.overlapped.clock,
        )

    def close(self) -> None:
        self._calls.shutdown()
        self.overlapped.stop()


def report_of(call: "Future[dict[str, Any]]") -> Report:
    return Report.model_validate(call.result(PATIENCE_SEC))


def wait_for(what: Any) -> None:
    until = time.monotonic() + PATIENCE_SEC
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_the_next_clip_is_made_while_one_is_uploaded(towns: list[RunnerTown], box: Box) -> None:
    began = time.monotonic()
    box.studio.step_sec = 0.1
    towns[0].open_for_result.clear()  # the first upload takes for ever
    first = box.spawn(towns[0])
    wait_for(lambda: len(box.studio.requests) == 1)
    others = [box.spawn(town) for town in towns[1:]]
    reports = [report_of(call) for call in others]
    assert not first.done()
    towns[0].open_for_result.set()
    reports.append(report_of(first))

    assert all(each.made is not None for each in reports), reports
    assert [town.report for town in (*towns[1:], towns[0])] == reports
    spans = [
        (span.began, span.ended)
        for report in reports
        for span in report.spans
        if span.what in ("first_step", "denoising", "decoding")
    ]
    spans.sort()
    assert len(spans) == 9
    assert all(ended <= after for (_, ended), (after, _) in itertools.pairwise(spans))
    assert box.studio.loads == ["first"], "one model serves them all"
    assert len(box.studio.threads) == 1, "torch's compiler is set up by the thread"
    seconds = sum(each.gpu_seconds for each in reports)
    assert 0.9 < seconds <= time.monotonic() - began
    assert not list(box.scratch.glob("*.npy"))


def test_a_job_that_waits_for_the_gpu_can_be_cancelled(towns: list[RunnerTown], box: Box) -> None:
    box.studio.step_sec = LEASE_SEC / 3
    first = box.spawn(towns[0])
    wait_for(lambda: len(box.studio.requests) == 1)
    towns[1].cancel_at_percent = 1
    waiting = box.spawn(towns[1])
    assert report_of(waiting).outcome == "cancelled"
    assert not first.done()
    assert report_of(first).outcome == "succeeded"
    assert len(box.studio.requests) == 1


def test_a_child_that_dies_gives_the_job_back_and_takes_the_next(
    towns: list[RunnerTown], box: Box
) -> None:
    towns[0].open_for_result.clear()
    call = box.spawn(towns[0])
    wait_for(lambda: any(said.stage == "uploading" for said in towns[0].heard))
    for pid in box.overlapped.pids:
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="died"):
        call.result(PATIENCE_SEC)
    towns[0].open_for_result.set()
    assert towns[0].report is None
    assert not list(box.scratch.glob("*.npy"))
    assert report_of(box.spawn(towns[1])).outcome == "succeeded"


def test_a_job_that_comes_when_the_process_ends_goes_back(
    towns: list[RunnerTown], box: Box
) -> None:
    box.overlapped.stop()
    with pytest.raises(RuntimeError, match="no clip is begun any more"):
        box.spawn(towns[0]).result(PATIENCE_SEC)
    assert towns[0].report is None


def test_a_job_that_waits_when_the_process_ends_goes_back_too(
    towns: list[RunnerTown], box: Box
) -> None:
    box.studio.step_sec = LEASE_SEC / 3
    first = box.spawn(towns[0])
    wait_for(lambda: len(box.studio.requests) == 1)
    waiting = [box.spawn(town) for town in towns[1:]]
    wait_for(lambda: all(town.heard for town in towns))
    box.overlapped.stop()
    for call in waiting:
        with pytest.raises(RuntimeError, match="no clip is begun any more"):
            call.result(PATIENCE_SEC)
    assert len(box.studio.requests) == 1
    first.exception(PATIENCE_SEC)


def test_what_is_wrong_with_the_first_half_is_reported_as_ever(
    towns: list[RunnerTown], box: Box
) -> None:
    box.studio.fault = ValueError("the model's own mistake")
    report = report_of(box.spawn(towns[0]))
    assert (report.outcome, report.error) == ("failed", "ValueError")
    assert towns[0].report == report


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=30))
def test_the_shares_of_all_jobs_are_the_time_in_which_there_was_one(
    steps: list[tuple[int, int]],
) -> None:
    now, busy = 0, 0
    clock = SharedClock(lambda: float(now))
    there: dict[int, tuple[ExitStack, Any]] = {}
    shares: list[float] = []

    def leave(which: int) -> None:
        stack, seconds = there.pop(which)
        shares.append(seconds())
        stack.close()

    for which, passes in steps:
        now += passes
        busy += passes if there else 0
        if which in there:
            leave(which)
        else:
            stack = ExitStack()
            there[which] = (stack, stack.enter_context(clock.joined()))
    for which in [*there]:
        leave(which)
    assert sum(shares) == pytest.approx(busy)
    assert all(share >= 0 for share in shares)


def test_two_jobs_that_are_there_together_have_half_of_each_second() -> None:
    now = 0.0
    clock = SharedClock(lambda: now)
    with clock.joined() as first:
        now = 10.0
        with clock.joined() as second:
            now = 14.0
            assert (first(), second()) == (12.0, 2.0)
        now = 20.0
        assert first() == 18.0


def test_jobs_in_threads_lose_no_moment() -> None:
    clock = SharedClock()
    shares: list[float] = []

    def job() -> None:
        with clock.joined() as seconds:
            for _ in range(50):
                seconds()
            shares.append(seconds())

    began = time.monotonic()
    threads = [threading.Thread(target=job) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shares) == 8
    assert sum(shares) <= time.monotonic() - began
