"""What every use case is given: the buckets, the ports, the limits, the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.audit import AuditTrail
from shared.catalog.model import CAMERA_MOVE
from shared.clip import Document, ObjectRef
from shared.keys import DropKey, Folder, WorkKeys, parse_drop_key
from shared.meter import Meter
from shared.ports import ObjectStore, StateStore
from shared.prompting.brief import PromptWriter
from shared.prompting.template import Template
from shared.routing.fit import Pricer
from shared.routing.policy import Policy
from shared.routing.rank import catalog_price, nothing_known
from shared.scoring.policy import ScoringPolicy


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Deployment settings that the use cases obey."""

    keyframe_wait_sec: float = 900.0
    max_manifest_bytes: int = 16 * 1024 * 1024
    max_keyframe_bytes: int = 64 * 1024 * 1024
    max_delivery_bytes: int = 8 * 1024**3
    job_deadline: timedelta | None = None
    """For all operations alike, instead of the table in `shared/jobs/deadlines.py`."""


def no_links(_folder: Folder, _run_id: str) -> dict[str, str]:
    """Where there is no console to point to."""
    return {}


def no_route(_project: str) -> tuple[str, ...]:
    """Where projects have no default route."""
    return ()


def all_well() -> dict[str, str]:
    """No engine is paused."""
    return {}


def open_policy(_project: str) -> Policy:
    """The policy where projects have none of their own."""
    return Policy()


def default_scoring(_project: str) -> ScoringPolicy:
    """What low scores lead to where projects say nothing."""
    return ScoringPolicy()


def template_writer(_project: str) -> PromptWriter:
    """Where no language model is configured."""
    return Template()


@dataclass(frozen=True, kw_only=True)
class Services:
    """The outside world, as ports.

    `engines` are those that this deployment can use; `policy` says what a project allows, `price`
    what a request costs on an engine, `needs` what is to be set for an engine that is not there,
    `scoring` what it asks of a keyframe, `default_route` which way its clips go where a manifest
    says none, `prompts` who writes the prompts of its scenes; `health` which engines are paused,
    and why.
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
    needs: Callable[[str], str] = nothing_known
    default_route: Callable[[str], tuple[str, ...]] = no_route
    health: Callable[[], Mapping[str, str]] = all_well
    scoring: Callable[[str], ScoringPolicy] = default_scoring
    prompts: Callable[[str], PromptWriter] = template_writer
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
    """Which clip of which run: the part of the state that every clip state carries.

    `failed_inspection` is the job whose clip has just failed inspection.
    """

    run: RunRef
    stem: str
    index: int
    clip_key: str = ""
    job_id: str = ""
    failed_inspection: str = ""
