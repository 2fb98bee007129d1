"""Budgets run from the first to the last of a month, in UTC: `2026-11`."""

from datetime import UTC, date, datetime


def month_of(at: datetime) -> str:
    """The month that a moment belongs to.

    Raises
    ------
    ValueError : the moment names no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a moment without time zone belongs to no month for sure")
    return at.astimezone(UTC).strftime("%Y-%m")


def resets_on(month: str) -> date:
    """The day on which the next budget begins."""
    year, number = map(int, month.split("-"))
    return date(year + number // 12, number % 12 + 1, 1)
