"""Is a file one that a model reads? Each answer is a message and what to do."""

from collections.abc import Iterable, Iterator

from shared.catalog.can import FileLimits
from shared.jobs.request import MediaInput

MEGABYTE = 1_000_000


def file_problems(media: MediaInput, limits: FileLimits) -> Iterator[tuple[str, str]]:
    """Everything that the limits forbid; what is unknown of a file is not held against it."""
    kind = media.content_type.partition("/")[2].partition(";")[0].lower()
    if limits.formats and kind and kind not in limits.formats:
        yield f"reads {listed(limits.formats)}, not {kind}.", f"Save it as {limits.formats[0]}."
    if limits.max_mb is not None and media.size_bytes > limits.max_mb * MEGABYTE:
        size = media.size_bytes / MEGABYTE
        yield f"takes at most {limits.max_mb:g} MB; this has {size:.1f} MB.", "Make it smaller."
    if media.width and media.height:
        yield from _picture_problems(media.width, media.height, limits)
    seconds = media.duration_sec
    if seconds is not None and limits.max_sec is not None and seconds > limits.max_sec:
        yield f"takes at most {limits.max_sec:g} s of sound, not {seconds:g} s.", "Cut it."
    if seconds is not None and limits.min_sec is not None and seconds < limits.min_sec:
        yield f"needs at least {limits.min_sec:g} s of sound, not {seconds:g} s.", "Lengthen it."


def _picture_problems(width: int, height: int, limits: FileLimits) -> Iterator[tuple[str, str]]:
    if limits.min_side_px is not None and min(width, height) < limits.min_side_px:
        message = f"needs {limits.min_side_px} pixels on the shorter side, not {width}×{height}."
        yield message, "Use a larger image."
    low, high = limits.aspect_low or 0.0, limits.aspect_high or float("inf")
    if not low <= width / height <= high:
        yield f"takes shapes from {low:g} to {high:g} wide, not {width / height:.2f}.", "Crop it."


def listed(words: Iterable[str]) -> str:
    """`a, b or c`"""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
