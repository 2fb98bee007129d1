"""Several jobs in a process that is paid by the second: whose second it is."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SharedClock:
    """Each moment is split evenly among the jobs that are there, so that no second is paid twice.

    Parameters
    ----------
    now : seconds of a clock that never goes back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = now, threading.Lock()
        self._shares: dict[object, float] = {}
        self._until = now()

    @contextmanager
    def joined(self) -> Iterator[Callable[[], float]]:
        """Be there; the callable says how many seconds are ours so far."""
        us = object()
        with self._lock:
            self._go_on()
            self._shares[us] = 0.0

        def seconds() -> float:
            with self._lock:
                self._go_on()
                return self._shares[us]

        try:
            yield seconds
        finally:
            with self._lock:
                self._go_on()
                del self._shares[us]

    def _go_on(self) -> None:
        now = self._now()
        for job in self._shares:
            self._shares[job] += (now - self._until) / len(self._shares)
        self._until = now
