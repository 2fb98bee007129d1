"""AcceptDrop: what a dropped file means, and the start of a run."""

import hashlib
from collections.abc import Iterable
from enum import StrEnum

from shared.clip import Document, ObjectRef
from shared.errors import Problem
from shared.keys import ERRORS_NAME, DropKey, parse_drop_key
from shared.manifest.names import (
    CANCEL,
    is_dry_run,
    is_manifest,
    is_ours,
    marker_of,
)
from shared.pipeline.services import Services
from shared.pipeline.status import write_status
from shared.ports import Conflict, RunStarter
from shared.state import Drop, decide_drop

TRIES = 8


class Verdict(StrEnum):
    """What became of a dropped file."""

    STARTED = "started"
    DUPLICATE = "duplicate"
    QUEUED = "queued"
    CANCELLING = "cancelling"
    OUTDATED = "outdated"
    MISPLACED = "misplaced"
    IGNORED = "ignored"


class Acceptance(Document):
    """The answer of `accept_drop`."""

    verdict: Verdict
    run_id: str = ""


def accept_drop(services: Services, starter: RunStarter, dropped: ObjectRef) -> Acceptance:
    """Decide what one created object means and act on it.

    Safe to call any number of times for the same object, in any order and at the same time: the
    run's row is written under a condition, and an execution's name is its content.
    """
    drop = parse_drop_key(dropped.key)
    if is_ours(dropped.key):
        return Acceptance(verdict=Verdict.IGNORED)
    if marker_of(dropped.key) == CANCEL:
        return _cancel(services, drop)
    if not is_manifest(dropped.key):
        return Acceptance(verdict=Verdict.IGNORED)
    if drop is None:
        return _misplaced(services, dropped)
    current = services.objects.head(services.drop_bucket, dropped.key)
    if current is None or _is_older(dropped, current.ref):
        return Acceptance(verdict=Verdict.OUTDATED)
    return _open_run(services, starter, drop, current.ref)


def _is_older(dropped: ObjectRef, current: ObjectRef) -> bool:
    """Was the object replaced since? Then the replacement's own event counts."""
    return bool(dropped.version_id) and dropped.version_id != current.version_id


def _open_run(
    services: Services, starter: RunStarter, drop: DropKey, source: ObjectRef
) -> Acceptance:
    arrival = Drop(
        source=source,
        manifest_sha256=_content_hash(services, source),
        fingerprint=folder_fingerprint(services.objects.list(services.drop_bucket, drop.base)),
        dry_run=is_dry_run(drop.name),
        at=services.now(),
    )
    for _ in range(TRIES):
        before = services.rows.run(drop.folder, drop.relative)
        row, start = decide_drop(before, arrival)
        try:
            if row is not before:
                row = services.rows.save_run(row)
        except Conflict:
            continue  # somebody else decided at the same moment: look again
        break
    else:
        raise Conflict(f"too many drops of {drop.relative} at once")
    if start:
        starter.start(row)
        write_status(services, drop.folder, force=True)
    if before is not None and row is before:
        return Acceptance(verdict=Verdict.DUPLICATE, run_id=row.run_id)
    return Acceptance(verdict=Verdict.STARTED if start else Verdict.QUEUED, run_id=row.run_id)


def _content_hash(services: Services, source: ObjectRef) -> str:
    """SHA-256 of the manifest; of its ETag when it is too large to be one."""
    if source.size > services.limits.max_manifest_bytes:
        return hashlib.sha256(source.etag.encode()).hexdigest()
    return hashlib.sha256(services.objects.read(source)).hexdigest()


def folder_fingerprint(listing: Iterable[ObjectRef]) -> str:
    """A hash over everything creators put beside a manifest: names and contents, order apart."""
    digest = hashlib.sha256()
    for ref in sorted(listing, key=lambda each: each.key):
        beside = not (is_ours(ref.key) or is_manifest(ref.key) or marker_of(ref.key))
        if beside:
            digest.update(f"{ref.key}\0{ref.etag}\0".encode())
    return digest.hexdigest()


def _cancel(services: Services, drop: DropKey | None) -> Acceptance:
    if drop is None:
        return Acceptance(verdict=Verdict.IGNORED)
    for found in services.rows.runs(drop.folder):
        row = found
        while row is not None and not row.state.ended and not row.cancel_requested:
            try:
                services.rows.save_run(row.changed(cancel_requested=True, message="stopping"))
            except Conflict:
                row = services.rows.run(drop.folder, found.manifest) or found
                continue
            break
    write_status(services, drop.folder, force=True)
    return Acceptance(verdict=Verdict.CANCELLING)


def _misplaced(services: Services, dropped: ObjectRef) -> Acceptance:
    """A manifest outside a `<project>/<batch>/` folder: say so beside it, since nobody else can."""
    problem = Problem(
        path=dropped.key,
        message="a manifest must lie in a folder `<project>/<batch>/`.",
        hint="Move it and its keyframes, for example to `my-film/day-1/`.",
        code="misplaced",
    )
    directory = dropped.key[: -len(dropped.name)]
    services.objects.write(
        services.drop_bucket,
        f"{directory}{ERRORS_NAME}",
        f"# Not started\n\n- {problem}\n".encode(),
        content_type="text/markdown; charset=utf-8",
    )
    return Acceptance(verdict=Verdict.MISPLACED)
