"""From rows to the document that people and programs read."""

from collections import Counter
from collections.abc import Mapping

from shared.aws_cost import Usage, aws_cost
from shared.batch import BatchResult, BatchState, ClipResult, Cost
from shared.errors import Problem
from shared.meter import summed
from shared.pipeline.services import Services
from shared.state import ClipRow, RunRow

BATCH_TRANSITIONS = 12
"""Of Step Functions, start and end included; a clip's own are counted (`passed.py`)."""


def usage_cost(usage: Mapping[str, float], *, transitions: int = 0) -> float:
    """US dollars for what was counted, at the listed AWS prices."""
    return aws_cost(Usage(**usage) + Usage(transitions=transitions, notifications=1)).total_usd


def clip_result(row: ClipRow) -> ClipResult:
    """A clip's result with its cost so far."""
    aws_usd = usage_cost(row.usage) if row.usage else 0.0
    cost = Cost(model_usd=row.result.cost.model_usd, aws_usd=aws_usd)
    return row.result.model_copy(update={"cost": cost})


def batch_result(
    services: Services, run: RunRow, clips: list[ClipRow], problems: tuple[Problem, ...] = ()
) -> BatchResult:
    """The whole run as a document."""
    results = tuple(clip_result(row) for row in clips)
    counts = Counter(result.status.value for result in results)
    shared_usd = usage_cost(run.usage, transitions=BATCH_TRANSITIONS) if run.usage else 0.0
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
        cost=Cost(
            model_usd=sum(result.cost.model_usd for result in results),
            aws_usd=shared_usd + sum(result.cost.aws_usd for result in results),
        ),
        seconds=summed(*(result.seconds for result in results)),
        library=f"s3://{services.library_bucket}/{run.folder.prefix}",
        links=services.links(run.folder, run.run_id),
    )


def waiting_message(run: RunRow) -> str:
    """What creators read while a run waits for keyframes."""
    if run.state is not BatchState.WAITING_INPUTS:
        return run.message
    names = ", ".join(run.missing[:5]) + ("…" if run.missing_count > 5 else "")
    return f"waiting for {run.missing_count} keyframe(s): {names}"
