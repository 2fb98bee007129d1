"""AcceptDrop: what a dropped file means, and the start of a run."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from shared.clip import Document, ObjectRef
from shared.errors import Problem
from shared.keys import ERRORS_NAME, DropKey, Folder, parse_drop_key
from shared.manifest.guard import printable
from shared.manifest.names import (
    CANCEL,
    is_dry_run,
    is_manifest,
    is_ours,
    is_review,
    marker_of,
)
from shared.pipeline.approvals import Approvals
from shared.pipeline.folder import folder_problems
from shared.pipeline.review import take_review
from shared.pipeline.services import Services
from shared.pipeline.status import write_status
from shared.ports import Conflict, ObjectHead, RunStarter
from shared.state import Drop, RunRow, decide_drop

TRIES = 8


class Verdict(StrEnum):
    """What became of a dropped file."""

    STARTED = "started"
    DUPLICATE = "duplicate"
    QUEUED = "queued"
    CANCELLING = "cancelling"
    ANSWERED = "answered"
    REVIEWED = "reviewed"
    OUTDATED = "outdated"
    MISPLACED = "misplaced"
    IGNORED = "ignored"


class Acceptance(Document):
    """The answer of `accept_drop`."""

    verdict: Verdict
    run_id: str = ""
    approved: bool = False


def no_hurry(_folder: Folder) -> None:
    """Where no jobs run."""


def accept_drop(
    services: Services,
    starter: RunStarter,
    dropped: ObjectRef,
    approvals: Approvals | None = None,
    by: str = "",
    retake: str = "",
    hasten: Callable[[Folder], None] = no_hurry,
) -> Acceptance:
    """Decide what one created object means and act on it.

    Safe to call any number of times for the same object, in any order and at the same time: the
    run's row is written under a condition, and an execution's name is its content.

    Parameters
    ----------
    approvals : questions about prices; without them nobody is asked, and markers answer nothing.
    by : who dropped it, as far as S3 says.
    retake : the run that this drop of ours is to make anew.
    hasten : has the jobs of a batch looked at now, once it is to stop.
    """
    drop = parse_drop_key(dropped.key)
    if marker_of(dropped.key):
        return _obey(services, dropped, drop, approvals, by, hasten)
    if is_review(dropped.key) and drop is not None:
        return _review(services, starter, dropped, drop, by)
    if is_ours(dropped.key) or not is_manifest(dropped.key):
        return Acceptance(verdict=Verdict.IGNORED)
    problems = [OUTSIDE] if drop is None else folder_problems(drop.folder)
    if drop is None or problems:
        return _misplaced(services, dropped, problems)
    current = services.objects.head(services.drop_bucket, dropped.key)
    if current is None or _is_older(dropped, current.ref):
        return Acceptance(verdict=Verdict.OUTDATED)
    return _open_run(services, starter, drop, current, retake)


def _is_older(dropped: ObjectRef, current: ObjectRef) -> bool:
    """Was the object replaced since? Then the replacement's own event counts."""
    return bool(dropped.version_id) and dropped.version_id != current.version_id


def _open_run(
    services: Services, starter: RunStarter, drop: DropKey, current: ObjectHead, retake: str
) -> Acceptance:
    arrival = Drop(
        source=current.ref,
        manifest_sha256=_content_hash(services, current.ref),
        fingerprint=folder_fingerprint(services.objects.list(services.drop_bucket, drop.base)),
        dry_run=is_dry_run(drop.name),
        retake=retake,
        dropped_at=current.modified,
        at=services.now(),
    )
    for _ in range(TRIES):
        before = services.rows.run(drop.folder, drop.relative)
        row, start = decide_drop(before, arrival)
        if before is None or row.run_id != before.run_id:
            row = row.changed(cancel_requested=_is_cancelled(services, row))
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
        if not _speaks(ref.key):
            digest.update(f"{ref.key}\0{ref.etag}\0".encode())
    return digest.hexdigest()


def _speaks(key: str) -> bool:
    """Does a file say something to us, or of us, and shows no picture?"""
    return is_ours(key) or is_manifest(key) or is_review(key) or bool(marker_of(key))


def _review(
    services: Services, starter: RunStarter, dropped: ObjectRef, drop: DropKey, by: str
) -> Acceptance:
    """Take a person's word on a clip; approved, its run is made anew and finds it made already."""
    word = services.objects.head(services.drop_bucket, dropped.key)
    if word is None:
        return Acceptance(verdict=Verdict.OUTDATED)
    again = take_review(services, word, drop, by)
    if again is None:
        return Acceptance(verdict=Verdict.IGNORED)
    for run in again:
        accept_drop(services, starter, run.source, retake=run.run_id)
    return Acceptance(verdict=Verdict.REVIEWED, approved=bool(again))


def _obey(
    services: Services,
    dropped: ObjectRef,
    drop: DropKey | None,
    approvals: Approvals | None,
    by: str,
    hasten: Callable[[Folder], None],
) -> Acceptance:
    """Do what a marker says: `CANCEL`, `APPROVED` or `DENIED`."""
    marker = services.objects.head(services.drop_bucket, dropped.key)
    if drop is None or marker is None:
        return Acceptance(verdict=Verdict.IGNORED)
    if marker_of(dropped.key) == CANCEL:
        return _cancel(services, marker, drop.folder, approvals, hasten)
    answered = approvals and approvals.answer_by_marker(drop.folder, marker, by)
    return Acceptance(verdict=Verdict.ANSWERED if answered else Verdict.IGNORED)


def _cancel(
    services: Services,
    marker: ObjectHead,
    folder: Folder,
    approvals: Approvals | None,
    hasten: Callable[[Folder], None],
) -> Acceptance:
    """Stop every run whose manifest was there before the CANCEL; a later one is meant to run."""
    for found in services.rows.runs(folder):
        _stop(services, found, marker)
    if approvals is not None:
        approvals.wake_waiting(folder)
    hasten(folder)
    write_status(services, folder, force=True)
    return Acceptance(verdict=Verdict.CANCELLING)


def _stop(services: Services, found: RunRow, marker: ObjectHead) -> None:
    for _ in range(TRIES):
        row = services.rows.run(found.folder, found.manifest)
        if row is None or row.state.ended or row.cancel_requested or not _precedes(row, marker):
            return
        with suppress(Conflict):  # somebody else wrote the row: look again
            services.rows.save_run(row.changed(cancel_requested=True, message="stopping"))
            return
    raise Conflict(f"the row of run {found.run_id} is too busy to be stopped")


def _precedes(row: RunRow, marker: ObjectHead) -> bool:
    """Was the manifest there before the marker? S3 tells whole seconds; a tie counts as before."""
    if not row.dropped_at:
        return True
    dropped = datetime.fromisoformat(row.dropped_at)
    return dropped.replace(microsecond=0) <= marker.modified


def _is_cancelled(services: Services, row: RunRow) -> bool:
    """Was CANCEL put there after this manifest? Its own event may have come first.

    Within one second nobody can tell; then only that event counts, so that a manifest dropped again
    right after a CANCEL is made.
    """
    dropped = datetime.fromisoformat(row.dropped_at)
    for key in {row.folder.key(CANCEL), row.drop.base + CANCEL}:
        marker = services.objects.head(services.drop_bucket, key)
        if marker and marker.modified.replace(microsecond=0) > dropped.replace(microsecond=0):
            return True
    return False


OUTSIDE = Problem(
    path="",
    message="a manifest must lie in a folder `<project>/<batch>/`.",
    hint="Move it and its keyframes, for example to `my-film/day-1/`.",
    code="misplaced",
)


def _misplaced(services: Services, dropped: ObjectRef, problems: Iterable[Problem]) -> Acceptance:
    """A manifest where no batch can be: say so beside it, since nobody else can."""
    directory = dropped.key[: -len(dropped.name)]
    listed = "".join(f"- {replace(problem, path=printable(dropped.key))}\n" for problem in problems)
    services.objects.write(
        services.drop_bucket,
        f"{directory}{ERRORS_NAME}",
        f"# Not started\n\n{listed}".encode(),
        content_type="text/markdown; charset=utf-8",
    )
    return Acceptance(verdict=Verdict.MISPLACED)
