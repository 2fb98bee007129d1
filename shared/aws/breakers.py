"""Circuit breakers in the state table: one row a provider, written only when something changes.

A write that loses against another is tried again a few times and then let be: what a breaker does
not learn costs a failed try, and the next failure tells it again.
"""

from collections.abc import Callable
from datetime import datetime

from shared.aws.documents import DocumentTable
from shared.jobs.breaker import Breaker, Contact, answered, begin_trial, failed, wait_sec
from shared.ports import Conflict

PK, PREFIX = "breakers", "provider#"
TRIES = 4

Told = Callable[[Breaker], None]


def nobody(_breaker: Breaker) -> None:
    """Where nobody is told that a provider was paused."""


class DynamoBreakers:
    """`Breakers` on DynamoDB.

    Parameters
    ----------
    paused : told of each provider that is paused from now on, and of each trial that failed.
    """

    def __init__(self, documents: DocumentTable, paused: Told = nobody) -> None:
        self._documents = documents
        self._paused = paused

    def wait_sec(self, provider: str, job_id: str, now: datetime) -> float:
        return wait_sec(self._read(provider), job_id, now)

    def may_send(self, provider: str, job_id: str, now: datetime) -> bool:
        breaker = self._read(provider)
        trial = begin_trial(breaker, job_id, now)
        if trial is None:
            return wait_sec(breaker, job_id, now) == 0
        try:
            self._write(trial)
        except Conflict:  # somebody else tries
            return False
        return True

    def failed(self, provider: str, contact: Contact, reason: str, now: datetime) -> None:
        self._change(provider, lambda breaker: failed(breaker, contact, reason, now))

    def answered(self, provider: str, contact: Contact) -> None:
        self._change(provider, lambda breaker: answered(breaker, contact))

    def open_breakers(self) -> list[Breaker]:
        """The providers that are paused, or on trial."""
        return [each for each in self._documents.query(PK, PREFIX, Breaker) if each.is_open]

    def health(self) -> dict[str, str]:
        """Engine → why it is not to be used now, as `shared.routing.rank` takes it."""
        return {f"api:{each.provider}": each.told() for each in self.open_breakers()}

    def _change(self, provider: str, change: Callable[[Breaker], Breaker | None]) -> None:
        for _ in range(TRIES):
            before = self._read(provider)
            after = change(before)
            if after is None:
                return
            try:
                self._write(after)
            except Conflict:
                continue
            if after.retry_at > before.retry_at:
                self._paused(after)
            return

    def _read(self, provider: str) -> Breaker:
        return self._documents.get(PK, PREFIX + provider, Breaker) or Breaker(provider=provider)

    def _write(self, breaker: Breaker) -> None:
        version = breaker.version + 1
        row = breaker.model_copy(update={"version": version})
        self._documents.put(PK, PREFIX + breaker.provider, row, version=version)
