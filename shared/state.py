"""The rows that remember: one a run, one a clip of a run.

Rows are frozen documents. A change is a pure function from row to row; the store writes the result
only if the stored row is still the one that was read (`version`). So every decision here can be
tested without a database, and no two workers can both win.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import Field

from shared.batch import BatchState, ClipResult, ClipStatus
from shared.clip import Document, ObjectRef
from shared.errors import Problem
from shared.keys import DropKey, Folder, parse_drop_key, run_id
from shared.meter import summed

RUN_UNCOUNTED = {"transitions": 12.0, "notifications": 1.0}
"""What every run uses that no function counts: of Step Functions, start and end included."""
CLIP_UNCOUNTED = {"notifications": 1.0}


class RunRow(Document):
    """One manifest's way through the house.

    `fingerprint` names the keyframes and companions that the run has seen, so that dropping the
    same manifest beside changed pictures is told apart from dropping it twice.
    `pending` is a newer drop of the manifest that waits for this run to end.
    `dropped_at` is when the manifest was put there; a CANCEL put there later stops the run.
    `usage` is what the run's own functions used, `clips_usage` what its clips used, noted when it
    ends; `earlier_usage` is both, of all runs of the manifest before it.
    """

    version: int = 0
    project_id: str
    batch_id: str
    manifest: str
    run_id: str
    attempt: int = 1
    state: BatchState = BatchState.ACCEPTED
    source: ObjectRef
    manifest_sha256: str
    fingerprint: str = ""
    dry_run: bool = False
    total: int = 0
    message: str = ""
    missing: tuple[str, ...] = Field((), description="the first keyframes that are not here yet")
    missing_count: int = 0
    problems: tuple[Problem, ...] = Field((), description="the first faults of the manifest")
    undone: bool = Field(False, description="ended with clips that another try might make")
    cancel_requested: bool = False
    pending: ObjectRef | None = None
    dropped_at: str = ""
    accepted_at: str
    planned_at: str = ""
    ended_at: str = ""
    usage: dict[str, float] = Field(default_factory=dict)
    clips_usage: dict[str, float] = Field(default_factory=dict)
    earlier_usage: dict[str, float] = Field(default_factory=dict)

    @property
    def used(self) -> dict[str, float]:
        """`usage`, with what no function counts; nothing of a run in which none has worked."""
        return summed(self.usage, RUN_UNCOUNTED) if self.usage else {}

    @property
    def folder(self) -> Folder:
        return Folder(self.project_id, self.batch_id)

    @property
    def drop(self) -> DropKey:
        drop = parse_drop_key(self.source.key)
        assert drop is not None, self.source.key  # noqa: S101 - only parsed keys become rows
        return drop

    def changed(self, **values: Any) -> "RunRow":
        return self.model_copy(update=values)

    def with_costs_of(self, clips: Iterable["ClipRow"]) -> "RunRow":
        """The row with what its clips used; noted again, nothing counts twice."""
        return self.changed(clips_usage=summed(*(row.used for row in clips)))


class ClipRow(Document):
    """One clip of one run."""

    version: int = 0
    project_id: str
    batch_id: str
    run_id: str
    stem: str
    index: int
    status: ClipStatus = ClipStatus.WAITING
    clip_key: str = ""
    remedy: dict[str, Any] = Field(
        default_factory=dict, description="fields of `motion` that would make a refused clip pass"
    )
    result: ClipResult
    updated_at: str = ""
    usage: dict[str, float] = Field(default_factory=dict)

    @property
    def used(self) -> dict[str, float]:
        """`usage`, with what no function counts; nothing of a clip that none has touched."""
        return summed(self.usage, CLIP_UNCOUNTED) if self.usage else {}

    @property
    def folder(self) -> Folder:
        return Folder(self.project_id, self.batch_id)

    def moved(self, status: ClipStatus, **result: Any) -> "ClipRow":
        """The row at `status`, with these fields of its result replaced."""
        merged = self.result.model_copy(update={**result, "status": status})
        return self.model_copy(update={"status": status, "result": merged})


class PaidJob(Document):
    """What a job cost that a clip of a batch waited for.

    A later run may take up a job that an earlier one has paid: it is known by its name, and counts
    once. `manifest` is that of the last run that looked at it.
    """

    job_id: str
    manifest: str
    usd: float


class Drop(Document):
    """A manifest as it arrived; `retake` names a run that is to be made anew all the same."""

    source: ObjectRef
    manifest_sha256: str
    fingerprint: str
    dry_run: bool = False
    retake: str = ""
    dropped_at: datetime
    at: datetime

    @property
    def key(self) -> DropKey:
        drop = parse_drop_key(self.source.key)
        assert drop is not None, self.source.key  # noqa: S101 - see RunRow.drop
        return drop


def decide_drop(row: RunRow | None, drop: Drop) -> tuple[RunRow, bool]:
    """What a dropped manifest means, given the run of the same manifest before it.

    Returns
    -------
    (row, start) : the row to be saved, and whether its execution must be started.
        Starting is harmless when it runs already, since its name is its content.

    The same drop, told twice, is the same run. A changed manifest, or the same one beside pictures
    that the run has not seen, waits for the end of the one that runs. After an end, changed content
    or a run that left something undone makes a new attempt; what is made already is found by its
    content and not made again. A retake of the row's own run is meant, however like the last drop
    it is: told again, it finds the run that it has made, and no more to do.
    """
    if row is None:
        return _new_run(drop), True
    # a run that nobody has seen at work may have lost its start
    unseen = row.state is BatchState.ACCEPTED
    retake = drop.retake == row.run_id
    if _is_told_again(row, drop) and not retake:
        return row, unseen
    same_manifest = row.manifest_sha256 == drop.manifest_sha256
    same_content = same_manifest and row.fingerprint == drop.fingerprint
    if not row.state.ended:
        # before it is planned a run takes whatever lies beside its manifest
        nothing_new = same_content or (same_manifest and not row.planned_at)
        return (row if nothing_new and not retake else row.changed(pending=drop.source)), unseen
    settled = row.state in {BatchState.FINISHED, BatchState.REJECTED} and not row.undone
    if same_content and settled and not retake:
        return row, False
    return _new_run(drop, after=row), True


def _is_told_again(row: RunRow, drop: Drop) -> bool:
    """Is this the very drop that made the run? Queues deliver a message more than once."""
    return drop.source.version_id is not None and drop.source.version_id == row.source.version_id


def _new_run(drop: Drop, *, after: RunRow | None = None) -> RunRow:
    """The first run of a manifest, or the one after another, whose costs it goes on counting."""
    key = drop.key
    attempt = after.attempt + 1 if after else 1
    return RunRow(
        version=after.version if after else 0,
        project_id=key.folder.project_id,
        batch_id=key.folder.batch_id,
        manifest=key.relative,
        run_id=run_id(key, drop.manifest_sha256, attempt),
        attempt=attempt,
        source=drop.source,
        manifest_sha256=drop.manifest_sha256,
        fingerprint=drop.fingerprint,
        dry_run=drop.dry_run,
        dropped_at=drop.dropped_at.isoformat(),
        accepted_at=drop.at.isoformat(),
        earlier_usage=summed(after.earlier_usage, after.used, after.clips_usage) if after else {},
    )
