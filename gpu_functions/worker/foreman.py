"""The foreman: takes jobs from the queue, has them done, and gives back what could not be done.

One thread a generating GPU, one that takes its next job while it is at this one (`line`), and one
for each clip that is handed on. Each job in flight has a lease, whose thread renews the claim and
keeps the queue's message hidden.
"""

import logging
import platform
import queue
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from pydantic import ValidationError

from gpu_functions.runner.errors import CallbackRefused, NotOurs
from gpu_functions.runner.files import Files
from gpu_functions.runner.lease import Lease
from gpu_functions.runner.notes import Notes
from gpu_functions.runner.picture import unpacked
from gpu_functions.runner.voice import Voice
from gpu_functions.worker.child import CPU, ToolsFor
from gpu_functions.worker.hand import Hand
from gpu_functions.worker.line import Line, Nearing
from gpu_functions.worker.words import At, Deliver, Ended, Fault, Generated, Make
from shared.errors import Transient
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.messages import Stage, Verdict

logger = logging.getLogger(__name__)

POLL_SEC = 10
LATER_SEC = 15.0
HELD_AT_LEAST_SEC = 5.0


def deliverers_for(gpus: Sequence[str]) -> int:
    """How many processes hand on: two; one on a processor, where they would share its cores."""
    return 1 if gpus[-1] == CPU else 2


class Held(Protocol):
    """A message that is ours for as long as it is hidden from others."""

    body: str

    def hide(self, seconds: float) -> None:
        """Keep it from others for so long; 0 gives it back."""
        ...

    def delete(self) -> None: ...


class Pulling(Protocol):
    """The queue that jobs come from."""

    def pull(self, *, wait_sec: int, hide_sec: float) -> Held | None:
        """The next message; raises `Transient` when the queue cannot be asked."""
        ...


@dataclass(frozen=True)
class InHand:
    """A job in flight.

    Attributes
    ----------
    notes : of the run; they begin with what was fetched before the GPU was free.
    fetched : its pictures at the model's size, unpacked, if nobody was faster and all could be had.
    """

    job: GpuJob
    message: Held
    lease: Lease
    notes: Notes
    fetched: Mapping[str, bytes] | None = None


class Foreman:
    """A worker.

    Parameters
    ----------
    gpus : indices, or `cpu`. The last one delivers, in processes of its own; the others generate,
        or it does so too where it is the only one.
    deliverers : how many such processes. With two, one interpolates while the other encodes: a
        fast model makes clips sooner than one process hands them on.
    lease_sec : how long we may be silent before somebody else takes our jobs.
    """

    def __init__(
        self,
        pulling: Pulling,
        gpus: tuple[str, ...],
        tools_for: ToolsFor,
        *,
        deliverers: int = 1,
        lease_sec: float = 120.0,
        poll_sec: int = POLL_SEC,
    ) -> None:
        self._queue, self._lease_sec, self._poll_sec = pulling, lease_sec, poll_sec
        self.runner = f"worker/{platform.node()}/{uuid.uuid4().hex[:12]}"
        makers = gpus[:-1] if len(gpus) > 1 else gpus
        self._makers = [Hand(gpu, tools_for) for gpu in makers]
        self._deliverers = [Hand(gpus[-1], tools_for, delivers=True) for _ in range(deliverers)]
        self._free: queue.LifoQueue[Hand] = queue.LifoQueue()
        self._to_deliver: queue.Queue[tuple[InHand, Generated] | None] = queue.Queue(maxsize=1)
        self._in_flight: set[str] = set()
        self._lock = threading.Lock()
        self._draining = threading.Event()

    def run(self) -> None:
        """Work until `drain`, then finish what is in flight."""
        makers = [threading.Thread(target=self._make_all, args=(hand,)) for hand in self._makers]
        deliverer = threading.Thread(target=self._deliver_all)
        for hand in self._hands():
            hand.start()
        for thread in (*makers, deliverer):
            thread.start()
        for thread in makers:
            thread.join()
        self._to_deliver.put(None)
        deliverer.join()
        for hand in self._hands():
            hand.stop()

    @property
    def pids(self) -> list[int | None]:
        """The children's, those that generate first."""
        return [hand.pid for hand in self._hands()]

    def drain(self) -> None:
        """Take no more jobs."""
        self._draining.set()

    def _hands(self) -> list[Hand]:
        return [*self._makers, *self._deliverers]

    def _make_all(self, hand: Hand) -> None:
        line = Line(self._next)
        while (held := line.next()) is not None:
            self._guarded(held, partial(self._make, held, hand, line))

    def _next(self) -> InHand | None:
        """Wait for a job that is for us, with what it needs; None when we take no more."""
        while not self._draining.is_set():
            try:
                message = self._queue.pull(wait_sec=self._poll_sec, hide_sec=self._lease_sec)
            except Transient as error:
                logger.warning("%s", error.message)
                self._draining.wait(LATER_SEC)
                continue
            if message is None:
                continue
            if self._draining.is_set():
                message.hide(0)
                return None
            taken = self._take(message)
            if taken is not None:
                return self._fetched(taken)
        return None

    def _fetched(self, held: InHand) -> InHand:
        """The job with its pictures; what cannot be had now is left to the child, who says why."""
        files, wanted = Files(held.job, held.lease), held.job.settings
        size = (wanted.width, wanted.height)
        try:
            with held.notes.timed(Stage.FETCHING):
                if files.report_there() is not None:
                    return held
                inputs = {name: unpacked(files.read_input(name), size) for name in held.job.inputs}
        except Exception:  # whatever it is: the job is claimed, and must come to its end
            return held
        return replace(held, fetched=inputs)

    def _take(self, message: Held) -> InHand | None:
        """Claim the message's job; None when it is not for us."""
        try:
            job = GpuJob.model_validate_json(message.body)
        except ValidationError as error:
            # without its text, which may hold addresses and keys
            why = error.errors(include_input=False, include_url=False)[0]
            logger.error("a message is no job document, and is left: %s", why)
            return None  # the queue sets it aside
        if job.callback is None:
            logger.error("job %s names no callback, so nobody can claim it", job.job_id)
            return None
        if not self._begin(job.job_id):
            message.hide(self._lease_sec)  # delivered twice, and we are at it
            return None
        lease = Lease(
            job,
            self.runner,
            Voice(job.callback),
            lease_sec=self._lease_sec,
            waits=True,
            on_beat=lambda: message.hide(self._lease_sec),
        )
        try:
            lease.__enter__()
        except NotOurs as error:
            self._leave(job, message, error)
        except CallbackRefused as error:
            self._refused(job, message, error)
        except Transient as error:
            logger.warning("job %s: %s", job.job_id, error.message)
            message.hide(LATER_SEC)
        else:
            logger.info("job %s: %s on this box", job.job_id, job.model)
            return InHand(job, message, lease, Notes(runner=self.runner))
        self._forget(job.job_id)
        return None

    def _leave(self, job: GpuJob, message: Held, error: NotOurs) -> None:
        if error.verdict is Verdict.BUSY:
            message.hide(max(HELD_AT_LEAST_SEC, error.retry_after_sec))
        else:
            logger.info("job %s is %s: forgotten", job.job_id, error.verdict.value)
            message.delete()

    def _refused(self, job: GpuJob, message: Held, error: CallbackRefused) -> None:
        if datetime.now(UTC) >= datetime.fromisoformat(job.deadline_at):
            logger.info("job %s is past its last moment: forgotten", job.job_id)
            message.delete()
        else:
            logger.error("job %s: %s", job.job_id, error.message)
            message.hide(LATER_SEC)

    def _make(self, held: InHand, hand: Hand, line: "Line[InHand]") -> None:
        held.lease.gpu = hand.gpu_name
        held.lease.begin()
        nearing = Nearing()

        def on_way(at: At) -> None:
            line.ask(nearing.wanted(at))

        order = Make(held.job, held.lease.addresses, held.notes, held.fetched)
        word = hand.work(order, held.lease, on_way)
        if isinstance(word, Generated):
            line.ask()
            self._to_deliver.put((held, word))
        else:
            self._close(held, word)

    def _deliver_all(self) -> None:
        for hand in self._deliverers:
            self._free.put(hand)
        while (item := self._to_deliver.get()) is not None:
            threading.Thread(target=self._deliver_by, args=(self._free.get(), *item)).start()
        for _ in self._deliverers:
            self._free.get()  # until all of them are back

    def _deliver_by(self, hand: Hand, held: InHand, made: Generated) -> None:
        self._guarded(held, partial(self._deliver, held, made, hand))
        self._free.put(hand)

    def _deliver(self, held: InHand, made: Generated, hand: Hand) -> None:
        order = Deliver(held.job, held.lease.addresses, made.notes, made.frames)
        try:
            word = hand.work(order, held.lease)
        finally:
            made.frames.path.unlink(missing_ok=True)
        if not isinstance(word, Generated):
            self._close(held, word)

    def _close(self, held: InHand, word: Ended | Fault) -> None:
        """The job has an end, is somebody else's, or goes back to the queue."""
        if isinstance(word, Ended) and word.report is not None:
            held.lease.end()
            self._let_go(held)
            held.message.delete()
            logger.info("job %s: %s", held.job.job_id, word.report.outcome.value)
        elif isinstance(word, Ended):
            self._let_go(held)
            logger.info("job %s became somebody else's", held.job.job_id)
        else:
            self._let_go(held)
            held.message.hide(HELD_AT_LEAST_SEC)
            logger.warning("job %s goes back to the queue: %s", held.job.job_id, word.why)

    def _guarded(self, held: InHand, work: Callable[[], None]) -> None:
        """A mistake of ours must not end the thread that all later jobs need."""
        try:
            work()
        except Exception:
            logger.exception("job %s goes back to the queue", held.job.job_id)
            self._let_go(held)
            held.message.hide(LATER_SEC)

    def _let_go(self, held: InHand) -> None:
        held.lease.__exit__(None, None, None)
        self._forget(held.job.job_id)

    def _begin(self, job_id: str) -> bool:
        with self._lock:
            if job_id in self._in_flight:
                return False
            self._in_flight.add(job_id)
            return True

    def _forget(self, job_id: str) -> None:
        with self._lock:
            self._in_flight.discard(job_id)
