"""A batch added up: how many, how far, how much, and which problem belongs to which clip."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from shared.batch import CLIP_ENDS, BatchResult, Check, ClipResult, ClipStatus, Cost

# Where a problem's path names a clip by its place in the manifest: `keyframes[3].motion`.
PLACE = re.compile(r"^\$?\.?(?:keyframes|clips|images|frames)\[(\d+)\]")

Problems = tuple[dict[str, str], ...]


def counts_of(batch: BatchResult) -> dict[ClipStatus, int]:
    """Clips per status; `batch.counts` only speaks where no clips are listed."""
    if batch.clips:
        return dict(Counter(clip.status for clip in batch.clips))
    known = {status.value: status for status in ClipStatus}
    return {known[name]: n for name, n in batch.counts.items() if name in known and n}


def cost_of(batch: BatchResult) -> Cost:
    """What the batch has cost so far: its own figure, else the sum of its clips."""
    if batch.cost.total_usd:
        return batch.cost
    return clips_cost(batch.clips)


def clips_cost(clips: Sequence[ClipResult]) -> Cost:
    return Cost(
        model_usd=sum(clip.cost.model_usd for clip in clips),
        aws_usd=sum(clip.cost.aws_usd for clip in clips),
    )


def percent_of(clip: ClipResult) -> int:
    """0–100; a clip that a model makes moves between the starts of two stages."""
    start = clip.status.percent
    if clip.status is not ClipStatus.GENERATING:
        return start
    return start + (ClipStatus.FINISHING.percent - start) * clip.progress_percent // 100


def progress_of(batch: BatchResult) -> int:
    """0–100, and 100 only at the end: the report and the ZIP are part of the work."""
    if batch.state.ended:
        return 100
    counts = counts_of(batch)
    total = sum(counts.values())
    if not total:
        return 0
    percent = sum(status.percent * n for status, n in counts.items())
    percent += sum(percent_of(clip) - clip.status.percent for clip in batch.clips)
    return min(percent // total, 99)


def is_good(clip: ClipResult, batch: BatchResult) -> bool:
    """Is this clip as finished as it can get? In a dry run that means planned."""
    if batch.dry_run:
        return clip.status in (ClipStatus.PLANNED, ClipStatus.DONE)
    return clip.status is ClipStatus.DONE


def is_trouble(clip: ClipResult) -> bool:
    """Did it end without a clip to hand over?"""
    return clip.status in CLIP_ENDS and clip.status is not ClipStatus.DONE


def footage_sec(batch: BatchResult) -> float:
    """Seconds of finished film."""
    return sum(clip.duration_sec for clip in batch.clips if clip.status is ClipStatus.DONE)


def sort_problems(batch: BatchResult) -> tuple[Problems, dict[str, Problems]]:
    """The batch's problems, split into those of the manifest and those of one clip (by stem)."""
    by_index = {clip.index: clip.stem for clip in batch.clips}
    by_name = {name: clip.stem for clip in batch.clips for name in (clip.stem, clip.image_path)}
    general: list[dict[str, str]] = []
    clips: dict[str, list[dict[str, str]]] = {}
    for problem in batch.problems:
        path = problem.get("path", "")
        place = PLACE.match(path)
        stem = by_index.get(int(place[1])) if place else by_name.get(path)
        if stem:
            clips.setdefault(stem, []).append(problem)
        else:
            general.append(problem)
    return tuple(general), {stem: tuple(found) for stem, found in clips.items()}


def open_checks(clip: ClipResult) -> list[Check]:
    """The checks that did not pass: those that failed, then those that warn."""
    checks = [check for check in clip.checks if check.verdict != "pass"]
    return sorted(checks, key=lambda check: check.verdict == "warn")


def beside_checks(clip: ClipResult, sentences: Iterable[str]) -> list[str]:
    """Those reasons or warnings that no check tells."""
    told = tuple(check.message for check in clip.checks if check.message)
    return [text for text in sentences if not text.endswith(told or ("\0",))]


def plain_reasons(clip: ClipResult, problems: Problems) -> tuple[str, ...]:
    """The clip's reasons that its problems do not say already."""
    said = {problem.get("message", "") for problem in problems}
    return tuple(
        reason for reason in clip.reasons if not any(told and told in reason for told in said)
    )
