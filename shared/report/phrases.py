"""How the reports say things: numbers, states and advice, in words for people who make pictures."""

from datetime import UTC, datetime
from typing import Any

from shared.batch import BatchState, ClipResult, ClipStatus
from shared.catalog.model import CAMERA_MOVE
from shared.review import Review

INSPECTION = "inspect_clip"
"""The stage that a clip has behind it whose film can be looked at."""

STATUS_WORDS = {
    ClipStatus.WAITING: "Waiting",
    ClipStatus.PREPARING: "Preparing",
    ClipStatus.PLANNED: "Planned",
    ClipStatus.GENERATING: "Generating",
    ClipStatus.FINISHING: "Finishing",
    ClipStatus.INSPECTING: "Inspecting",
    ClipStatus.PUBLISHING: "Publishing",
    ClipStatus.DONE: "Done",
    ClipStatus.REJECTED: "Rejected",
    ClipStatus.FAILED: "Failed",
    ClipStatus.CANCELLED: "Cancelled",
    ClipStatus.NEEDS_REVIEW: "Needs review",
}

STATE_WORDS = {
    BatchState.ACCEPTED: "Accepted",
    BatchState.WAITING_INPUTS: "Waiting for keyframes",
    BatchState.AWAITING_APPROVAL: "Waiting for somebody to approve the price",
    BatchState.RENDERING: "In the making",
    BatchState.CLOSING: "Wrapping up",
    BatchState.FINISHED: "Finished",
    BatchState.REJECTED: "Rejected",
    BatchState.CANCELLED: "Cancelled",
    BatchState.FAILED: "Failed",
}

# One of: good, warn, bad, muted, busy. The page, the contact sheet and the bar share these.
STATUS_TONES = {
    ClipStatus.DONE: "good",
    ClipStatus.NEEDS_REVIEW: "warn",
    ClipStatus.REJECTED: "bad",
    ClipStatus.FAILED: "bad",
    ClipStatus.CANCELLED: "muted",
}

STATE_TONES = {
    BatchState.FINISHED: "good",
    BatchState.REJECTED: "bad",
    BatchState.FAILED: "bad",
    BatchState.CANCELLED: "muted",
}

NEXT_STEPS = {
    ClipStatus.REJECTED: (
        "Mend what is listed here, then drop the manifest into the same folder again"
        " (and the keyframe, if that changed). Clips that are done are kept as they are."
    ),
    ClipStatus.FAILED: (
        "Your files are not to blame. Drop the manifest again to retry this clip; if it fails"
        " again, send this to the person who runs Dropreel for you."
    ),
    ClipStatus.CANCELLED: "Drop the manifest again when you want this clip after all.",
    ClipStatus.NEEDS_REVIEW: (
        "The clip was made, but a check did not pass, so it was held back. Look at"
        " `_review_….mp4` and `_review_….jpg` in the drop folder: `dropreel review` takes your"
        " word on it."
    ),
}

NOBODY_KNOWS = (
    "There is no film to look at yet. Whoever runs Dropreel for you looks at the provider's own"
    " list and answers with `dropreel jobs resolve`; then drop the manifest again. Nothing is paid"
    " twice meanwhile."
)


BROKEN = frozenset(
    {
        *("container", "data", "fingerprint", "decode", "frame_times", "size", "frame_count"),
        *("frame_rate", "duration", "codec_tag", "faststart", "colour", "video", "audio"),
        *("edit_list", "orientation", "readable", "path_psnr", "path_ssim"),
    }
)
"""Checks of the file itself: no other picture, move or prompt makes them pass."""
MADE_ANEW = (
    "Or drop the manifest again: the file came out wrong, and your pictures are not to blame."
)
GENTLER = "Or drop the manifest again with a gentler or shorter camera move."
MODEL_ADVICE = {
    "keyframe_match": (
        "Or drop the manifest again with a prompt that keeps to what the keyframe shows, or with"
        " another model in its `route`."
    ),
    "flash": (
        "Or drop the manifest again with a prompt without flashing lights, or with another model"
        " in its `route`."
    ),
    "": (
        "Or drop the manifest again with another seed, a calmer prompt or a shorter clip, or with"
        " another model in its `route`."
    ),
}
"""For clips that a model made, by how the name of a failed check begins; the first that fits."""


def _another_try(clip: ClipResult) -> str:
    """What may pass where this clip did not: it depends on who made it, and on what failed."""
    failed = [check.name for check in clip.checks if check.verdict in ("fail", "unreadable")]
    if failed and BROKEN.issuperset(failed):
        return MADE_ANEW
    if clip.model in ("", CAMERA_MOVE):
        return GENTLER
    told = (
        advice
        for start, advice in MODEL_ADVICE.items()
        if any(name.startswith(start) for name in failed or [""])
    )
    return next(told)


def next_step(clip: ClipResult) -> str:
    """What its creator can do about a clip that is not done; empty where there is nothing."""
    if clip.status is ClipStatus.NEEDS_REVIEW and INSPECTION not in clip.seconds:
        return NOBODY_KNOWS
    if clip.status is ClipStatus.NEEDS_REVIEW:
        return f"{NEXT_STEPS[clip.status]} {_another_try(clip)}"
    return NEXT_STEPS.get(clip.status, "")


def approval(review: Review) -> str:
    """`Approved by mia on 21 Nov 2026, 09:05 UTC, although it failed warping: the heat shimmers`"""
    although = f", although it failed {', '.join(review.checks)}" if review.checks else ""
    because = f": {review.reason}" if review.reason else ""
    return f"Approved by {review.by} on {spell_moment(review.at)}{although}{because}"


def status_words(status: ClipStatus, *, dry_run: bool = False) -> str:
    """`Needs review`; in a dry run nothing is made, so `planned` is as done as it gets."""
    if dry_run and status is ClipStatus.PLANNED:
        return "Ready to make"
    return STATUS_WORDS[status]


def tone_of(status: ClipStatus, *, dry_run: bool = False) -> str:
    """The colour family of a status: good, warn, bad, muted or busy."""
    if dry_run and status is ClipStatus.PLANNED:
        return "good"
    return STATUS_TONES.get(status, "busy")


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 clip`, `12 clips`, `1,200 clips`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def money(usd: float) -> str:
    """US dollars with as many digits as matter: `free`, `$0.0042`, `$12.30`."""
    if usd == 0:
        return "free"
    if abs(usd) < 0.0001:
        return "under $0.0001"
    return f"${usd:,.4f}" if abs(usd) < 1 else f"${usd:,.2f}"


def spell_time(seconds: float) -> str:
    """`0.8 s`, `42 s`, `3 min 12 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def spell_size(size_bytes: int) -> str:
    """Decimal units, as file managers and S3 show them: `12.3 MB`."""
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit in ("bytes", "kB") else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def spell_rate(fps: str) -> str:
    """`30 fps`; a fraction such as 30000/1001 as `29.97 fps`."""
    numerator, _, denominator = fps.partition("/")
    try:
        rate = float(numerator) / float(denominator or 1)
    except (ValueError, ZeroDivisionError):
        return f"{fps} fps"
    return f"{rate:.3f}".rstrip("0").rstrip(".") + " fps"


def spell_value(value: Any, unit: str = "") -> str:
    """A check's number as a person reads it; a list of frames as `12, 13, 14 …`."""
    match value:
        case None:
            return "–"
        case bool():
            text = "yes" if value else "no"
        case float():
            text = f"{value:.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
        case list() | tuple():
            shown = ", ".join(spell_value(item) for item in value[:8])
            text = f"{shown} …" if len(value) > 8 else shown or "none"
        case dict():
            text = ", ".join(f"{key} {spell_value(item)}" for key, item in value.items())
        case _:
            text = str(value)
    return f"{text} {unit}".rstrip()


def words(name: str) -> str:
    """A machine's name as words: `general_flashes` becomes `General flashes`."""
    return name.replace("_", " ").replace(".", " ").strip().capitalize()


def moment(iso: str) -> datetime | None:
    """An ISO 8601 moment in UTC, or None where there is none yet."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def spell_moment(iso: str) -> str:
    """`21 Nov 2026, 09:05 UTC`."""
    at = moment(iso)
    return f"{at.day} {at:%b %Y, %H:%M} UTC" if at else iso


def elapsed_sec(start: str, end: str) -> float | None:
    """Seconds between two moments, None where either is missing."""
    first, last = moment(start), moment(end)
    return max((last - first).total_seconds(), 0.0) if first and last else None
