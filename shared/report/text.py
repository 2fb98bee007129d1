"""The answers that appear where the files were dropped, for people who have only that folder."""

import re
from collections.abc import Iterable
from typing import Any

from shared.batch import BatchResult, BatchState, Check, ClipResult, ClipStatus
from shared.report.phrases import (
    NEXT_STEPS,
    STATE_WORDS,
    counted,
    money,
    next_step,
    spell_rate,
    spell_time,
    spell_value,
    status_words,
)
from shared.report.tally import (
    Problems,
    beside_checks,
    cost_of,
    counts_of,
    is_good,
    is_trouble,
    open_checks,
    percent_of,
    plain_reasons,
    progress_of,
    sort_problems,
)
from shared.review import Review

LISTED_CLIPS = 1000
"""`_status.json` lists every clip up to here, beyond it only those that need a look."""
LISTED_PROBLEMS = 500
LISTED_NAMES = 200

TO_MAKE_IT = """\
## To make it

Drop the same manifest into this folder under a name without `.dry-run`, for example
`manifest.json`."""

CODE_SPAN = re.compile(r"(`[^`]*`)")


def errors_markdown(batch: BatchResult, corrected_manifest: str = "") -> str:
    """`_ERRORS.md`: what is wrong and where, what to do, what is fine, how to drop again.

    Parameters
    ----------
    batch : with its problems, and its clips' reasons.
    corrected_manifest : the manifest with the faults mended that can be mended by machine.
    """
    general, by_clip = sort_problems(batch)
    troubled = [clip for clip in batch.clips if is_trouble(clip)]
    fine = [clip for clip in batch.clips if is_good(clip, batch)]
    parts = [
        f"# {plain(batch.project_id)} / {plain(batch.batch_id)}: what needs your attention",
        _verdict(batch, general, troubled),
        plain(batch.message) if batch.message else "",
        _general(batch, general),
        _troubled(troubled, by_clip, fine, batch),
        _fine(fine, batch),
        _again(batch, general, troubled),
        _corrected(corrected_manifest),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _verdict(batch: BatchResult, general: Problems, troubled: list[ClipResult]) -> str:
    manifest = code(batch.manifest)
    if not general and not troubled:
        if batch.state in (BatchState.REJECTED, BatchState.FAILED):
            return f"The batch of {manifest} did not go through."
        return f"Nothing is wrong with {manifest}."
    if general and not batch.clips:
        return (
            f"{manifest} was not accepted: {counted(len(general), 'problem')}."
            " Nothing was made, and nothing was spent on making clips."
        )
    kinds = ", ".join(
        f"{number:,} {status_words(status).lower()}"
        for status, number in counts_of(batch).items()
        if status in NEXT_STEPS
    )
    told = [counted(len(general), "problem") + " with the batch" if general else "", kinds]
    return f"{manifest}: {'; '.join(part for part in told if part)}."


def _general(batch: BatchResult, general: Problems) -> str:
    if not general:
        return ""
    title = "## What is wrong in the manifest" if not batch.clips else "## The batch as a whole"
    return f"{title}\n\n{_numbered(general)}"


def _numbered(problems: Problems) -> str:
    lines = [_problem(problem, f"{n}. ") for n, problem in enumerate(problems, 1)]
    more = len(lines) - LISTED_PROBLEMS
    if more > 0:
        lines = [*lines[:LISTED_PROBLEMS], f"\n… and {more:,} more. Mend these first."]
    return "\n".join(lines)


def _problem(problem: dict[str, str], bullet: str) -> str:
    """One problem; what to do stands on its own line below it."""
    indent = " " * len(bullet)
    place = f"{code(problem['path'])}: " if problem.get("path") else ""
    text = f"{bullet}{place}{plain(problem.get('message', ''))}"
    hint = problem.get("hint", "")
    return f"{text}\n{indent}**What to do:** {plain(hint)}" if hint else text


def _troubled(
    troubled: list[ClipResult],
    by_clip: dict[str, Problems],
    fine: list[ClipResult],
    batch: BatchResult,
) -> str:
    """Clip by clip. A clip that still runs may have problems too; those are warnings by then."""
    if not troubled:
        return ""
    sections = ["## Clip by clip"]
    for clip in troubled[:LISTED_PROBLEMS]:
        problems = by_clip.get(clip.stem, ())
        lines = [_problem(problem, "- ") for problem in problems]
        lines += [
            f"- {plain(reason)}" for reason in beside_checks(clip, plain_reasons(clip, problems))
        ]
        lines += [_check(check) for check in open_checks(clip)]
        lines += [f"- {plain(warning)}" for warning in beside_checks(clip, clip.warnings)]
        if not lines and clip.status is not ClipStatus.CANCELLED:
            lines = ["- no reason was recorded"]
        step = next_step(clip)
        title = f"### {code(clip.stem)}: {status_words(clip.status).lower()}"
        sections.append("\n".join((title, "", *lines, *([""] if lines else []), step)).rstrip())
    if len(troubled) > LISTED_PROBLEMS:
        sections.append(f"… and {counted(len(troubled) - LISTED_PROBLEMS, 'more clip')}.")
    return "\n\n".join(sections)


def _check(check: Check) -> str:
    """A check that did not pass, with its number and its limit."""
    value = spell_value(check.value, check.unit)
    limit = f", limit {spell_value(check.limit, check.unit)}" if check.limit is not None else ""
    said = "warning" if check.verdict == "warn" else check.verdict
    return f"- check {code(check.name)}, {said}: {value}{limit}. {plain(check.message)}"


def _fine(fine: list[ClipResult], batch: BatchResult) -> str:
    if not fine:
        return ""
    verb = "ready to make" if batch.dry_run else "done"
    title = f"## These {len(fine):,} are {verb}" if len(fine) > 1 else f"## This one is {verb}"
    return f"{title}\n\n{_names(clip.stem for clip in fine)}"


def _names(stems: Iterable[str]) -> str:
    names = [code(stem) for stem in stems]
    more = len(names) - LISTED_NAMES
    return ", ".join(names[:LISTED_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _again(batch: BatchResult, general: Problems, troubled: list[ClipResult]) -> str:
    if not general and not troubled and batch.state is BatchState.FINISHED:
        return ""
    return "\n".join(
        (
            "## How to drop again",
            "",
            f"1. Mend {code(batch.manifest)} and any keyframe named above.",
            "2. Drop the mended files into this same folder, under the same names.",
            "3. Look at `_status.json` here: it shows the new run within a minute.",
            "",
            "Clips that are done are recognised by their content: they are not made or paid for",
            "again. You can leave them in the manifest.",
            "",
            "To see plan and price first and make nothing, give the manifest a name that ends in",
            "`.dry-run.manifest.json`.",
        )
    )


def _corrected(manifest: str) -> str:
    if not manifest:
        return ""
    fence = _fence(manifest, 3)
    return (
        "## A corrected manifest\n\nCheck it, save it under the same name, and drop it:\n\n"
        f"{fence}json\n{manifest.rstrip()}\n{fence}"
    )


def plan_markdown(batch: BatchResult) -> str:
    """`_PLAN.md`: what a dry run would make, and for how much. Nothing has been made."""
    general, by_clip = sort_problems(batch)
    ready = [clip for clip in batch.clips if is_good(clip, batch)]
    troubled = [clip for clip in batch.clips if is_trouble(clip)]
    film = sum(clip.duration_sec for clip in ready)
    price = cost_of(batch)
    parts = [
        f"# Plan for {plain(batch.project_id)} / {plain(batch.batch_id)}",
        f"This was a dry run of {code(batch.manifest)}. Nothing was made.",
        "\n".join(
            (
                f"- Clips ready to make: {len(ready):,} of {len(batch.clips):,}",
                f"- Finished film: {spell_time(film)}",
                (
                    f"- Price: {money(price.total_usd)}, an estimate"
                    f" (models {money(price.model_usd)}, AWS {money(price.aws_usd)})"
                ),
            )
        ),
        _general(batch, general),
        _plan_table(batch.clips),
        _plan_notes(batch.clips),
        _troubled(troubled, by_clip, ready, batch),
        TO_MAKE_IT,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _plan_table(clips: tuple[ClipResult, ...]) -> str:
    if not clips:
        return ""
    heads = ("Clip", "State", "Model", "Size", "Frames", "Length", "Price")
    rows = (
        (
            code(clip.stem),
            status_words(clip.status, dry_run=True),
            code(clip.model) if clip.model else "–",
            f"{clip.width} × {clip.height}" if clip.width else "–",
            f"{clip.frame_count:,} at {spell_rate(clip.fps)}" if clip.frame_count else "–",
            spell_time(clip.duration_sec) if clip.duration_sec else "–",
            money(clip.cost.total_usd) if not is_trouble(clip) else "–",
        )
        for clip in clips
    )
    return "\n".join(
        (
            "| " + " | ".join(heads) + " |",
            "|" + " --- |" * len(heads),
            *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows),
        )
    )


def _plan_notes(clips: tuple[ClipResult, ...]) -> str:
    """Warnings and forced changes, which a table cell is too small for."""
    lines = []
    for clip in clips:
        lines += [f"- {code(clip.stem)}: {plain(warning)}" for warning in clip.warnings]
        lines += [
            f"- {code(clip.stem)}: {code(change.field)} will be {code(spell_value(change.used))}"
            f" instead of {code(spell_value(change.asked))}. {plain(change.reason)}"
            for change in clip.deviations
        ]
    return "\n".join(("## Worth knowing", "", *lines)) if lines else ""


def status_document(batch: BatchResult) -> dict[str, Any]:
    """One run as `_status.json` tells it, ready for JSON.

    Beyond `LISTED_CLIPS` clips only those are listed that are not done, at most as many;
    `clips_not_listed` counts the others.
    """
    clips = batch.clips
    if len(clips) > LISTED_CLIPS:
        open_clips = [clip for clip in clips if not is_good(clip, batch)]
        # what ended without a clip comes first: that is where somebody must do something
        listed = sorted(open_clips, key=lambda clip: not is_trouble(clip))[:LISTED_CLIPS]
    else:
        listed = list(clips)
    cost = cost_of(batch)
    counts = counts_of(batch)
    return {
        "schema_version": "1",
        "project_id": batch.project_id,
        "batch_id": batch.batch_id,
        "run_id": batch.run_id,
        "manifest": batch.manifest,
        "state": batch.state.value,
        "state_text": STATE_WORDS[batch.state],
        "ended": batch.state.ended,
        "dry_run": batch.dry_run,
        "progress_percent": progress_of(batch),
        "message": batch.message,
        "accepted_at": batch.accepted_at,
        "ended_at": batch.ended_at,
        "counts": {
            "total": sum(counts.values()),
            **{status.value: counts[status] for status in ClipStatus if status in counts},
        },
        "cost_so_far_usd": {
            "model": round(cost.model_usd, 6),
            "aws": round(cost.aws_usd, 6),
            "total": round(cost.total_usd, 6),
            "earlier_runs": round(batch.earlier.total_usd, 6),
        },
        "seconds": {stage: round(total, 3) for stage, total in batch.seconds.items()},
        "problems": [dict(problem) for problem in batch.problems[:LISTED_PROBLEMS]],
        "clips": [_clip_status(clip, ended=batch.state.ended) for clip in listed],
        "clips_not_listed": len(clips) - len(listed),
        "library": batch.library,
        "links": dict(batch.links),
    }


def _clip_status(clip: ClipResult, *, ended: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "stem": clip.stem,
        "status": clip.status.value,
        # a dry run ends with its clips planned: nothing more will come
        "percent": 100 if ended else percent_of(clip),
    }
    generating = clip.status is ClipStatus.GENERATING
    told: dict[str, Any] = {
        "setback": clip.setback if generating else "",
        "progress_text": clip.progress_text if generating else "",
        "reasons": list(clip.reasons),
        "checks": [_check_status(check) for check in open_checks(clip)] if is_trouble(clip) else [],
        "review": _review_status(clip.review) if clip.review else {},
        "warnings": list(clip.warnings),
        "files": dict(clip.files),
    }
    row.update({name: value for name, value in told.items() if value})
    if clip.frame_count:
        row["video"] = {
            "width": clip.width,
            "height": clip.height,
            "fps": clip.fps,
            "frame_count": clip.frame_count,
            "duration_sec": clip.duration_sec,
        }
    if clip.scores:
        row["scores"] = {
            "aesthetic_score": clip.scores.aesthetic_score,
            "video_viability_score": clip.scores.video_viability_score,
            "method": clip.scores.method.value,
        }
    if clip.seconds:
        row["seconds"] = dict(clip.seconds)
    if clip.cost.total_usd:
        row["cost_usd"] = round(clip.cost.total_usd, 6)
    if step := next_step(clip):
        row["what_to_do"] = step
    return row


def _check_status(check: Check) -> dict[str, Any]:
    return check.model_dump(mode="json")


def _review_status(review: Review) -> dict[str, Any]:
    return review.model_dump(mode="json", exclude={"version", "clip_key"})


def code(text: str) -> str:
    """A name or value in a code span, whatever is in it: one line, no way out of the span."""
    line = " ".join(text.split()) or " "
    fence = _fence(line, 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _fence(text: str, least: int) -> str:
    """Backticks enough to hold text that has backticks of its own."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(longest + 1 if longest else 0, least)


def plain(text: str) -> str:
    """A sentence on one line; its code spans stay, everything else of Markdown and HTML is text."""
    spans = CODE_SPAN.split(" ".join(text.split()))
    return "".join(
        span if i % 2 else re.sub(r"([\\<\[*`])", r"\\\1", span) for i, span in enumerate(spans)
    )
