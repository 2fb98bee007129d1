"""A folder taken through the pipeline's own use cases in memory, as a dry run.

The very functions that the handlers call run here, so the answer is the one that the cloud of these
rules would give; nothing is made and nothing is spent.
"""

from pathlib import Path
from typing import Any, NamedTuple

from cli.drop import all_well
from cli.folder import DropFolder, read_folder
from cli.rules import Rules
from shared.batch import BatchState, ClipStatus
from shared.budget.errors import BudgetExceeded
from shared.clip import ObjectRef
from shared.errors import BatchCancelled, DropreelError, InvalidInput, ManifestInvalid
from shared.jobs.memory import MemoryJobs
from shared.pipeline.accept import accept_drop
from shared.pipeline.check import check_manifest
from shared.pipeline.draft import read_plan
from shared.pipeline.end import FailureCause, record_clip_end
from shared.pipeline.keyframes import await_keyframes
from shared.pipeline.plan import plan_batch
from shared.pipeline.prepare import prepare_clip
from shared.pipeline.problems import keep_problems, kept_problems
from shared.pipeline.reserve import estimate_run
from shared.pipeline.results import batch_result
from shared.pipeline.runs import change_run
from shared.pipeline.services import ClipItem, RunRef, Services
from shared.report.text import status_document
from shared.state import RunRow


class Rehearsal(NamedTuple):
    """The cloud in memory, its runs, and the status that each would end with, were it a dry run."""

    services: Services
    runs: list[RunRef]
    documents: list[dict[str, Any]]

    @property
    def well(self) -> bool:
        """Would every clip be made?"""
        return all(map(all_well, self.documents))

    def remarks(self) -> list[dict[str, Any]]:
        """The documents without the clips of which there is nothing to say."""
        return [
            {**run, "clips": [c for c in run["clips"] if c.get("reasons") or c.get("warnings")]}
            for run in self.documents
        ]


class _Recorder:
    """Takes the runs that AcceptDrop starts."""

    def __init__(self) -> None:
        self.started: list[RunRow] = []

    def start(self, row: RunRow) -> None:
        self.started.append(row)


def rehearse(folder: Path, rules: Rules, *, with_budget: bool) -> Rehearsal:
    """Take a folder as far as a dry run goes.

    Parameters
    ----------
    with_budget : must the project's budget hold what it would cost?

    Raises
    ------
    WrongUse : there is no such folder, or nothing in it to make a clip from.
    """
    dropping = read_folder(folder)
    services = rules.services()
    rows = _accepted(services, dropping)
    documents = [_dry_run(services, rules, row, with_budget) for row in rows]
    return Rehearsal(services, [_ref(row) for row in rows], documents)


def _accepted(services: Services, dropping: DropFolder) -> list[RunRow]:
    for file in (*dropping.files, *dropping.manifests):
        services.objects.write(
            services.drop_bucket,
            dropping.batch.key(file.name),
            file.path.read_bytes() if file.path else file.data,
            content_type="application/octet-stream",
        )
    recorder = _Recorder()
    for manifest in dropping.manifests:
        key = dropping.batch.key(manifest.name)
        head = services.objects.head(services.drop_bucket, key)
        ref = head.ref if head else ObjectRef(bucket=services.drop_bucket, key=key)
        accept_drop(services, recorder, ref)
    return recorder.started


def _ref(row: RunRow) -> RunRef:
    return RunRef(
        project_id=row.project_id,
        batch_id=row.batch_id,
        run_id=row.run_id,
        manifest=row.source,
        dry_run=True,
    )


def _dry_run(services: Services, rules: Rules, row: RunRow, with_budget: bool) -> dict[str, Any]:
    run = _ref(row)
    state = BatchState.FINISHED
    try:
        check_manifest(services, run)
        await_keyframes(services, run)
        plan_batch(services, run)
        for clip in services.rows.clips(run.folder, run.run_id):
            if not clip.status.ended:
                _prepare(services, rules, ClipItem(run=run, stem=clip.stem, index=clip.index))
        if with_budget and not row.dry_run:
            _check_budget(services, rules, run)
    except (ManifestInvalid, BatchCancelled, BudgetExceeded):
        state = BatchState.REJECTED
    ended = change_run(services, run, lambda each: each.changed(state=state, dry_run=True)) or row
    clips = services.rows.clips(run.folder, run.run_id)
    return status_document(batch_result(services, ended, clips, kept_problems(services, run)))


def _prepare(services: Services, rules: Rules, item: ClipItem) -> None:
    try:
        prepare_clip(services, MemoryJobs(), item)
        doubt = rules.doubt(read_plan(services, item).engine)
    except DropreelError as error:
        outcome = ClipStatus.REJECTED if isinstance(error, InvalidInput) else ClipStatus.FAILED
        cause = FailureCause(Error=type(error).__name__, Cause=error.message)
        record_clip_end(services, item, outcome, cause)
        return
    row = services.rows.clip(item.run.folder, item.run.run_id, item.stem)
    if row is not None and doubt:
        warnings = (*row.result.warnings, doubt)
        services.rows.save_clip(row.moved(row.status, warnings=warnings))


def _check_budget(services: Services, rules: Rules, run: RunRef) -> None:
    """Hold what the clips may cost against the project's month, as ReserveBudget would.

    Raises
    ------
    BudgetExceeded : the month does not hold it.
    """
    try:
        rules.check_budget(run.project_id, estimate_run(services, run).to_reserve)
    except BudgetExceeded as error:
        keep_problems(services, run, error.problems)
        raise
