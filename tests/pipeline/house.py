"""A house in memory: the use cases in the order of the state machine, real codec included."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from cli.memory import MemoryObjects
from shared.aws.audit import S3AuditTrail
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
from shared.pipeline.step import Step
from shared.state import RunRow
from tests.pipeline.faults import Killed, MortalJobs, MortalObjects, MortalRows, Power

T = TypeVar("T")

WAIT_SEC = 0.01
"""How long a house waits for its keyframes: one look, and perhaps a second."""

Told = Callable[[str, str], None]


def nothing(_state: str, _stem: str) -> None:
    """Watches a run and does nothing."""


@dataclass
class Clock:
    """The time in a house, which a test can put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class House:
    """Everything between a dropped file and a library, without a network.

    `started` are the runs in the order of their executions; `again` is what the drops queue got.
    """

    services: Services
    objects: MemoryObjects
    power: Power
    clock: Clock
    jobs: MortalJobs
    started: list[RunRow] = field(default_factory=list)
    again: list[ObjectRef] = field(default_factory=list)

    folder = Folder("film", "day-1")

    def start(self, row: RunRow) -> None:
        """Start an execution; its name is its content, so a second start is the same one."""
        self.power.spend(lambda: None)
        if row.run_id not in [each.run_id for each in self.started]:
            self.started.append(row)

    def drop_again(self, manifest: ObjectRef, *, retake: str = "") -> None:
        self.power.spend(lambda: self.again.append(manifest))

    def put(self, name: str, data: bytes | dict[str, Any]) -> ObjectRef:
        """Put a file into the drop folder; its event is not delivered."""
        raw = json.dumps(data).encode() if isinstance(data, dict) else data
        key = self.folder.key(name)
        return self.objects.write("drop", key, raw, content_type="application/octet-stream")

    def deliver(self, created: ObjectRef) -> Acceptance:
        """Deliver the event of a created object."""
        return self.survive(lambda: accept_drop(self.services, self, created))

    def drop(self, name: str, data: bytes | dict[str, Any]) -> Acceptance:
        """Put a file into the drop folder, and deliver its event."""
        return self.deliver(self.put(name, data))

    def row(self, manifest: str = "manifest.json") -> RunRow:
        """The manifest's run as it is stored now."""
        row = self.services.rows.run(self.folder, manifest)
        assert row is not None
        return row

    @staticmethod
    def ref(row: RunRow) -> RunRef:
        return RunRef(
            project_id=row.project_id,
            batch_id=row.batch_id,
            run_id=row.run_id,
            manifest=row.source,
            dry_run=row.dry_run,
        )

    def survive(self, state: Callable[[], T]) -> T:
        """Run a state as Step Functions does: a process that dies is started again."""
        while True:
            try:
                return state()
            except Killed:
                self.power.restore()

    def work(self, row: RunRow | None = None, *, before: Told = nothing) -> Closed:
        """Walk the state machine for a run; `before(state, stem)` is told of each step first."""
        run = self.ref(row or self.started[-1])
        outcome = BatchState.FINISHED
        try:
            self.open(run, before)
            for item in self.plan(run, before):
                self.make(item, before)
        except InvalidInput:
            outcome = BatchState.REJECTED
        except BatchCancelled:
            outcome = BatchState.CANCELLED
        return self.close(run, outcome, before)

    def open(self, run: RunRef, before: Told = nothing) -> None:
        before("CheckManifest", "")
        self.survive(partial(check_manifest, self.services, run))
        before("AwaitKeyframes", "")
        while not self.survive(partial(await_keyframes, self.services, run)).ready:
            before("AwaitKeyframes", "")

    def plan(self, run: RunRef, before: Told = nothing) -> list[ClipItem]:
        before("PlanBatch", "")
        plan = self.survive(partial(plan_batch, self.services, run))
        items = json.loads(self.objects.read(ObjectRef(bucket=plan.bucket, key=plan.key)))
        assert len(items) == plan.count
        return [ClipItem(run=run, **item) for item in items]

    def make(self, item: ClipItem, before: Told = nothing) -> None:
        """One child execution."""
        try:
            self._make(item, before)
        except DropreelError as error:
            outcome = {InvalidInput: ClipStatus.REJECTED, BatchCancelled: ClipStatus.CANCELLED}
            end = next((s for t, s in outcome.items() if isinstance(error, t)), ClipStatus.FAILED)
            cause = FailureCause(Error=type(error).__name__, Cause=error.message)
            self.survive(partial(record_clip_end, self.services, item, end, cause))

    def _make(self, item: ClipItem, before: Told) -> None:
        before("PrepareClip", item.stem)
        prepared = self.survive(partial(prepare_clip, self.services, self.jobs, item))
        if prepared.step is Step.PLANNED:
            return
        item = item.model_copy(update={"clip_key": prepared.clip_key})
        before("FinishClip", item.stem)
        self.survive(partial(finish_clip, self.services, self.jobs, item))
        before("InspectClip", item.stem)
        verdict = self.survive(partial(inspect_clip, self.services, item))
        if verdict in ("fail", "unreadable"):
            held = partial(record_clip_end, self.services, item, ClipStatus.NEEDS_REVIEW)
            self.survive(partial(held, FailureCause()))
            return
        before("PublishClip", item.stem)
        self.survive(partial(publish_clip, self.services, item))

    def close(self, run: RunRef, outcome: BatchState, before: Told = nothing) -> Closed:
        before("CloseBatch", "")
        return self.survive(partial(close_batch, self.services, self, run, outcome))

    def library(self) -> dict[str, bytes]:
        """Library files of the batch, by name."""
        prefix = self.folder.prefix
        return {
            ref.key[len(prefix) :]: self.objects.read(ref)
            for ref in self.objects.list("library", prefix)
        }

    def in_library(self, name: str) -> Any:
        """A JSON document of the library."""
        return json.loads(self.library()[name])

    def audit_lines(self) -> list[dict[str, Any]]:
        """All lines of the trail, each an object of its own."""
        texts = [self.objects.read(ref).decode() for ref in self.objects.list("library", "_audit/")]
        assert all(text.count("\n") == 1 and text.endswith("\n") for text in texts)
        return [json.loads(text) for text in texts]

    def answer(self, name: str) -> str:
        return self.objects.read(ObjectRef(bucket="drop", key=self.folder.key(name))).decode()

    def in_drop(self) -> set[str]:
        """Names of what lies in the batch's drop folder."""
        prefix = self.folder.prefix
        return {ref.key.removeprefix(prefix) for ref in self.objects.list("drop", prefix)}

    def runs(self) -> list[dict[str, Any]]:
        """The runs of `_status.json`, newest first."""
        runs: list[dict[str, Any]] = json.loads(self.answer("_status.json"))["runs"]
        return runs

    def status(self) -> dict[str, Any]:
        """The newest run of `_status.json`."""
        return self.runs()[0]

    def clip(self, stem: str) -> dict[str, Any]:
        """A clip of the newest run, as `_status.json` tells it."""
        found: dict[str, Any] = next(c for c in self.status()["clips"] if c["stem"] == stem)
        return found


def build_house(power: Power | None = None, **limits: Any) -> House:
    """An empty house; `limits` replace those of the deployment."""
    power = power or Power()
    clock = Clock()
    objects = MortalObjects(power)
    objects.now = clock
    services = Services(
        drop_bucket="drop",
        work_bucket="work",
        library_bucket="library",
        objects=objects,
        rows=MortalRows(power),
        audit=S3AuditTrail(objects, "library", lambda _line: None),
        limits=Limits(**{"keyframe_wait_sec": WAIT_SEC, **limits}),
        now=clock,
    )
    return House(services, objects, power, clock, MortalJobs(power))


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


def later(house: House, seconds: float) -> None:
    """Let what is put from now on be newer by so much; S3 tells times in whole seconds."""
    house.clock.ahead += timedelta(seconds=seconds)
