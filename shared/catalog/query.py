"""Looking models up: which ones fit, in which order, and what a typical use of each costs.

The same answers stand behind `dropreel models` and the generated page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared.catalog.model import Commercial, ModelKind, ModelRow
from shared.catalog.pricing import Quote, Unpriced, price_of
from shared.catalog.standing import why_gone
from shared.catalog.territory import excluded_from
from shared.clip import Operation
from shared.gpu_jobs.price import usual_clip_at_modal

TYPICAL_SEC = 5.0
"""Length of the clip by which models are compared; where one cannot make it, the nearest."""

UNIT_OF_USE = {
    ModelKind.VIDEO: "second",
    ModelKind.LIP_SYNC: "second",
    ModelKind.IMAGE: "image of 1 MP",
    ModelKind.VOICE: "1,000 characters",
    ModelKind.LLM: "million tokens in and out",
}
CHARACTERS_PER_SEC = 15
"""Of speech, roughly; only to compare voices that are charged by the second."""


class Sort(StrEnum):
    """Order of a listing. `value` is quality for the money (seed A02)."""

    COST = "cost"
    QUALITY = "quality"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Listed:
    """A model with the price of its typical use.

    `unit_usd` is per unit of use of its kind (`UNIT_OF_USE`); None when no price is known.
    """

    row: ModelRow
    quote: Quote | Unpriced
    unit_usd: Decimal | None

    @property
    def quality(self) -> float:
        return self.row.quality.score if self.row.quality else 0.0

    @property
    def value(self) -> float | None:
        """Quality divided by price; None where either is missing, infinite where it is free."""
        if self.unit_usd is None or not self.row.quality:
            return None
        return self.quality / float(self.unit_usd) if self.unit_usd else float("inf")


def list_models(
    rows: Iterable[ModelRow],
    *,
    today: date,
    kind: ModelKind | None = None,
    provider: str | None = None,
    operation: Operation | None = None,
    max_price: Decimal | None = None,
    commercial: bool = False,
    territory: str | None = None,
    retired: bool = False,
    sort: Sort = Sort.COST,
) -> list[Listed]:
    """The models that fit, in order; equal ones by name.

    Parameters
    ----------
    max_price : dollars per unit of use; models of unknown price do not fit.
    commercial : only what may be sold, if need be under terms.
    territory : ISO 3166 code; only what may be used there.
    retired : also those that are gone.
    """
    fitting = [
        listed(row)
        for row in rows
        if (kind is None or row.kind is kind)
        and (provider is None or row.provider == provider.casefold())
        and (operation is None or operation in row.operations)
        and not (commercial and row.commercial is Commercial.NO)
        and not (territory and excluded_from(row.territory_excluded, territory))
        and (retired or why_gone(row, today) is None)
    ]
    if max_price is not None:
        fitting = [each for each in fitting if each.unit_usd is not None]
        fitting = [each for each in fitting if (each.unit_usd or 0) <= max_price]
    return sorted(fitting, key=lambda each: (*_rank(each, sort), each.row.id))


def listed(row: ModelRow) -> Listed:
    """A row with the price of its typical use; of own GPUs, of its usual clip on a rented one."""
    if row.kind in (ModelKind.VIDEO, ModelKind.LIP_SYNC):
        seconds = row.capabilities.nearest_duration(TYPICAL_SEC) or TYPICAL_SEC
        quote, units = price_of(row, duration_sec=seconds), Decimal(str(seconds))
    elif row.kind is ModelKind.VOICE:
        spoken = Decimal(1000) / CHARACTERS_PER_SEC
        quote, units = price_of(row, characters=1000, duration_sec=spoken), Decimal(1)
    elif row.kind is ModelKind.LLM:
        quote, units = price_of(row, tokens_in=10**6, tokens_out=10**6), Decimal(1)
    else:
        quote, units = price_of(row, images=1, megapixels=Decimal(1)), Decimal(1)
    if isinstance(quote, Unpriced) and (rented := usual_clip_at_modal(row)):
        quote, units = rented
    return Listed(row, quote, quote.expected / units if isinstance(quote, Quote) else None)


def _rank(each: Listed, sort: Sort) -> tuple[float, ...]:
    cost = float(each.unit_usd) if each.unit_usd is not None else float("inf")
    if sort is Sort.COST:
        return (cost, -each.quality)
    if sort is Sort.QUALITY:
        return (-each.quality, cost)
    return (-(each.value if each.value is not None else -1.0), cost)
