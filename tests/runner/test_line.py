"""The next jobs of a GPU: asked for in time, not sooner, and as many as will soon be begun."""

import queue

import pytest

from gpu_functions.worker.line import AHEAD_SEC, Line, Nearing
from gpu_functions.worker.words import At
from shared.gpu_jobs.messages import Stage

PATIENCE_SEC = 10.0
QUARTER, HALF = At(Stage.GENERATING, 26), At(Stage.GENERATING, 44)
"""Of the way from 8 (loaded) to 80 (generated)."""


@pytest.fixture
def brought() -> "queue.Queue[int]":
    """Every job that a line of numbers takes, as it takes it."""
    return queue.Queue()


def numbers(brought: "queue.Queue[int]", end: int) -> Line[int]:
    left = iter(range(end))

    def take() -> int | None:
        taken = next(left, None)
        if taken is not None:
            brought.put(taken)
        return taken

    return Line(take)


def test_jobs_are_brought_when_asked_for_and_not_twice(brought: "queue.Queue[int]") -> None:
    line = numbers(brought, 5)
    for _ in range(3):
        line.ask(2)
    assert [brought.get(timeout=PATIENCE_SEC) for _ in range(2)] == [0, 1]
    assert line.next() == 0
    line.ask()
    with pytest.raises(queue.Empty):
        brought.get(timeout=0.1)  # one is there already
    line.ask(2)
    assert brought.get(timeout=PATIENCE_SEC) == 2
    assert [line.next() for _ in range(5)] == [1, 2, 3, 4, None]


@pytest.mark.parametrize(
    ("at", "elapsed", "jobs"),
    [
        (At(Stage.LOADING, 2), 1000, 0),
        (At(Stage.GENERATING, 8), 1, 0),  # nobody knows yet
        (QUARTER, 0.25, 2),  # clips of a second
        (QUARTER, AHEAD_SEC / 3 + 0.1, 0),
        (QUARTER, AHEAD_SEC / 3 - 0.1, 1),
        (HALF, AHEAD_SEC / 2, 1),  # this one's end is near, the next one's is not
        (At(Stage.GENERATING, 80), 600, 1),
    ],
)
def test_as_many_are_wanted_as_will_soon_be_begun(at: At, elapsed: float, jobs: int) -> None:
    moments = iter([100.0, 100.0 + elapsed])
    assert Nearing(now=lambda: next(moments)).wanted(at) == jobs
