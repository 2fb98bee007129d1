"""PlanBatch: pin every file, merge every setting, and write one small order a clip.

From here on nothing that a creator changes in the drop folder can change this run.
"""

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from pydantic import Field

from shared.batch import BatchState, ClipResult, ClipStatus
from shared.catalog.model import CAMERA_MOVE
from shared.clip import ClipRequest, Document, ObjectRef
from shared.errors import ClipClaimed, InvalidInput, KeyframeMissing, Problem
from shared.manifest import ManifestItem, ParsedManifest, resolve_clip
from shared.manifest.names import comparable, is_caption, is_sidecar
from shared.pipeline.accept import folder_fingerprint
from shared.pipeline.check import read_manifest
from shared.pipeline.keyframes import Listing, list_beside
from shared.pipeline.runs import enter_state
from shared.pipeline.services import RunRef, Services
from shared.pipeline.status import write_status
from shared.state import ClipRow

WORKERS = 16
SIDECAR_LIMIT = 256 * 1024
FILES = {"audio": "sound", "mask_image": "mask", "last_frame": "last frame"}
"""What the files of a request are called in messages."""


class Plan(Document):
    """Where the list of clips lies, how long it is, and whether any clip may cost money."""

    bucket: str
    key: str
    count: int
    paid: bool = False


class ClipOrder(Document):
    """Everything that PrepareClip needs: the request and the exact files it speaks of.

    `inputs` are the files that go to the model beside the keyframe, by the request's field.
    """

    request: ClipRequest
    keyframe: ObjectRef | None = None
    companions: tuple[ObjectRef, ...] = ()
    inputs: dict[str, ObjectRef] = Field(default_factory=dict)
    lut: ObjectRef | None = None

    @property
    def order_key(self) -> str:
        """Names what is asked for and of which files, before any pixel is decoded."""
        asked = {
            "request": self.request.model_dump(
                mode="json", exclude={"stem", "image_path", "source"}
            ),
            "files": [each.etag for each in (self.keyframe, self.lut) if each],
            "inputs": {name: each.etag for name, each in self.inputs.items()},
        }
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:40]


class _Drafts:
    """Orders and refusals of a batch, in the manifest's order."""

    def __init__(self, run: RunRef) -> None:
        self._run = run
        self.orders: dict[int, ClipOrder] = {}
        self.rows: list[ClipRow] = []

    def accept(self, index: int, order: ClipOrder) -> None:
        self.orders[index] = order
        self._row(index, order.request.stem, order.request.image_path, ClipStatus.WAITING, ())

    def withdraw(self, index: int, problem: Problem) -> None:
        """Refuse what was accepted."""
        request = self.orders.pop(index).request
        self.rows = [row for row in self.rows if row.index != index]
        self.refuse(index, request.stem, request.image_path, [problem])

    def refuse(self, index: int, stem: str, path: str, problems: Iterable[Problem]) -> None:
        self._row(index, stem, path, ClipStatus.REJECTED, tuple(map(str, problems)))

    def _row(
        self, index: int, stem: str, path: str, status: ClipStatus, reasons: tuple[str, ...]
    ) -> None:
        self.rows.append(
            ClipRow(
                project_id=self._run.project_id,
                batch_id=self._run.batch_id,
                run_id=self._run.run_id,
                stem=stem,
                index=index,
                status=status,
                result=ClipResult(
                    stem=stem, image_path=path, index=index, status=status, reasons=reasons
                ),
            )
        )


def plan_batch(services: Services, run: RunRef) -> Plan:
    """Write one order a clip and the list that RenderClips reads.

    Clips that cannot be made are refused here, each by itself: the others go on.
    """
    parsed = read_manifest(services, run)
    # From here on a picture that changes is news for another run: say so before looking at any.
    enter_state(
        services,
        run,
        BatchState.RENDERING,
        missing=(),
        missing_count=0,
        fingerprint="",
        planned_at=services.now().isoformat(),
    )
    listing = list_beside(services, run)
    drafts = _draft(services, run, parsed, listing)
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda entry: _write_order(services, run, *entry), drafts.orders.items()))
    services.rows.save_new_clips(drafts.rows)
    items = [{"stem": order.request.stem, "index": index} for index, order in drafts.orders.items()]
    services.objects.write(
        services.work_bucket,
        run.work.items,
        json.dumps(items, ensure_ascii=False).encode(),
        content_type="application/json",
    )
    enter_state(
        services,
        run,
        BatchState.RENDERING,
        total=len(drafts.rows),
        fingerprint=folder_fingerprint(listing.refs),
    )
    write_status(services, run.folder, force=True)
    return Plan(
        bucket=services.work_bucket,
        key=run.work.items,
        count=len(items),
        paid=any(order.request.route != (CAMERA_MOVE,) for order in drafts.orders.values()),
    )


def _draft(services: Services, run: RunRef, parsed: ParsedManifest, listing: Listing) -> _Drafts:
    drafts = _Drafts(run)
    for refused in parsed.rejected:
        stem = refused.stem or f"keyframes[{refused.index}]"
        drafts.refuse(refused.index, stem, refused.image_path or "", refused.problems)
    busy = _stems_of_other_runs(services, run)
    default_route = services.default_route(run.project_id)

    def order(item: ManifestItem) -> ClipOrder | InvalidInput:
        try:
            _refuse_busy(item.stem, busy)
            return _order(services, parsed, item, listing, default_route)
        except InvalidInput as error:
            return error

    with ThreadPoolExecutor(WORKERS) as pool:
        for item, made in zip(parsed.items, pool.map(order, parsed.items), strict=True):
            if isinstance(made, ClipOrder):
                drafts.accept(item.index, made)
            else:
                drafts.refuse(item.index, item.stem, item.image_path, made.problems)
    _refuse_covered(run, drafts)
    drafts.rows.sort(key=lambda row: row.index)
    return drafts


def _refuse_covered(run: RunRef, drafts: _Drafts) -> None:
    """Refuse clips whose mask, last frame or sound a keyframe of another folder would cover.

    Keyframes are published without their folders, what a model is given beside them with theirs: so
    only a file of the batch's own folder can meet a keyframe from a folder below it.
    """
    keyframes = {
        comparable(order.keyframe.name): order.keyframe
        for order in drafts.orders.values()
        if order.keyframe is not None
    }
    for index, order in list(drafts.orders.items()):
        for field, ref in order.inputs.items():
            other = keyframes.get(comparable(ref.key.removeprefix(run.folder.prefix)))
            if other is not None and other.key != ref.key:
                there = other.key.removeprefix(run.folder.prefix)
                message = f"would lie where the keyframe `{there}` is published."
                drafts.withdraw(index, Problem(field, message, "Rename one of the two.", "covered"))


def _order(
    services: Services,
    parsed: ParsedManifest,
    item: ManifestItem,
    listing: Listing,
    default_route: tuple[str, ...],
) -> ClipOrder:
    keyframe = None
    if item.image_path:
        keyframe = _arrived(services, listing, item.image_path, "keyframe")
    companions = [_pinned(services, ref) for ref in listing.companions(item.place)]
    request = resolve_clip(
        item, parsed.defaults, _settings_files(services, companions), default_route
    )
    lut = listing.find(request.finish.lut) if request.finish.lut else None
    if request.finish.lut and lut is None:
        raise InvalidInput(
            f"the colour table `{request.finish.lut}` is not beside the manifest. Drop it there."
        )
    return ClipOrder(
        request=request,
        keyframe=keyframe,
        companions=tuple(ref for ref in companions if travels(ref.name)),
        inputs={
            field: _arrived(services, listing, path, FILES[field])
            for field, path in request.files.items()
        },
        lut=_pinned(services, lut) if lut else None,
    )


def _arrived(services: Services, listing: Listing, path: str, what: str) -> ObjectRef:
    """The pinned version of a file that the manifest names.

    Raises
    ------
    KeyframeMissing : it never came.
    """
    found = listing.find(path)
    if found is None:
        wait = services.limits.keyframe_wait_sec
        late = f"did not arrive within {wait / 60:.0f} minutes" if wait else "is not in the folder"
        raise KeyframeMissing(
            f"{what} `{path}` {late}. Drop it beside the manifest, then drop the manifest again."
        )
    return _pinned(services, found)


def travels(name: str) -> bool:
    """Is a companion copied to the library? Not if the clip's own files take its name."""
    plain = comparable(name)
    return not plain.endswith((".mp4", ".video_meta.json", ".video_manifest.json"))


def _pinned(services: Services, ref: ObjectRef) -> ObjectRef:
    """The very version that is there now: replacing the file later does not change this run."""
    head = services.objects.head(ref.bucket, ref.key)
    return head.ref if head else ref


def _settings_files(services: Services, companions: list[ObjectRef]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for ref in companions:
        if not (is_sidecar(ref.name) or is_caption(ref.name)):
            continue
        if ref.size > SIDECAR_LIMIT:
            raise InvalidInput(f"{ref.name}: larger than {SIDECAR_LIMIT // 1024} KB.")
        files[ref.name] = services.objects.read(ref)
    return files


def _stems_of_other_runs(services: Services, run: RunRef) -> dict[str, str]:
    """Clips that other live runs of the folder are making, by comparable stem."""
    busy: dict[str, str] = {}
    if run.dry_run:
        return busy  # it makes nothing, so it is in nobody's way
    for other in services.rows.runs(run.folder):
        if other.run_id == run.run_id or other.state.ended or other.dry_run:
            continue
        for clip in services.rows.clips(run.folder, other.run_id):
            if not clip.status.ended:
                busy[comparable(clip.stem)] = other.manifest
    return busy


def _refuse_busy(stem: str, busy: dict[str, str]) -> None:
    other = busy.get(comparable(stem))
    if other:
        raise ClipClaimed(
            f"`{other}` in the same folder is making a clip called `{stem}` right now. "
            "Wait for it, then drop this manifest again."
        )


def _write_order(services: Services, run: RunRef, index: int, order: ClipOrder) -> None:
    services.objects.write(
        services.work_bucket,
        run.work.request(index),
        order.model_dump_json().encode(),
        content_type="application/json",
    )
