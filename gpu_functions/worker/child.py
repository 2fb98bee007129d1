"""A child process: one GPU, one job at a time, one half of it.

A thread reads the pipe, so that a stop is heard in the middle of a step; and when the pipe's other
end is gone the foreman is, and the process ends on the spot.
"""

import logging
import os
import queue
import signal
import threading
from collections.abc import Callable
from fractions import Fraction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from gpu_functions.generators.contract import GeneratedFrames, GpuLost
from gpu_functions.runner.delivering import deliver
from gpu_functions.runner.device import device_name
from gpu_functions.runner.errors import stopped
from gpu_functions.runner.files import Files
from gpu_functions.runner.making import Take, make_frames
from gpu_functions.runner.run import Tools, ended, known_report, written
from gpu_functions.runner.started import process_age
from gpu_functions.worker.frames_file import FramesFile, clear_unfinished
from gpu_functions.worker.words import (
    At,
    Deliver,
    Ended,
    Fault,
    Frames,
    Fresh,
    Generated,
    Make,
    Ready,
    Refresh,
    Stop,
)
from shared.errors import Transient
from shared.gpu_jobs.document import Addresses
from shared.gpu_jobs.messages import Stage, Verdict
from shared.gpu_jobs.report import Made

logger = logging.getLogger(__name__)

CPU = "cpu"
FOREMAN_GONE = 70

ToolsFor = Callable[[str], Tools]
"""Device → what to work with; a module's own function, for it travels by name."""


def child_main(pipe: Connection, gpu: str, tools_for: ToolsFor, delivers: bool = False) -> None:
    """Serve the foreman until it leaves.

    Parameters
    ----------
    gpu : the index of the GPU, or `cpu`.
    delivers : it will be asked for the second half, and makes ready for it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells everybody; we are told
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    quiet_logging()
    if gpu != CPU:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu  # before torch is imported
    device = CPU if gpu == CPU else "cuda:0"
    Child(pipe, tools_for(device), device, gpu).serve(delivers=delivers)


def quiet_logging() -> None:
    """Our own lines and others' warnings: httpx would write presigned addresses into the log."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("httpx", "httpcore", "botocore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")


class Child:
    """The process from inside."""

    def __init__(self, pipe: Connection, tools: Tools, device: str, gpu: str) -> None:
        self._pipe, self._tools, self._device, self._gpu = pipe, tools, device, gpu
        self._orders: queue.Queue[Make | Deliver] = queue.Queue()
        self._fresh: queue.Queue[Addresses] = queue.Queue()
        self._sending = threading.Lock()
        self._verdict: Verdict | None = None

    def serve(self, *, delivers: bool) -> None:
        threading.Thread(target=self._listen, daemon=True, name="listen").start()
        clear_unfinished(self._tools.scratch)
        name = device_name(self._device)
        self._tools.models.ready_sec = process_age()
        self.tell(Ready(name))
        if delivers:
            self._warm_up()
        while True:
            self._obey(self._orders.get())

    def _warm_up(self) -> None:
        """While the first clip is generated: importing and opening take longer than it does."""
        try:
            self._tools.warm_up()
        except Exception:  # the job that needs it will say what is wrong
            logger.exception("GPU %s could not make ready to interpolate", self._gpu)

    def tell(self, word: object) -> None:
        with self._sending:
            self._pipe.send(word)

    def _listen(self) -> None:
        while True:
            try:
                word: Any = self._pipe.recv()
            except (EOFError, OSError):
                os._exit(FOREMAN_GONE)  # whatever is being generated, nobody waits for it
            if isinstance(word, Stop):
                self._verdict = word.verdict
            elif isinstance(word, Fresh):
                self._fresh.put(word.addresses)
            else:
                self._verdict = None
                self._orders.put(word)

    def _obey(self, order: Make | Deliver) -> None:
        watch = _PipeWatch(self, order.addresses)
        order.notes.place = self._gpu
        if self._tools.scratch:  # a box's temporary folder is cleared by others too
            self._tools.scratch.mkdir(parents=True, exist_ok=True)
        try:
            if isinstance(order, Make):
                self._make(order, Files(order.job, watch, fetched=order.fetched), watch)
            else:
                self._deliver(order, Files(order.job, watch), watch)
        except GpuLost as error:
            self.tell(Fault(error.message, lost=True))
        except Transient as error:
            self.tell(Fault(error.message))

    def _make(self, order: Make, files: Files, watch: "_PipeWatch") -> None:
        there = known_report(files) if order.fetched is None else None
        if there is not None:
            self.tell(Ended(there))
            return
        job, notes, tools = order.job, order.notes, self._tools
        handed: list[Frames] = []

        def work() -> None:
            take = make_frames(
                job, files, watch, tools.models, notes, small=tools.small, room=file.put
            )
            handed.append(file.handed_on(take))

        with FramesFile(tools.scratch) as file:
            report = ended(job, notes, work)
        if handed:
            self.tell(Generated(notes, handed[0]))
        else:
            self.tell(Ended(written(files, report) if report else None))

    def _deliver(self, order: Deliver, files: Files, watch: "_PipeWatch") -> None:
        tools = self._tools

        def work() -> Made:
            return deliver(
                order.job, take, files, watch, tools.interpolate, order.notes, tools.scratch
            )

        try:
            take = _pick_up(order.frames)
            report = ended(order.job, order.notes, work)
            self.tell(Ended(written(files, report) if report and order.writes else report))
        finally:
            order.frames.path.unlink(missing_ok=True)

    @property
    def verdict(self) -> Verdict | None:
        return self._verdict

    def fresh(self) -> Addresses:
        self.tell(Refresh())
        return self._fresh.get()


class _PipeWatch:
    """`Watch` by way of the foreman, who holds the lease."""

    def __init__(self, child: Child, addresses: Addresses) -> None:
        self._child = child
        self.addresses = addresses

    def at(self, stage: Stage, percent: int) -> None:
        self._child.tell(At(stage, percent))
        if self._child.verdict is not None:
            raise stopped(self._child.verdict)

    def refresh(self) -> Addresses:
        self.addresses = self._child.fresh()
        return self.addresses


def _pick_up(frames: Frames) -> Take:
    made = GeneratedFrames(
        frames=np.load(frames.path),
        fps=Fraction(frames.fps),
        sound=frames.sound,
        sound_rate=frames.sound_rate,
    )
    return Take(made, frames.used)
