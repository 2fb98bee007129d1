"""The jobs engine's rows and slots in plain memory, for calls that no deployment stands behind."""

import threading
from collections.abc import Mapping
from datetime import datetime

from shared.jobs.breaker import Contact
from shared.jobs.job import Job
from shared.jobs.leases import Caps, SlotSheet, give_slot_back, take_slot
from shared.ports import Conflict


class MemoryJobs:
    """`JobStore` in a dictionary, with the same optimistic locking as the real one."""

    def __init__(self) -> None:
        self.rows: dict[str, Job] = {}
        self._closed: set[str] = set()
        self._lock = threading.Lock()

    def job(self, job_id: str) -> Job | None:
        return self.rows.get(job_id)

    def save_job(self, job: Job) -> Job:
        with self._lock:
            there = self.rows.get(job.job_id)
            if (there.version if there else 0) != job.version:
                raise Conflict(f"job {job.job_id} was changed by somebody else")
            saved = job.model_copy(update={"version": job.version + 1})
            self.rows[job.job_id] = saved
            return saved

    def open_jobs(self) -> list[str]:
        return [job_id for job_id in self.rows if job_id not in self._closed]

    def close_job(self, job_id: str) -> None:
        self._closed.add(job_id)


class NeverPaused:
    """`Breakers` that let everybody through: one caller finds out by itself who is down."""

    def wait_sec(self, provider: str, job_id: str, now: datetime) -> float:
        return 0.0

    def may_send(self, provider: str, job_id: str, now: datetime) -> bool:
        return True

    def failed(self, provider: str, contact: Contact, reason: str, now: datetime) -> None:
        """Nobody is paused for it."""

    def answered(self, provider: str, contact: Contact) -> None:
        """Nobody was paused."""


class MemorySlots:
    """`Slots` in a dictionary; providers without caps of their own get the default ones."""

    def __init__(self, caps: Mapping[str, Caps] | None = None) -> None:
        self._caps = dict(caps or {})
        self._sheets: dict[str, SlotSheet] = {}
        self._lock = threading.Lock()

    def take(self, provider: str, job_id: str, now: datetime) -> bool:
        with self._lock:
            sheet = self._sheets.get(provider) or SlotSheet(provider=provider)
            taken = take_slot(sheet, job_id, now, self._caps.get(provider, Caps()))
            if taken is not None:
                self._sheets[provider] = taken
            return taken is not None

    def give_back(self, provider: str, job_id: str) -> None:
        with self._lock:
            sheet = self._sheets.get(provider)
            left = give_slot_back(sheet, job_id) if sheet else None
            if left is not None:
                self._sheets[provider] = left
