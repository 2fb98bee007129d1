"""The corrected manifest under a section of `_ERRORS.md`: to drop as it is, with every change told.

It is made from the version of the manifest that the run was started with, when somebody asks for
it; nothing of it is kept.
"""

from shared.batch import BatchResult, ClipResult, ClipStatus
from shared.keys import Folder
from shared.manifest.mend import mend_manifest
from shared.manifest.mended import Mended
from shared.pipeline.services import Services
from shared.report.text import code, errors_markdown, plain
from shared.state import RunRow

LISTED = 100


def errors_section(services: Services, result: BatchResult) -> str:
    """What is wrong with one run, and the manifest without the faults that can be mended surely."""
    mended = _mended(services, result)
    if mended is None:
        return errors_markdown(result)
    if mended.fits():
        return f"{errors_markdown(result, mended.text)}\n{_notes(mended, result)}"
    return f"{errors_markdown(result)}\n{_parts(mended)}\n{_notes(mended, result)}"


def _mended(services: Services, result: BatchResult) -> Mended | None:
    folder = Folder(result.project_id, result.batch_id)
    run = services.rows.run(folder, result.manifest)
    if run is None or run.run_id != result.run_id or not (result.problems or _rejected(result)):
        return None
    if run.source.size > services.limits.max_manifest_bytes:
        return None
    try:
        data = services.objects.read(run.source)
    except FileNotFoundError:
        return None
    clips = services.rows.clips(folder, run.run_id)
    return mend_manifest(
        data,
        folder_project=run.project_id,
        folder_batch=run.batch_id,
        moves={clip.index: clip.remedy for clip in clips if clip.remedy},
        # Keyframes of a manifest that was refused at once may still be on their way.
        listing=_beside(services, run) if _rejected(result) else None,
    )


def _rejected(result: BatchResult) -> list[ClipResult]:
    return [clip for clip in result.clips if clip.status is ClipStatus.REJECTED]


def _beside(services: Services, run: RunRow) -> list[str]:
    base = run.drop.base
    return [ref.key[len(base) :] for ref in services.objects.list(services.drop_bucket, base)]


def _parts(mended: Mended) -> str:
    """Of a manifest too long to repeat, the parts that were corrected."""
    shown = mended.parts_that_fit()
    if not shown:
        return "## Corrections\n\nThe corrected manifest is too long to be shown here.\n"
    more = len(mended.parts) - len(shown)
    rest = f"\n… and {more:,} more, once these are mended.\n" if more else ""
    blocks = "\n".join(
        f"{code(place) if place else 'All but `keyframes`'}:\n\n{_fenced(text)}\n"
        for place, text in shown.items()
    )
    return (
        "## Corrections\n\nThe corrected manifest is too long to be shown here. These are its"
        f" changed parts; put each in place of yours:\n\n{blocks}{rest}"
    )


def _fenced(text: str) -> str:
    """JSON in a fence that nothing in it can close: our JSON has no line of backticks alone."""
    return f"````json\n{text}\n````"


def _notes(mended: Mended, result: BatchResult) -> str:
    changes = [_line(change.path, change.what, change.why) for change in mended.changes]
    left = [_line(each.path, f"{each.message} {each.hint}".rstrip()) for each in mended.left]
    for clip in _rejected(result):
        place = f"keyframes[{clip.index}]"
        told = place in mended.parts or any(each.path.startswith(place) for each in mended.left)
        if not told:
            left.append(_line(clip.stem, "its reasons stand above."))
    decide = f"\n### Still yours to decide\n\n{_listed(left)}" if left else ""
    return f"### What was changed\n\n{_listed(changes)}{decide}"


def _line(place: str, what: str, why: str = "") -> str:
    reason = f" ({plain(why)})" if why else ""
    return f"{code(place)}: {plain(what)}{reason}" if place else f"{plain(what)}{reason}"


def _listed(lines: list[str]) -> str:
    more = len(lines) - LISTED
    rest = f"- … and {more:,} more\n" if more > 0 else ""
    return "".join(f"- {line}\n" for line in lines[:LISTED]) + rest
