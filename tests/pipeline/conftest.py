"""A house in memory: the pipeline's use cases in the order of the state machine, real codec included."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cli.memory import MemoryObjects, MemoryRows
from shared.audit import AuditRecord
from shared.batch import BatchState, ClipStatus
from shared.clip import ObjectRef
from shared.errors import BatchCancelled, DropreelError, InvalidInput
from shared.keys import Folder
from shared.pipeline.accept import Acceptance, accept_drop
from shared.pipeline.check import check_manifest
from shared.pipeline.close import Closed, close_batch
from shared.pipeline.end import FailureCause, record_clip_end
from shared.pipeline.finish import finish_clip
from shared.pipeline.inspect import inspect_clip
from shared.pipeline.keyframes import await_keyframes
from shared.pipeline.plan import plan_batch
from shared.pipeline.prepare import prepare_clip
from shared.pipeline.publish import publish_clip
from shared.pipeline.services import ClipItem, Limits, RunRef, Services
from shared.state import RunRow


@dataclass
class Trail:
    """An audit trail in a list; the first line of an operation stands."""

    records: list[AuditRecord] = field(default_factory=list)

    def append(self, record: AuditRecord) -> None:
        self.records.append(record)


@dataclass
class House:
    """Everything between a dropped file and a library, without a network."""

    services: Services
    objects: MemoryObjects
    trail: Trail
    started: list[RunRow] = field(default_factory=list)
    again: list[ObjectRef] = field(default_factory=list)

    folder = Folder("film", "day-1")

    def start(self, row: RunRow) -> None:
        self.started.append(row)

    def drop_again(self, manifest: ObjectRef) -> None:
        self.again.append(manifest)

    def put(self, name: str, data: bytes | dict[str, Any]) -> ObjectRef:
        raw = json.dumps(data).encode() if isinstance(data, dict) else data
        key = self.folder.key(name)
        return self.objects.write("drop", key, raw, content_type="application/octet-stream")

    def drop(self, name: str, data: bytes | dict[str, Any]) -> Acceptance:
        return accept_drop(self.services, self, self.put(name, data))

    def ref(self, row: RunRow) -> RunRef:
        return RunRef(
            project_id=row.project_id,
            batch_id=row.batch_id,
            run_id=row.run_id,
            manifest=row.source,
            dry_run=row.dry_run,
        )

    def work(
        self, row: RunRow | None = None, *, before: Callable[[str, str], None] = lambda *_: None
    ) -> Closed:
        """Walk the state machine for a run; `before(state, stem)` is told of each step first."""
        run = self.ref(row or self.started[-1])
        outcome = BatchState.FINISHED
        try:
            before("CheckManifest", "")
            check_manifest(self.services, run)
            while not await_keyframes(self.services, run).ready:
                before("AwaitKeyframes", "")
            before("PlanBatch", "")
            plan = plan_batch(self.services, run)
            items = json.loads(self.objects.read(ObjectRef(bucket=plan.bucket, key=plan.key)))
            for item in items:
                self._clip(ClipItem(run=run, **item), before)
        except InvalidInput:
            outcome = BatchState.REJECTED
        except BatchCancelled:
            outcome = BatchState.CANCELLED
        before("CloseBatch", "")
        return close_batch(self.services, self, run, outcome)

    def _clip(self, item: ClipItem, before: Callable[[str, str], None]) -> None:
        try:
            before("PrepareClip", item.stem)
            prepared = prepare_clip(self.services, item)
            if prepared.dry_run:
                return
            item = item.model_copy(update={"clip_key": prepared.clip_key})
            before("FinishClip", item.stem)
            finish_clip(self.services, item)
            before("InspectClip", item.stem)
            verdict = inspect_clip(self.services, item)
            if verdict in ("fail", "unreadable"):
                record_clip_end(self.services, item, ClipStatus.NEEDS_REVIEW, FailureCause())
                return
            before("PublishClip", item.stem)
            publish_clip(self.services, item)
        except DropreelError as error:
            outcome = {InvalidInput: ClipStatus.REJECTED, BatchCancelled: ClipStatus.CANCELLED}
            end = next((s for t, s in outcome.items() if isinstance(error, t)), ClipStatus.FAILED)
            cause = FailureCause(Error=type(error).__name__, Cause=error.message)
            record_clip_end(self.services, item, end, cause)

    def library(self) -> dict[str, bytes]:
        """Library files of the batch, by name."""
        prefix = self.folder.prefix
        return {
            ref.key[len(prefix) :]: self.objects.read(ref)
            for ref in self.objects.list("library", prefix)
        }

    def answer(self, name: str) -> bytes:
        return self.objects.read(ObjectRef(bucket="drop", key=self.folder.key(name)))

    def status(self) -> dict[str, Any]:
        """The newest run of `_status.json`."""
        runs: list[dict[str, Any]] = json.loads(self.answer("_status.json"))["runs"]
        return runs[0]


@pytest.fixture
def house() -> House:
    objects, trail = MemoryObjects(), Trail()
    services = Services(
        drop_bucket="drop",
        work_bucket="work",
        library_bucket="library",
        objects=objects,
        rows=MemoryRows(),
        audit=trail,
        limits=Limits(keyframe_wait_sec=0.01),
        now=lambda: datetime.now(UTC),
    )
    return House(services, objects, trail)


def picture(width: int = 320, height: int = 180, seed: int = 1, kind: str = "PNG") -> bytes:
    """A small textured picture, different for every seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 200, (height // 20 + 1, width // 20 + 1, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


SMALL = {"resolution": "144p", "motion": {"duration_sec": 0.5}, "finish": {"fps": 24}}
"""Settings of a quick clip: 256×144, 12 frames."""


def small_manifest(*names: str, **more: Any) -> dict[str, Any]:
    return {"defaults": SMALL, "keyframes": [{"image_path": name} for name in names], **more}
