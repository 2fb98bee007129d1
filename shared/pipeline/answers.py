"""`_ERRORS.md` and `_PLAN.md`: the answers in words, where the files were dropped."""

from shared.batch import BatchResult
from shared.errors import Problem
from shared.keys import ERRORS_NAME, PLAN_NAME, Folder, WorkKeys
from shared.pipeline.corrected import errors_section
from shared.pipeline.problems import read_problems
from shared.pipeline.results import batch_result
from shared.pipeline.services import RunRef, Services
from shared.pipeline.versioned import rewrite
from shared.report.text import plan_markdown

MARKDOWN = "text/markdown; charset=utf-8"
RULE = "\n\n---\n\n"


def write_answers(services: Services, run: RunRef, result: BatchResult) -> None:
    """Tell how a run ended, beside what is still to be told of other manifests of the folder.

    Where nothing is to be told any more, `_ERRORS.md` is taken away.
    """
    errors = run.folder.key(ERRORS_NAME)
    if not _troubles(services, run.folder, result) and services.objects.head(
        services.drop_bucket, errors
    ):
        services.objects.delete(services.drop_bucket, errors)
    # looked at again: another manifest may have ended meanwhile, and told of its faults
    if _troubles(services, run.folder, result):
        rewrite(services, errors, lambda: _errors(services, run.folder, result), MARKDOWN)
    if run.dry_run:
        services.objects.write(
            services.drop_bucket,
            run.folder.key(PLAN_NAME),
            plan_markdown(result).encode(),
            content_type=MARKDOWN,
        )


def is_troubled(result: BatchResult) -> bool:
    """Is there anything that a creator should mend?"""
    return bool(result.problems) or any(clip.reasons for clip in result.clips)


def _errors(services: Services, folder: Folder, newest: BatchResult) -> bytes:
    told = _troubles(services, folder, newest)
    return RULE.join(errors_section(services, result) for result in told).encode()


def _troubles(services: Services, folder: Folder, newest: BatchResult) -> list[BatchResult]:
    """The ends that a creator should hear of, the newest first."""
    ends = (newest, *_other_ends(services, folder, newest.manifest))
    return [result for result in ends if is_troubled(result)]


def _other_ends(services: Services, folder: Folder, manifest: str) -> list[BatchResult]:
    """How the other manifests of the folder ended, the last one first; dry runs have `_PLAN.md`."""
    rows = [
        row
        for row in services.rows.runs(folder)
        if row.state.ended and row.manifest != manifest and not row.dry_run
    ]
    rows.sort(key=lambda row: row.ended_at, reverse=True)
    results = []
    for row in rows:
        clips = services.rows.clips(folder, row.run_id)
        results.append(batch_result(services, row, clips, _problems(services, row.run_id)))
    return results


def _problems(services: Services, run_id: str) -> tuple[Problem, ...]:
    return read_problems(services, WorkKeys(run_id))
