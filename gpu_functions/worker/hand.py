"""One child process as the foreman sees it: orders go in, and what becomes of them comes out."""

import logging
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from gpu_functions.runner.errors import Stopped
from gpu_functions.runner.lease import Lease
from gpu_functions.worker.child import ToolsFor, child_main
from gpu_functions.worker.words import (
    At,
    Deliver,
    Ended,
    Fault,
    Fresh,
    Generated,
    Make,
    Ready,
    Refresh,
    Stop,
)
from shared.errors import Transient

logger = logging.getLogger(__name__)

LOOK_SEC = 0.5
"""How soon a stop reaches the child."""

SPAWN = multiprocessing.get_context("spawn")
"""A fork would copy threads' locks, and CUDA does not survive one."""

GRACE_SEC = 10.0


class Hand:
    """A child, started when it is needed and again when it is gone; `delivers`: the second half."""

    def __init__(self, gpu: str, tools_for: ToolsFor, *, delivers: bool = False) -> None:
        self.gpu, self._delivers = gpu, delivers
        self.gpu_name = ""
        self._tools_for = tools_for
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Have a living child."""
        with self._lock:
            if self._process is not None and self._process.is_alive():
                return
            ours, theirs = SPAWN.Pipe()
            process = SPAWN.Process(
                target=child_main,
                args=(theirs, self.gpu, self._tools_for, self._delivers),
                name=f"dropreel-gpu-{self.gpu}",
                daemon=True,
            )
            process.start()
            theirs.close()
            self._process, self._pipe = process, ours

    def work(
        self, order: Make | Deliver, lease: Lease, on_way: Callable[[At], None] = lambda _: None
    ) -> Generated | Ended | Fault:
        """Let the child do it, and keep the lease's word between us.

        Never raises for what happens to the child: one that dies is a `Fault`.

        Parameters
        ----------
        on_way : hears how far the child is.
        """
        self.start()
        try:
            return self._talk(order, lease, on_way)
        except (EOFError, OSError) as error:
            logger.warning("the process of GPU %s is gone: %s", self.gpu, error or "no word")
            self.stop()
            return Fault(f"the process of GPU {self.gpu} died")

    def _talk(
        self, order: Make | Deliver, lease: Lease, on_way: Callable[[At], None]
    ) -> Generated | Ended | Fault:
        pipe = self._pipe
        if pipe is None:
            raise EOFError
        pipe.send(order)
        told = False
        while True:
            if lease.verdict is not None and not told:
                pipe.send(Stop(lease.verdict))
                told = True
            if not pipe.poll(LOOK_SEC):
                continue
            word = pipe.recv()
            if isinstance(word, Generated | Ended | Fault):
                if isinstance(word, Fault) and word.lost:
                    self.stop()
                return word
            if isinstance(word, At):
                on_way(word)
            self._hear(word, lease, pipe.send)

    def _hear(self, word: object, lease: Lease, answer: Callable[[object], None]) -> None:
        if isinstance(word, Ready):
            self.gpu_name = word.gpu
            lease.gpu = word.gpu
        elif isinstance(word, At):
            lease.note(word.stage, word.percent)
        elif isinstance(word, Refresh):
            try:
                answer(Fresh(lease.refresh()))
            except (Stopped, Transient):
                answer(Fresh(lease.addresses))  # they will be refused, and that ends it

    def stop(self) -> None:
        """End the child, whatever it is at."""
        with self._lock:
            process, self._process = self._process, None
            if self._pipe is not None:
                self._pipe.close()  # it ends by itself when it hears nobody
                self._pipe = None
            if process is not None:
                process.join(GRACE_SEC)
                if process.is_alive():
                    process.kill()
                    process.join()
