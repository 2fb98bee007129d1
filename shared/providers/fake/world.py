"""The jobs that the fake providers run, and what they charged for them."""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.providers.fake.chaos import ChaosPlan


class Stand(StrEnum):
    """Where a fake job is, whatever its vendor calls it."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    MODERATED = "moderated"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in {Stand.QUEUED, Stand.RUNNING}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a vendor read out of a submit."""

    model: str
    image: str = ""
    sound: str = ""
    seconds: float = 5.0
    lines: int = 480
    webhook: str = ""
    reference: str = ""


@dataclass(kw_only=True)
class FakeJob:
    """One accepted, and therefore charged, job."""

    id: str
    vendor: str
    wanted: Wanted
    faults: frozenset[str]
    accepted_at: float
    runs_sec: float
    price_usd: float
    body: Any = None
    looks: int = 0
    addresses: int = 0
    cancelled: bool = False
    webhooks_sent: int = 0

    def stand(self, now: float) -> Stand:
        """Where the job is at that time."""
        age = now - self.accepted_at
        if self.cancelled:
            return Stand.CANCELLED
        if "never" in self.faults or age < self.runs_sec:
            return Stand.QUEUED if age < self.runs_sec / 4 else Stand.RUNNING
        if "moderated" in self.faults:
            return Stand.MODERATED
        return Stand.FAILED if "failed" in self.faults else Stand.SUCCEEDED

    def progress(self, now: float) -> float:
        """From 0 to 1."""
        if self.stand(now).ended:
            return 1.0
        return min(0.99, (now - self.accepted_at) / self.runs_sec) if self.runs_sec else 0.0


@dataclass(frozen=True)
class Seen:
    """A request as it arrived, for tests to look at."""

    vendor: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True)
class World:
    """Everything that the fake providers know. All methods may be called from any thread.

    Parameters
    ----------
    price_usd : what each accepted job is charged.
    charged_when : by vendor, the ends that stay charged; others are refunded.
    lines : height of every clip, instead of what was asked.
    """

    plan: ChaosPlan = field(default_factory=ChaosPlan)
    seconds_per_job: float = 5.0
    price_usd: float = 0.25
    lines: int | None = None
    now: Callable[[], float] = time.time
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    submits: int = 0
    charged_when: dict[str, frozenset[Stand]] = field(default_factory=dict)
    _scripted: deque[frozenset[str]] = field(default_factory=deque)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def script(self, *faults: str) -> None:
        """Let exactly these faults strike the next submit that is not scripted yet."""
        ChaosPlan(dict.fromkeys(faults, 1.0))
        with self._lock:
            self._scripted.append(frozenset(faults))

    def draw(self) -> frozenset[str]:
        """The faults of the submit that arrives now."""
        with self._lock:
            self.submits += 1
            return self._scripted.popleft() if self._scripted else self.plan.draw(self.submits)

    def note(self, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)
            del self.seen[:-10_000]

    def accept(self, vendor: str, wanted: Wanted, faults: frozenset[str], body: Any) -> FakeJob:
        """From here on the job is charged."""
        runs = self.seconds_per_job * (10 if "slow" in faults else 1)
        job = FakeJob(
            id=uuid.uuid4().hex,
            vendor=vendor,
            wanted=wanted,
            faults=faults,
            accepted_at=self.now(),
            runs_sec=runs,
            price_usd=self.price_usd,
            body=body,
        )
        with self._lock:
            self.jobs[job.id] = job
        return job

    def find(self, vendor: str, job_id: str) -> FakeJob | None:
        job = self.jobs.get(job_id)
        return job if job is not None and job.vendor == vendor else None

    def find_reference(self, vendor: str, reference: str) -> FakeJob | None:
        with self._lock:
            jobs = [job for job in self.jobs.values() if job.vendor == vendor]
        return next((job for job in jobs if reference and job.wanted.reference == reference), None)

    def look(self, job: FakeJob) -> int:
        """Counts the looks at a job; the first is 1."""
        with self._lock:
            job.looks += 1
            return job.looks

    def cancel(self, job: FakeJob) -> None:
        with self._lock:
            job.cancelled = job.cancelled or not job.stand(self.now()).ended

    def charged_usd(self, job: FakeJob) -> float:
        """What the job costs as it stands: held while it runs, and kept or refunded at its end."""
        stand = job.stand(self.now())
        kept = self.charged_when.get(job.vendor, frozenset())
        return job.price_usd if not stand.ended or stand in kept else 0.0

    def ledger(self) -> dict[str, Any]:
        """The bill: every accepted job with what it was charged."""
        with self._lock:
            rows = [self.row(job) for job in self.jobs.values()]
        return {
            "charged_usd": round(sum(row["charged_usd"] for row in rows), 6),
            "accepted": len(rows),
            "submits": self.submits,
            "jobs": rows,
        }

    def row(self, job: FakeJob) -> dict[str, Any]:
        return {
            "id": job.id,
            "provider": job.vendor,
            "model": job.wanted.model,
            "reference": job.wanted.reference,
            "stand": job.stand(self.now()).value,
            "charged_usd": self.charged_usd(job),
            "faults": sorted(job.faults),
            "looks": job.looks,
            "webhooks_sent": job.webhooks_sent,
        }
