"""From rows to the document that people and programs read."""

from collections import Counter
from collections.abc import Mapping

from shared.aws_cost import Usage, aws_cost
from shared.batch import BatchResult, BatchState, ClipResult, Cost
from shared.errors import Problem
from shared.keys import Folder
from shared.meter import summed
from shared.pipeline.services import Services
from shared.state import ClipRow, RunRow


def usage_cost(usage: Mapping[str, float]) -> float:
    """US dollars for what was counted, at the listed AWS prices."""
    return aws_cost(Usage(**usage)).total_usd


def clip_result(row: ClipRow) -> ClipResult:
    """A clip's result with its cost so far."""
    cost = Cost(model_usd=sum(row.result.paid.values()), aws_usd=usage_cost(row.used))
    return row.result.model_copy(update={"cost": cost})


def batch_result(
    services: Services, run: RunRow, clips: list[ClipRow], problems: tuple[Problem, ...] = ()
) -> BatchResult:
    """The whole run as a document; its cost is that of every run of its manifest.

    A job that several clips or runs took up was paid once, and counts once.
    """
    results = tuple(clip_result(row) for row in clips)
    counts = Counter(result.status.value for result in results)
    own = {job: usd for row in clips for job, usd in row.result.paid.items()}
    booked = {
        job.job_id: job.usd
        for job in services.rows.paid(run.folder)
        if job.manifest == run.manifest
    }
    paid = {**booked, **own}
    earlier = Cost(
        model_usd=sum(usd for job, usd in paid.items() if job not in own),
        aws_usd=usage_cost(run.earlier_usage),
    )
    now_usd = usage_cost(run.used) + sum(result.cost.aws_usd for result in results)
    return BatchResult(
        project_id=run.project_id,
        batch_id=run.batch_id,
        run_id=run.run_id,
        manifest=run.manifest,
        state=run.state,
        dry_run=run.dry_run,
        message=waiting_message(run),
        problems=tuple(problem.to_dict() for problem in problems),
        accepted_at=run.accepted_at,
        ended_at=run.ended_at,
        clips=results,
        counts=dict(counts),
        cost=Cost(model_usd=sum(paid.values()), aws_usd=earlier.aws_usd + now_usd),
        earlier=earlier,
        paid=paid,
        seconds=summed(*(result.seconds for result in results)),
        library=f"s3://{services.library_bucket}/{run.folder.prefix}",
        links=services.links(run.folder, run.run_id),
    )


def other_manifests(services: Services, folder: Folder, manifest: str) -> list[BatchResult]:
    """Where the other manifests of a folder are, with what they cost."""
    return [
        batch_result(services, row, services.rows.clips(folder, row.run_id))
        for row in services.rows.runs(folder)
        if row.manifest != manifest
    ]


def waiting_message(run: RunRow) -> str:
    """What creators read while a run waits for keyframes."""
    if run.state is not BatchState.WAITING_INPUTS:
        return run.message
    names = ", ".join(run.missing[:5]) + ("…" if run.missing_count > 5 else "")
    return f"waiting for {run.missing_count} keyframe(s): {names}"
