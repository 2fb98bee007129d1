"""The worker's own processes: jobs are taken once, given back, and finished before the end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gpu_functions.runner.picture import conditioning_picture
from gpu_functions.worker.foreman import Foreman
from gpu_functions.worker.scratch import own_scratch
from gpu_functions.worker.words import Ended, Make
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.messages import Stage, Word
from shared.gpu_jobs.report import RunOutcome
from tests.gpu_jobs.desk import gpu_job
from tests.runner.town import PATIENCE_SEC, RunnerTown, StudioTools, runner_town

LEASE_SEC = 3.0


@dataclass
class Message:
    """A message of a queue in memory; `twice` is delivered to two at once, as SQS may do."""

    body: str
    twice: bool = False
    hidden_until: float = 0.0
    deleted: int = 0
    receives: int = 0

    def hide(self, seconds: float) -> None:
        self.hidden_until = time.monotonic() + seconds

    def delete(self) -> None:
        self.deleted += 1


@dataclass
class Queue:
    messages: list[Message] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, job: GpuJob | str, *, twice: bool = False) -> Message:
        body = job if isinstance(job, str) else job.message()
        self.messages.append(Message(body, twice))
        return self.messages[-1]

    def pull(self, *, wait_sec: int, hide_sec: float) -> Message | None:
        until = time.monotonic() + min(wait_sec, 0.2)
        while time.monotonic() < until:
            with self.lock:
                for each in self.messages:
                    there = not each.deleted and time.monotonic() >= each.hidden_until
                    if there:
                        each.receives += 1
                        if not (each.twice and each.receives == 1):
                            each.hide(hide_sec)
                        return each
            time.sleep(0.02)
        return None


@dataclass
class Works:
    """Foremen that run until the test ends."""

    foremen: list[Foreman] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(
        self,
        queue: Queue,
        gpus: tuple[str, ...] = ("cpu",),
        step_sec: float = 0.0,
        deliverers: int = 1,
        scratch: Path | None = None,
    ) -> Foreman:
        tools = StudioTools(step_sec, scratch)
        foreman = Foreman(
            queue, gpus, tools, deliverers=deliverers, lease_sec=LEASE_SEC, poll_sec=1
        )
        thread = threading.Thread(target=foreman.run)
        thread.start()
        self.foremen.append(foreman)
        self.threads.append(thread)
        return foreman

    def drain(self) -> None:
        for foreman in self.foremen:
            foreman.drain()
        for thread in self.threads:
            thread.join(PATIENCE_SEC)


@pytest.fixture
def town() -> Iterator[RunnerTown]:
    with runner_town() as built:
        yield built


@pytest.fixture
def works() -> Iterator[Works]:
    built = Works()
    yield built
    built.drain()


@pytest.fixture
def other() -> Iterator[RunnerTown]:
    """A second job's town."""
    with runner_town() as built:
        built.row = gpu_job().model_copy(update={"job_id": "b" * 32})
        yield built


def long_job(town: RunnerTown) -> GpuJob:
    job = town.job()
    return job.model_copy(update={"settings": job.settings.model_copy(update={"steps": 20})})


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_SEC
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)


def test_what_is_delivered_to_two_workers_is_made_by_one(town: RunnerTown, works: Works) -> None:
    queue = Queue()
    message = queue.put(town.job(), twice=True)
    works.start(queue, step_sec=0.2)
    works.start(queue, step_sec=0.2)
    wait_for(lambda: message.deleted)
    works.drain()
    assert message.receives >= 2
    assert town.record is not None
    assert town.record.claims == 1
    assert town.report is not None
    assert town.report.outcome is RunOutcome.SUCCEEDED


def test_a_child_that_is_killed_is_replaced_and_its_job_done_by_the_next(
    town: RunnerTown, works: Works
) -> None:
    queue = Queue()
    job = town.job()
    settings = job.settings.model_copy(update={"steps": 60})
    message = queue.put(job.model_copy(update={"settings": settings}))
    foreman = works.start(queue, step_sec=0.05)
    wait_for(lambda: town.record is not None and town.record.percent > 0)
    child = foreman.pids[0]
    assert child
    os.kill(child, signal.SIGKILL)
    wait_for(lambda: message.deleted)
    assert foreman.pids[0] != child
    assert town.record is not None
    assert town.record.claims == 2
    assert town.report is not None
    assert town.report.outcome is RunOutcome.SUCCEEDED


def test_told_to_stop_it_finishes_what_is_in_flight_on_both_gpus_and_takes_no_more(
    town: RunnerTown, works: Works
) -> None:
    queue = Queue()
    first = queue.put(town.job())
    works.start(queue, ("cpu", "cpu"), step_sec=0.3)
    wait_for(lambda: town.record is not None)
    works.foremen[0].drain()
    second = queue.put(town.job())
    works.drain()
    assert (first.deleted, second.deleted, second.receives) == (1, 0, 0)
    assert town.report is not None
    assert town.report.outcome is RunOutcome.SUCCEEDED
    assert not any(thread.is_alive() for thread in works.threads)


@pytest.mark.parametrize("gpus", [("cpu",), ("cpu", "cpu")])
def test_a_clip_is_handed_on_while_the_next_is_generated_and_the_first_alone_was_cold(
    town: RunnerTown, other: RunnerTown, works: Works, gpus: tuple[str, ...]
) -> None:
    queue = Queue()
    town.open_for_result.clear()
    first, second = queue.put(town.job()), queue.put(long_job(other))
    works.start(queue, gpus, step_sec=0.1)
    wait_for(lambda: any(said.stage is Stage.GENERATING for said in other.heard))
    assert not first.deleted
    town.open_for_result.set()
    wait_for(lambda: first.deleted and second.deleted)
    assert town.report is not None
    assert other.report is not None
    assert town.report.spans[-1].ended > other.report.spans[2].began  # and the timeline shows it
    cold = town.report.cold_start
    assert cold is not None
    assert cold.ready_sec > 0
    assert cold.total_sec == cold.ready_sec + cold.load_sec + cold.first_step_sec
    assert town.report.facts()["cold_start"]["ready_sec"] == cold.ready_sec
    assert other.report.cold_start is None  # its process was warm


def test_a_clip_that_is_slow_to_hand_on_does_not_hold_up_the_next_and_no_frames_stay(
    town: RunnerTown, other: RunnerTown, works: Works, tmp_path: Path
) -> None:
    queue = Queue()
    town.open_for_result.clear()
    first, second = queue.put(town.job()), queue.put(other.job())
    works.start(queue, deliverers=2, scratch=tmp_path)
    wait_for(lambda: second.deleted)
    assert not first.deleted
    assert [each.suffix for each in tmp_path.glob("dropreel-frames-*")] == [".npy"]
    town.open_for_result.set()
    wait_for(lambda: first.deleted)
    wait_for(lambda: not [*tmp_path.iterdir()])


def test_the_next_clip_is_claimed_before_the_gpu_is_free_and_pays_nothing_for_waiting(
    town: RunnerTown, other: RunnerTown, works: Works
) -> None:
    queue = Queue()
    first, second = queue.put(long_job(town)), queue.put(other.job())
    works.start(queue, step_sec=0.2)
    wait_for(lambda: any(said.word is Word.PROGRESS for said in other.heard))
    assert town.report is None
    assert all(said.gpu_seconds == 0 for said in other.heard)
    wait_for(lambda: first.deleted and second.deleted)
    assert other.record is not None
    assert other.record.claims == 1


def test_what_cannot_be_fetched_ahead_is_told_by_the_run_itself(
    town: RunnerTown, works: Works
) -> None:
    queue = Queue()
    message = queue.put(town.job())
    town.files["keyframe.png"] = b"another file"
    works.start(queue)
    wait_for(lambda: message.deleted)
    assert town.report is not None
    assert town.report.outcome is RunOutcome.REFUSED
    assert "is not the file that the job was written for" in town.report.message


def test_a_keyframe_that_is_no_picture_is_told_by_the_run_itself(
    town: RunnerTown, works: Works
) -> None:
    town.files["keyframe.png"] = b"no picture"
    queue = Queue()
    message = queue.put(town.job())
    works.start(queue)
    wait_for(lambda: message.deleted)
    assert town.report is not None
    assert town.report.outcome is RunOutcome.REFUSED
    assert "cannot be read" in town.report.message


def test_a_picture_that_the_foreman_has_no_memory_for_is_the_childs(
    town: RunnerTown, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(data: bytes, size: tuple[int, int]) -> bytes:
        raise MemoryError

    monkeypatch.setattr("gpu_functions.worker.foreman.unpacked", fails)
    queue = Queue()
    message = queue.put(town.job())
    works.start(queue)
    wait_for(lambda: message.deleted)
    assert town.report is not None
    assert town.report.outcome is RunOutcome.SUCCEEDED


def test_a_scratch_folder_that_somebody_cleared_away_costs_no_job(
    town: RunnerTown, works: Works, tmp_path: Path
) -> None:
    queue = Queue()
    message = queue.put(town.job())
    works.start(queue, scratch=tmp_path / "cleared" / "away")
    wait_for(lambda: message.deleted)
    assert town.report is not None
    assert town.report.outcome is RunOutcome.SUCCEEDED


class Watcher:
    """A hand that keeps its orders, and ends each as somebody else's."""

    gpu_name, pid = "", None

    def __init__(self, gpu: str, tools_for: object, *, delivers: bool = False) -> None:
        self.orders: list[Make] = []

    def work(self, order: Make, *_: object) -> Ended:
        self.orders.append(order)
        return Ended(None)

    def start(self) -> None:
        return None

    stop = start


def test_the_generating_process_is_given_a_picture_that_it_need_not_decode(
    town: RunnerTown, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpu_functions.worker.foreman.Hand", Watcher)
    queue = Queue()
    queue.put(town.job())
    (maker,) = works.start(queue)._makers
    assert isinstance(maker, Watcher)
    wait_for(lambda: maker.orders)
    (order,) = maker.orders
    assert order.fetched is not None
    given, size = order.fetched["image"], (64, 32)
    assert len(given) == pytest.approx(64 * 32 * 3, rel=0.01), "nothing is packed"
    there = conditioning_picture(town.files["keyframe.png"], size)
    assert conditioning_picture(given, size).tobytes() == there.tobytes()


def test_what_is_no_document_is_left_for_the_dead_letters_and_harms_nobody(
    town: RunnerTown, works: Works
) -> None:
    queue = Queue()
    junk = queue.put('{"job_id": "../../etc"}')
    good = queue.put(town.job())
    works.start(queue)
    wait_for(lambda: good.deleted)
    assert junk.receives >= 1
    assert not junk.deleted


def test_frames_of_a_worker_that_was_killed_are_cleared_away_by_the_next(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f"dropreel-worker-{gone.pid}", f"dropreel-worker-{os.getppid()}", "other"):
        (tmp_path / name).mkdir()
    with own_scratch(tmp_path) as mine:
        (mine / "frames.npy").write_bytes(b"0")
        assert not (tmp_path / f"dropreel-worker-{gone.pid}").exists()
    assert {each.name for each in tmp_path.iterdir()} == {
        *(f"dropreel-worker-{os.getppid()}", "other"),
    }
