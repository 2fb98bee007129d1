"""Holding a job: claimed once, renewed by a thread, given up when we are told so."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from gpu_functions.runner.errors import CallbackRefused, not_ours, stopped
from gpu_functions.runner.voice import Voice
from shared.errors import Transient
from shared.gpu_jobs.document import Addresses, GpuJob
from shared.gpu_jobs.messages import Answer, Said, Stage, Verdict, Word

BEATS_A_LEASE = 6
"""So many messages must be lost in a row before somebody else takes over."""

CLAIM_TRIES, END_TRIES = 6, 8
REFRESH_LOOKS = 60
STOPS = frozenset({Verdict.CANCEL, Verdict.LOST, Verdict.DONE})


class Watch(Protocol):
    """What the work asks while it goes on."""

    @property
    def addresses(self) -> Addresses: ...

    def at(self, stage: Stage, percent: int) -> None:
        """Tell how far it is; raises `Stopped` when it is to end."""
        ...

    def refresh(self) -> Addresses:
        """Fresh addresses, for those we have were refused."""
        ...


class Lease:
    """A `Watch` that speaks for itself. Use it as a context: inside, the job is ours.

    Parameters
    ----------
    runner : our name: the same when we come again, nobody else's.
    voice : None where nobody listens; then every job is ours.
    lease_sec : how long we may be silent before somebody else takes over.
    gpu : what we run on, for those who watch.
    waits : the job is ours before the GPU is; `begin` says when it is.
    on_beat : is called with every beat, for whatever else must be kept alive.

    Raises
    ------
    NotOurs : on entering: somebody else has it, or it is over.
    CallbackRefused, CallbackSilent : on entering: nobody can say whose it is.
    """

    def __init__(
        self,
        job: GpuJob,
        runner: str,
        voice: Voice | None,
        *,
        lease_sec: float = 120.0,
        gpu: str = "",
        waits: bool = False,
        on_beat: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_beat = on_beat
        self._job, self._runner, self._voice = job, runner, voice
        self._lease_sec, self._now = lease_sec, now
        self.gpu = gpu
        self._addresses = job.addresses
        self._stage, self._percent = Stage.FETCHING, 0
        self._since = None if waits else now()
        self._verdict: Verdict | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="lease")

    def __enter__(self) -> Self:
        answer = self._say(Word.CLAIM, tries=CLAIM_TRIES)
        if answer is not None and answer.verdict is not Verdict.GO:
            raise not_ours(answer.verdict, answer.retry_after_sec)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def addresses(self) -> Addresses:
        return self._addresses

    @property
    def seconds(self) -> float:
        """For how long we have had the GPU."""
        return 0.0 if self._since is None else self._now() - self._since

    def begin(self) -> None:
        """The GPU is ours from now on."""
        self._since = self._now()

    @property
    def verdict(self) -> Verdict | None:
        """Why we are to stop; None while we are to go on."""
        return self._verdict

    def note(self, stage: Stage, percent: int) -> None:
        """What the next beat will tell."""
        self._stage, self._percent = stage, percent

    def at(self, stage: Stage, percent: int) -> None:
        self.note(stage, percent)
        if self._verdict is not None:
            raise stopped(self._verdict)

    def refresh(self) -> Addresses:
        for _ in range(REFRESH_LOOKS):
            answer = self._say(Word.REFRESH, tries=CLAIM_TRIES)
            if answer is None:
                break
            if answer.verdict in STOPS:
                self._verdict = answer.verdict
                raise stopped(answer.verdict)
            if answer.addresses is not None:
                self._addresses = answer.addresses
                break
            self._over.wait(answer.retry_after_sec or 1.0)  # somebody is signing them
        return self._addresses

    def end(self) -> None:
        """Tell that the report is written; if nobody hears it, it is found anyway."""
        self._percent = 100
        try:
            self._say(Word.END, tries=END_TRIES)
        except (CallbackRefused, Transient):
            return

    def _beat(self) -> None:
        while not self._over.wait(self._lease_sec / BEATS_A_LEASE):
            self._on_beat()
            try:
                answer = self._say(Word.PROGRESS)
            except (CallbackRefused, Transient):
                continue  # the work is worth more than a message; the report will tell
            if answer is not None and answer.verdict in STOPS:
                self._verdict = answer.verdict
                return

    def _say(self, word: Word, *, tries: int = 1) -> Answer | None:
        if self._voice is None:
            return None
        said = Said(
            word=word,
            runner=self._runner,
            lease_sec=self._lease_sec,
            stage=self._stage,
            percent=self._percent,
            gpu=self.gpu,
            gpu_seconds=round(self.seconds, 3),
        )
        return self._voice.say(said, tries=tries)
