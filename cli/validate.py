"""`dropreel validate`: the pipeline's own use cases, over a folder on this machine.

The very functions that the handlers call run here against plain memory, as a dry run, so the
answer is the one that the cloud would give. Which providers a deployment has keys for nobody knows
here: a route is held against the whole catalogue.
"""

from functools import partial
from pathlib import Path
from typing import Any

from cli.folder import DropFolder, read_folder
from cli.memory import MemoryObjects, MemoryRows, NoAudit, every_engine
from shared.batch import BatchState, ClipStatus
from shared.clip import ObjectRef
from shared.errors import BatchCancelled, DropreelError, InvalidInput, ManifestInvalid
from shared.gpu_jobs.price import price_anywhere
from shared.jobs.memory import MemoryJobs
from shared.pipeline.accept import accept_drop
from shared.pipeline.check import check_manifest
from shared.pipeline.end import FailureCause, record_clip_end
from shared.pipeline.keyframes import await_keyframes
from shared.pipeline.plan import plan_batch
from shared.pipeline.prepare import prepare_clip
from shared.pipeline.problems import kept_problems
from shared.pipeline.results import batch_result
from shared.pipeline.runs import change_run
from shared.pipeline.services import ClipItem, Limits, RunRef, Services
from shared.report.text import status_document
from shared.state import RunRow


class _Recorder:
    """Takes the runs that AcceptDrop starts."""

    def __init__(self) -> None:
        self.started: list[RunRow] = []

    def start(self, row: RunRow) -> None:
        self.started.append(row)


def validate_folder(folder: Path) -> list[dict[str, Any]]:
    """The status that each manifest of the folder would end with, were it a dry run."""
    dropping = read_folder(folder)
    objects = MemoryObjects()
    services = Services(
        drop_bucket="drop",
        work_bucket="work",
        library_bucket="library",
        objects=objects,
        rows=MemoryRows(),
        audit=NoAudit(),
        limits=Limits(keyframe_wait_sec=0.001),
        engines=every_engine(),
        price=partial(price_anywhere, {}),
    )
    _put(services, dropping)
    recorder = _Recorder()
    for manifest in dropping.manifests:
        key = dropping.batch.key(manifest.name)
        head = objects.head("drop", key)
        accept_drop(services, recorder, head.ref if head else ObjectRef(bucket="drop", key=key))
    return [_dry_run(services, row) for row in recorder.started]


def _put(services: Services, dropping: DropFolder) -> None:
    for file in (*dropping.files, *dropping.manifests):
        data = file.path.read_bytes() if file.path else file.data
        services.objects.write(
            services.drop_bucket,
            dropping.batch.key(file.name),
            data,
            content_type="application/octet-stream",
        )


def _dry_run(services: Services, row: RunRow) -> dict[str, Any]:
    run = RunRef(
        project_id=row.project_id,
        batch_id=row.batch_id,
        run_id=row.run_id,
        manifest=row.source,
        dry_run=True,
    )
    state = BatchState.FINISHED
    try:
        check_manifest(services, run)
        await_keyframes(services, run)
        plan_batch(services, run)
        for clip in services.rows.clips(run.folder, run.run_id):
            if not clip.status.ended:
                _prepare(services, ClipItem(run=run, stem=clip.stem, index=clip.index))
    except (ManifestInvalid, BatchCancelled):
        state = BatchState.REJECTED
    ended = change_run(services, run, lambda each: each.changed(state=state, dry_run=True)) or row
    clips = services.rows.clips(run.folder, run.run_id)
    return status_document(batch_result(services, ended, clips, kept_problems(services, run)))


def _prepare(services: Services, item: ClipItem) -> None:
    try:
        prepare_clip(services, MemoryJobs(), item)
    except DropreelError as error:
        outcome = ClipStatus.REJECTED if isinstance(error, InvalidInput) else ClipStatus.FAILED
        cause = FailureCause(Error=type(error).__name__, Cause=error.message)
        record_clip_end(services, item, outcome, cause)
