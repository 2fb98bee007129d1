"""The first model of a list that can run here: all that is needed while money plays no part.

Presets, prices and policies are the business of `shared/routing/`.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime

from shared.catalog.catalog import Catalog, load_catalog
from shared.catalog.model import CAMERA_MOVE, ModelRow
from shared.catalog.standing import why_gone
from shared.errors import ModelUnavailable, Problem
from shared.nearest import did_you_mean

LAST_RESORT = CAMERA_MOVE
"""Makes every clip anywhere, but another kind of clip: a route must name it to fall back on it."""

Skipped = tuple[str, str]
"""A candidate's id and why it was passed over."""


def choose_model(
    route: Sequence[str],
    available_engines: Collection[str],
    *,
    catalog: Catalog | None = None,
    today: date | None = None,
) -> tuple[ModelRow, list[Skipped]]:
    """The first model of `route` that can run here, and those passed over with the reason.

    Parameters
    ----------
    route : model ids or aliases, best first.
    available_engines : the engines that this deployment has.
    today : a model past its end date is passed over; the present day (UTC) by default.

    Raises
    ------
    ModelUnavailable : a word of the route is no model's name (a misspelt candidate is never left
        out in silence), or none of the candidates can run here.
    """
    catalog = catalog or load_catalog()
    rows = [(place, catalog.find(word)) for place, word in enumerate(route)]
    unknown = [
        _unknown(place, route[place], catalog, available_engines)
        for place, row in rows
        if row is None
    ]
    if unknown:
        raise ModelUnavailable.because(unknown)
    skipped: list[Skipped] = []
    for _, row in rows:
        if row is None:
            continue
        reason = _why_not(row, available_engines, today)
        if reason is None:
            return row, skipped
        skipped.append((row.id, reason))
    raise ModelUnavailable.because([_none_left(skipped, catalog, available_engines)])


def runnable_models(
    catalog: Catalog, available_engines: Collection[str], today: date | None = None
) -> list[ModelRow]:
    """The models that can run here."""
    return [row for row in catalog.models if _why_not(row, available_engines, today) is None]


def _why_not(
    row: ModelRow, available_engines: Collection[str], today: date | None = None
) -> str | None:
    gone = why_gone(row, today or datetime.now(UTC).date())
    if gone is None and not set(row.engines) & set(available_engines):
        return f"its engine `{row.engine}` is not available in this deployment"
    return gone


def _unknown(
    place: int, word: str, catalog: Catalog, available_engines: Collection[str]
) -> Problem:
    names = [name for row in catalog.models for name in (row.id, *row.aliases)]
    available = _names(runnable_models(catalog, available_engines))
    guess = did_you_mean(word, names)
    cut = word if len(word) <= 60 else f"{word[:60]}…"
    return Problem(
        f"route[{place}]",
        f"{json.dumps(cut, ensure_ascii=False)} is not the name of a model.",
        f"{guess} Available here: {available}.".strip(),
        "unknown_model",
    )


def _none_left(
    skipped: Sequence[Skipped], catalog: Catalog, available_engines: Collection[str]
) -> Problem:
    reasons = "; ".join(f"`{name}`: {reason}" for name, reason in skipped)
    runnable = runnable_models(catalog, available_engines)
    hint = f"Available here: {_names(runnable)}."
    asked = [name for name, _ in skipped]
    if LAST_RESORT in [row.id for row in runnable] and LAST_RESORT not in asked:
        route = ", ".join(f'"{name}"' for name in (*asked, LAST_RESORT))
        hint += f' To accept a plain camera move instead, write "route": [{route}].'
    message = f"no model of the route can run here: {reasons or 'the route is empty'}."
    return Problem("route", message, hint, "model_unavailable")


def _names(rows: Iterable[ModelRow]) -> str:
    return ", ".join(f"`{row.id}`" for row in rows) or "none"
