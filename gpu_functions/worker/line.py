"""The next job of a GPU: taken while the one before is still at it, and not much sooner.

Whoever takes a job holds it from others, so a box that is busy for minutes must not. It is taken
when the one before is about to end: claiming, reading and decoding what it needs are then over when
the GPU is free. Where clips take a second each, the one after it is asked for too: a claim that is
slow for once (a function that starts, a lost packet) then leaves no GPU waiting.
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
"""A job is asked for when it is likely to be begun so soon."""

MOST_AHEAD = 2
"""Jobs in line, those being brought among them."""

PAUSE_SEC = 15.0

Job = TypeVar("Job")


class Line(Generic[Job]):
    """The next jobs, in the order in which they came.

    Parameters
    ----------
    take : waits for a job, and brings it; None when no more are wanted.
    """

    def __init__(self, take: Callable[[], Job | None]) -> None:
        self._take = take
        self._wanted, self._taken = threading.Semaphore(0), SimpleQueue[Job | None]()
        self._asked = 0
        threading.Thread(target=self._bring, daemon=True, name="line").start()

    def ask(self, jobs: int = 1) -> None:
        """See that so many are there, or on their way."""
        while self._asked < jobs:
            self._asked += 1
            self._wanted.release()

    def next(self) -> Job | None:
        """The next one; None when there are no more."""
        self.ask()
        taken = self._taken.get()
        self._asked -= 1
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
    """Says how many jobs are to be asked for while one is being generated."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._since = now, now()

    def wanted(self, at: At) -> int:
        """As many as are likely to be begun within `AHEAD_SEC`, each as long as this one.

        By what a share of its steps has taken: loading counts too, so rather late than early.
        """
        if at.stage is not Stage.GENERATING:
            return 0 if at.stage in (Stage.FETCHING, Stage.LOADING) else 1
        share = (at.percent - LOADED_PERCENT) / (GENERATED_PERCENT - LOADED_PERCENT)
        if share <= 0:
            return 0
        whole = (self._now() - self._since) / share
        begins = (whole * (1 - share) + whole * ahead for ahead in range(MOST_AHEAD))
        return sum(moment <= AHEAD_SEC for moment in begins)
