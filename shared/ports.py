"""What the domain needs from the outside world, as narrow protocols.

`shared/aws/` implements them with boto3; tests may use the emulators or plain memory.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from shared.clip import ObjectRef
from shared.errors import Transient
from shared.keys import Folder
from shared.review import Review
from shared.state import ClipRow, PaidJob, RunRow


class PreconditionFailed(Transient):
    """A conditional write met something else than expected."""


class Conflict(Transient):
    """A row was changed by somebody else since it was read."""


class ObjectHead(NamedTuple):
    """What is known of an object without reading it."""

    ref: ObjectRef
    modified: datetime
    metadata: Mapping[str, str]


class ObjectStore(Protocol):
    """Versioned objects in buckets."""

    def read(self, ref: ObjectRef) -> bytes:
        """The whole object; `FileNotFoundError` when it is not there."""
        ...

    def head(self, bucket: str, key: str, version_id: str | None = None) -> ObjectHead | None: ...

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectRef]:
        """All current objects below a prefix, in key order; without version ids."""
        ...

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
        """Put an object; `PreconditionFailed` when `if_absent` or `if_match` does not hold."""
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Hide the object, if it is there; its versions stay."""
        ...

    def download(self, ref: ObjectRef, path: Path) -> None: ...

    def upload(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectRef: ...

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
        """Server-side copy with new metadata, under the same conditions as `write`."""
        ...


class StateStore(Protocol):
    """Rows of runs and clips with optimistic locking: `save` holds only if nobody else wrote."""

    def run(self, folder: Folder, manifest: str) -> RunRow | None: ...

    def runs(self, folder: Folder) -> list[RunRow]: ...

    def clip(self, folder: Folder, run_id: str, stem: str) -> ClipRow | None: ...

    def clips(self, folder: Folder, run_id: str) -> list[ClipRow]: ...

    def save_run(self, row: RunRow) -> RunRow:
        """Write the row if its version is still the stored one; `Conflict` otherwise."""
        ...

    def save_clip(self, row: ClipRow) -> ClipRow: ...

    def paid(self, folder: Folder) -> list[PaidJob]:
        """Every job that a clip of the folder has waited for, in whichever run, and its cost."""
        ...

    def save_paid(self, folder: Folder, jobs: Iterable[PaidJob]) -> None:
        """Note what jobs cost; what was noted of the same job is replaced."""
        ...

    def review(self, project: str, clip_key: str) -> Review | None:
        """What a person said of a clip that failed inspection."""
        ...

    def reviews(self, project: str) -> list[Review]: ...

    def save_review(self, review: Review) -> Review: ...

    def save_new_clips(self, rows: list[ClipRow]) -> None:
        """Write many rows at once; rows that exist already keep what they hold."""
        ...


class RunStarter(Protocol):
    """Starts the batch state machine."""

    def start(self, row: RunRow) -> None:
        """Start the run; starting the same run again changes nothing."""
        ...


class DropQueue(Protocol):
    """The queue that feeds `accept_drop`."""

    def drop_again(self, manifest: ObjectRef, *, retake: str = "") -> None:
        """Drop a manifest once more.

        `retake` names a run that is to be made anew although nothing was changed, because something
        has come of it since: a paid clip that was late, or a person's yes.
        """
        ...
