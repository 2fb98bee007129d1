"""The next job of a GPU: taken while the one before is still at it, and not much sooner.

Whoever takes a job holds it from others, so a box that is busy for minutes must not. It is taken
when the one before is about to end: claiming, reading and decoding what it needs are then over when
the GPU is free.
"""

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from gpu_functions.runner.making import GENERATED_PERCENT, LOADED_PERCENT
from gpu_functions.worker.words import At
from shared.gpu_jobs.messages import Stage

logger = logging.getLogger(__name__)

AHEAD_SEC = 15.0
"""The next job is asked for when the steps of the one before may take so long yet."""

PAUSE_SEC = 15.0

Job = TypeVar("Job")


class Line(Generic[Job]):
    """A line of one.

    Parameters
    ----------
    take : waits for a job, and brings it; None when no more are wanted.
    """

    def __init__(self, take: Callable[[], Job | None]) -> None:
        self._take = take
        self._wanted, self._taken = threading.Semaphore(0), SimpleQueue[Job | None]()
        self._asked = False
        threading.Thread(target=self._bring, daemon=True, name="line").start()

    def ask(self) -> None:
        """Have the next one brought, once."""
        if not self._asked:
            self._asked = True
            self._wanted.release()

    def next(self) -> Job | None:
        """The next one; None when there are no more."""
        self.ask()
        taken = self._taken.get()
        self._asked = False
        return taken

    def _bring(self) -> None:
        taken: Job | None = None
        while True:
            self._wanted.acquire()
            try:
                taken = self._take()
            except Exception:  # the thread that all later jobs need goes on
                logger.exception("the next job could not be taken")
                time.sleep(PAUSE_SEC)
                self._wanted.release()
                continue
            self._taken.put(taken)
            if taken is None:
                return


class Nearing:
    """Says when a job that is being generated is about to end."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._since = now, now()

    def about_to_end(self, at: At) -> bool:
        """By what a share of its steps has taken: loading counts too, so rather late than early."""
        if at.stage is not Stage.GENERATING:
            return at.stage not in (Stage.FETCHING, Stage.LOADING)
        share = (at.percent - LOADED_PERCENT) / (GENERATED_PERCENT - LOADED_PERCENT)
        if share <= 0:
            return False
        return (self._now() - self._since) * (1 - share) / share <= AHEAD_SEC
