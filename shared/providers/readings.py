"""Readings that every adapter makes the same way."""

from typing import Any

from shared.jobs.outcome import Reading
from shared.providers.call import as_number, as_text
from shared.providers.refusals import empty_handed, succeeded

LONGEST_WORD = 200


def words(value: Any) -> str:
    """A text of the provider's, or "", never so long that it would fill a row."""
    return as_text(value)[:2000]


def running(status: str = "", progress: float | None = None, text: str = "") -> Reading:
    """No end is known: also for words that we do not know, and answers that we cannot read.

    Parameters
    ----------
    progress : from 0 to 1.
    text : steps, or the place in a queue, in words for people.
    """
    percent = None if progress is None else round(100 * min(max(progress, 0.0), 1.0))
    return Reading(
        provider_status=status[:LONGEST_WORD], progress_percent=percent, progress_text=text
    )


def finished(outputs: Any, *, status: str, cost_usd: float | None = None) -> Reading:
    """Finished: a success if there is a file, else not."""
    candidates = outputs if isinstance(outputs, list) else [outputs]
    urls = tuple(filter(None, map(_address, candidates)))
    return Reading(
        ending=succeeded(cost_usd) if urls else empty_handed(),
        outputs=urls,
        provider_status=status[:LONGEST_WORD],
        progress_percent=100 if urls else None,
    )


def _address(output: Any) -> str:
    """The address of an output, given bare or as `{"url": …}`."""
    url = output.get("url") if isinstance(output, dict) else output
    return url if isinstance(url, str) else ""


def fraction(value: Any) -> float | None:
    """A number between 0 and 1, or None."""
    number = as_number(value)
    return number if number is not None and 0 <= number <= 1 else None
