"""Counts what a handler uses, so that the cost of a clip is a sum and not a guess."""

from collections.abc import Mapping
from threading import Lock
from time import perf_counter


class Meter:
    """Counts what one invocation uses; kinds are the fields of `shared.aws_cost.Usage`.

    Thread-safe. `memory_gb` is the function's memory: its running time is counted by itself.
    """

    def __init__(self, memory_gb: float = 0.0) -> None:
        self._memory_gb = memory_gb
        self._since = perf_counter()
        self._counts = {"lambda_requests": 1.0}
        self._lock = Lock()

    def add(self, kind: str, amount: float = 1.0) -> None:
        with self._lock:
            self._counts[kind] = self._counts.get(kind, 0.0) + amount

    def take(self) -> dict[str, float]:
        """What was used since the last take."""
        with self._lock:
            now = perf_counter()
            counts, self._counts = self._counts, {}
            elapsed, self._since = now - self._since, now
        return {**counts, "lambda_gb_seconds": elapsed * self._memory_gb}


def summed(*usages: Mapping[str, float]) -> dict[str, float]:
    """The sum of several usages, kind by kind."""
    total: dict[str, float] = {}
    for usage in usages:
        for kind, amount in usage.items():
            total[kind] = total.get(kind, 0.0) + amount
    return total
