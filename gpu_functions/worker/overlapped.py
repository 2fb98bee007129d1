"""Jobs on one rented GPU: one is generated here while others are handed on by children.

A fast model makes a clip sooner than it is interpolated, encoded and uploaded. Where each had the
container for itself, the GPU would be paid to wait for that.
"""

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial

from gpu_functions.runner.errors import Stopped
from gpu_functions.runner.files import Files
from gpu_functions.runner.lease import Lease, Watch
from gpu_functions.runner.making import Take, make_frames
from gpu_functions.runner.notes import Notes
from gpu_functions.runner.picture import unpacked
from gpu_functions.runner.run import Tools, ended
from gpu_functions.runner.sharing import SharedClock
from gpu_functions.worker.child import ToolsFor
from gpu_functions.worker.frames_file import FramesFile
from gpu_functions.worker.hand import Hand
from gpu_functions.worker.words import Deliver, Ended, Fault, Frames
from shared.errors import InternalFault, Transient
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.messages import Stage
from shared.gpu_jobs.report import Report

LOOK_SEC = 0.2
"""How soon a job that waits for the GPU hears that it is to stop."""


class Overlapped:
    """`Halves` for the jobs that are in one process at once.

    All of them generate in one thread, in the order in which they came: torch's compiler keeps its
    settings, and CUDA's libraries their workspaces, for the thread that loaded the model.

    Parameters
    ----------
    gpu : its index, or `cpu`.
    tools_for : what the children work with; they are started when the first job comes.
    deliverers : how many of them.

    Attributes
    ----------
    clock : splits the process's seconds among its jobs.
    """

    def __init__(self, gpu: str, tools_for: ToolsFor, *, deliverers: int = 2) -> None:
        self.clock = SharedClock()
        self._maker = ThreadPoolExecutor(1, "generate")
        self._hands = [Hand(gpu, tools_for, delivers=True) for _ in range(deliverers)]
        self._free: queue.LifoQueue[Hand] = queue.LifoQueue()
        for hand in self._hands:
            self._free.put(hand)

    def __call__(
        self, job: GpuJob, files: Files, lease: Lease, tools: Tools, notes: Notes
    ) -> Report | None:
        """Generate when it is our turn, and have the frames handed on.

        Raises
        ------
        Transient : nothing came of it, and nothing is lost.
        """
        for hand in self._hands:
            hand.start()
        handed: list[Frames] = []

        def work() -> None:
            size = (job.settings.width, job.settings.height)
            with notes.timed(Stage.FETCHING):
                inputs = {name: unpacked(files.read_input(name), size) for name in job.inputs}
            here = Files(job, lease, fetched=inputs)
            frames = partial(
                make_frames,
                *(job, here, lease, tools.models, notes),
                small=tools.small,
                room=file.put,
            )
            handed.append(file.handed_on(self._made(frames, lease)))

        with FramesFile(tools.scratch) as file:
            report = ended(job, notes, work)
        return self._delivered(job, lease, notes, handed[0]) if handed else report

    @property
    def pids(self) -> list[int | None]:
        """The children's."""
        return [hand.pid for hand in self._hands]

    def stop(self) -> None:
        """End the children, and begin no clip any more."""
        self._maker.shutdown(wait=False, cancel_futures=True)
        for hand in self._hands:
            hand.stop()

    def _made(self, frames: Callable[[], Take], watch: Watch) -> Take:
        """Generate when those before us have; a stop is heard while we wait."""
        try:
            made = self._maker.submit(frames)
        except RuntimeError as error:  # the process is ending: another one will make them
            raise Transient(f"no clip is begun any more: {error}") from None
        while not (made.running() or made.done()):
            try:
                watch.at(Stage.FETCHING, 1)
            except Stopped:
                if made.cancel():
                    raise
            wait([made], LOOK_SEC)
        try:
            return made.result()
        except CancelledError:
            raise Transient("no clip is begun any more") from None

    def _delivered(self, job: GpuJob, lease: Lease, notes: Notes, frames: Frames) -> Report | None:
        order = Deliver(job, lease.addresses, notes, frames, writes=False)
        try:
            with self._free_hand() as hand:
                word = hand.work(order, lease)
        finally:
            frames.path.unlink(missing_ok=True)
        if isinstance(word, Fault):
            raise Transient(word.why)
        if not isinstance(word, Ended):
            raise InternalFault(f"a child that hands on said {word}")
        return word.report

    @contextmanager
    def _free_hand(self) -> Iterator[Hand]:
        hand = self._free.get()
        try:
            yield hand
        finally:
            self._free.put(hand)
