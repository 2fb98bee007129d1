"""What every use case is given: the buckets, the ports, the limits, the clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.audit import AuditTrail
from shared.catalog.model import CAMERA_MOVE
from shared.clip import Document, ObjectRef
from shared.keys import DropKey, Folder, WorkKeys, parse_drop_key
from shared.meter import Meter
from shared.ports import ObjectStore, StateStore
from shared.routing.policy import Policy
from shared.routing.rank import Pricer, catalog_price


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Deployment settings that the use cases obey."""

    keyframe_wait_sec: float = 900.0
    max_manifest_bytes: int = 16 * 1024 * 1024
    max_keyframe_bytes: int = 64 * 1024 * 1024
    max_delivery_bytes: int = 8 * 1024**3


def no_links(_folder: Folder, _run_id: str) -> dict[str, str]:
    """Where there is no console to point to."""
    return {}


def open_policy(_project: str) -> Policy:
    """The policy where projects have none of their own."""
    return Policy()


@dataclass(frozen=True, kw_only=True)
class Services:
    """The outside world, as ports.

    `engines` are those that this deployment can use; `policy` says what a project allows, `price`
    what a request costs on an engine.
    """

    drop_bucket: str
    work_bucket: str
    library_bucket: str
    objects: ObjectStore
    rows: StateStore
    audit: AuditTrail
    meter: Meter = field(default_factory=Meter)
    limits: Limits = Limits()
    engines: frozenset[str] = frozenset({CAMERA_MOVE})
    policy: Callable[[str], Policy] = open_policy
    price: Pricer = catalog_price
    links: Callable[[Folder, str], dict[str, str]] = no_links
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class RunRef(Document):
    """Which run: the part of the state that every batch state carries."""

    project_id: str
    batch_id: str
    run_id: str
    manifest: ObjectRef
    dry_run: bool = False

    @property
    def folder(self) -> Folder:
        return Folder(self.project_id, self.batch_id)

    @property
    def drop(self) -> DropKey:
        drop = parse_drop_key(self.manifest.key)
        assert drop is not None, self.manifest.key  # noqa: S101 - only parsed keys become runs
        return drop

    @property
    def work(self) -> WorkKeys:
        return WorkKeys(self.run_id)


class ClipItem(Document):
    """Which clip of which run: the part of the state that every clip state carries."""

    run: RunRef
    stem: str
    index: int
    clip_key: str = ""
    job_id: str = ""
