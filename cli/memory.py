"""The ports of `shared/ports.py` in plain memory, for checks that never leave this machine."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from shared.audit import AuditRecord
from shared.catalog.catalog import load_catalog
from shared.clip import ObjectRef
from shared.keys import Folder
from shared.ports import Conflict, ObjectHead, PreconditionFailed
from shared.review import Review
from shared.state import ClipRow, PaidJob, RunRow

ObjectVersion = tuple[str, str, str]
"""Bucket, key and version."""


class MemoryObjects:
    """`ObjectStore` in a dictionary; replaced versions stay readable, as in a versioned bucket."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], tuple[ObjectHead, bytes]] = {}
        self._versions: dict[ObjectVersion, tuple[ObjectHead, bytes]] = {}
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def read(self, ref: ObjectRef) -> bytes:
        found = self._find(ref.bucket, ref.key, ref.version_id)
        if found is None:
            raise FileNotFoundError(ref.key)
        return found[1]

    def head(self, bucket: str, key: str, version_id: str | None = None) -> ObjectHead | None:
        found = self._find(bucket, key, version_id)
        return found[0] if found else None

    def _find(
        self, bucket: str, key: str, version_id: str | None
    ) -> tuple[ObjectHead, bytes] | None:
        if version_id:
            return self._versions.get((bucket, key, version_id))
        return self._objects.get((bucket, key))

    def delete(self, bucket: str, key: str) -> None:
        """Hide the object, if it is there; its versions stay."""
        self._objects.pop((bucket, key), None)

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectRef]:
        for where, key in sorted(self._objects):
            if where == bucket and key.startswith(prefix):
                yield self._objects[where, key][0].ref.model_copy(update={"version_id": None})

    def write(
        self,
        bucket: str,
        key: str,
        data: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectRef:
        there = self.head(bucket, key)
        if (if_absent and there) or (if_match and (not there or there.ref.etag != if_match)):
            raise PreconditionFailed(f"{bucket}/{key} is not in the expected state")
        etag = hashlib.sha256(data).hexdigest()
        version = f"v{len(self._versions) + 1}"
        ref = ObjectRef(bucket=bucket, key=key, version_id=version, etag=etag, size=len(data))
        stored = (ObjectHead(ref, self.now(), dict(metadata or {})), data)
        self._objects[bucket, key] = self._versions[bucket, key, version] = stored
        return ref

    def download(self, ref: ObjectRef, path: Path) -> None:
        path.write_bytes(self.read(ref))

    def upload(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectRef:
        return self.write(
            bucket, key, path.read_bytes(), content_type=content_type, metadata=metadata
        )

    def copy(
        self,
        source: ObjectRef,
        bucket: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectRef:
        return self.write(
            bucket,
            key,
            self.read(source),
            content_type=content_type,
            metadata=metadata,
            if_absent=if_absent,
            if_match=if_match,
        )


class MemoryRows:
    """`StateStore` in dictionaries, with the same optimistic locking as the real one."""

    def __init__(self) -> None:
        self._runs: dict[tuple[Folder, str], RunRow] = {}
        self._clips: dict[tuple[Folder, str, str], ClipRow] = {}
        self._paid: dict[tuple[Folder, str], PaidJob] = {}
        self._reviews: dict[tuple[str, str], Review] = {}

    def run(self, folder: Folder, manifest: str) -> RunRow | None:
        return self._runs.get((folder, manifest))

    def runs(self, folder: Folder) -> list[RunRow]:
        return [row for (where, _), row in sorted(self._runs.items()) if where == folder]

    def clip(self, folder: Folder, run_id: str, stem: str) -> ClipRow | None:
        return self._clips.get((folder, run_id, stem))

    def clips(self, folder: Folder, run_id: str) -> list[ClipRow]:
        rows = [row for key, row in self._clips.items() if key[:2] == (folder, run_id)]
        return sorted(rows, key=lambda row: row.index)

    def save_run(self, row: RunRow) -> RunRow:
        there = self._runs.get((row.folder, row.manifest))
        if (there.version if there else 0) != row.version:
            raise Conflict(f"run {row.run_id} was changed by somebody else")
        saved = row.changed(version=row.version + 1)
        self._runs[row.folder, row.manifest] = saved
        return saved

    def save_clip(self, row: ClipRow) -> ClipRow:
        there = self._clips.get((row.folder, row.run_id, row.stem))
        if (there.version if there else 0) != row.version:
            raise Conflict(f"clip {row.stem} was changed by somebody else")
        saved = row.model_copy(update={"version": row.version + 1})
        self._clips[row.folder, row.run_id, row.stem] = saved
        return saved

    def paid(self, folder: Folder) -> list[PaidJob]:
        return [job for (where, _), job in sorted(self._paid.items()) if where == folder]

    def save_paid(self, folder: Folder, jobs: Iterable[PaidJob]) -> None:
        self._paid.update({(folder, job.job_id): job for job in jobs})

    def review(self, project: str, clip_key: str) -> Review | None:
        return self._reviews.get((project, clip_key))

    def reviews(self, project: str) -> list[Review]:
        return [row for (where, _), row in sorted(self._reviews.items()) if where == project]

    def save_review(self, review: Review) -> Review:
        there = self.review(review.project_id, review.clip_key)
        if (there.version if there else 0) != review.version:
            raise Conflict(f"the review of {review.stem} was changed by somebody else")
        saved = review.model_copy(update={"version": review.version + 1})
        self._reviews[review.project_id, review.clip_key] = saved
        return saved

    def save_new_clips(self, rows: list[ClipRow]) -> None:
        for row in rows:
            self._clips.setdefault(
                (row.folder, row.run_id, row.stem), row.model_copy(update={"version": 1})
            )


class NoAudit:
    """Nothing is made, so nothing is recorded."""

    def append(self, record: AuditRecord) -> None:
        return None


def every_engine() -> frozenset[str]:
    """All that the catalogue knows, since nobody asks a deployment what it has keys for."""
    # your own GPU box would make everything free: it is nobody's until it is attached
    engines = {engine for row in load_catalog().models for engine in row.engines}
    return frozenset(engines - {"worker"})
