"""Slots: how many jobs a provider may run at once, and how many may start in a minute.

Caps hold across all batches, so they live in one small document a provider. A lease that is not
given back (its handler died, its row was lost) expires by itself.
"""

from datetime import datetime, timedelta

from pydantic import Field

from shared.clip import Document

MINUTE = timedelta(minutes=1)


class Caps(Document):
    """What a provider allows, at the account's tier."""

    concurrent: int = 2
    per_minute: int = 2
    lease_sec: int = 3600


class SlotSheet(Document):
    """Who holds a slot of one provider, and who started lately. Times are epoch seconds."""

    version: int = 0
    provider: str
    leases: dict[str, float] = Field(default_factory=dict, description="job id → expiry")
    starts: tuple[float, ...] = ()


def take_slot(sheet: SlotSheet, job_id: str, now: datetime, caps: Caps) -> SlotSheet | None:
    """The sheet with a lease for the job; None when the caps leave no room.

    A job that holds a lease keeps it, renewed, and does not count as another start.
    """
    at = now.timestamp()
    leases = {job: expiry for job, expiry in sheet.leases.items() if expiry > at}
    starts = tuple(start for start in sheet.starts if start > at - MINUTE.total_seconds())
    renewed = job_id in leases
    if not renewed and (len(leases) >= caps.concurrent or len(starts) >= caps.per_minute):
        return None
    return sheet.model_copy(
        update={
            "leases": {**leases, job_id: at + caps.lease_sec},
            "starts": starts if renewed else (*starts, at),
        }
    )


def give_slot_back(sheet: SlotSheet, job_id: str) -> SlotSheet | None:
    """The sheet without the job's lease; None when it holds none."""
    if job_id not in sheet.leases:
        return None
    leases = {job: expiry for job, expiry in sheet.leases.items() if job != job_id}
    return sheet.model_copy(update={"leases": leases})
