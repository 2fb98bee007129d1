"""May a model be chosen today, and what is about to end?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from shared.catalog.model import ModelRow, ModelStatus

NOTICE = timedelta(days=60)
"""How long before its last day a model is announced to end (DESIGN section 5)."""


@dataclass(frozen=True, slots=True)
class EndNotice:
    """A model that ends soon, or has ended (`overdue`) and is not marked so yet."""

    model: str
    ends_on: date
    overdue: bool
    message: str


def why_gone(row: ModelRow, today: date) -> str | None:
    """Why the model can be chosen by nobody any more, with what to use instead; else None."""
    instead = f"; use `{row.replacement}` instead" if row.replacement else ""
    if row.status is ModelStatus.UNAVAILABLE:
        return f"it is not available{instead}"
    if row.status is ModelStatus.RETIRED:
        since = f" since {row.retired_on.isoformat()}" if row.retired_on else ""
        return f"it is retired{since}{instead}"
    if row.ends_on is not None and row.ends_on < today:
        return f"it ended on {row.ends_on.isoformat()}{instead}"
    return None


def end_notices(rows: Iterable[ModelRow], today: date) -> list[EndNotice]:
    """Models whose last day is near or past, soonest first."""
    return sorted(
        (
            _notice(row, row.ends_on, today)
            for row in rows
            if row.ends_on is not None and not row.status.gone and row.ends_on - today <= NOTICE
        ),
        key=lambda notice: (notice.ends_on, notice.model),
    )


def _notice(row: ModelRow, ends_on: date, today: date) -> EndNotice:
    then = f"replace it by `{row.replacement}`" if row.replacement else "find a replacement"
    if ends_on < today:
        message = f"`{row.id}` ended on {ends_on.isoformat()}: mark it retired, and {then}."
        return EndNotice(row.id, ends_on, True, message)
    days = (ends_on - today).days
    message = f"`{row.id}` ends on {ends_on.isoformat()}, in {days} days: {then}."
    return EndNotice(row.id, ends_on, False, message)
