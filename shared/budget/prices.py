"""From the catalogue's quotes to the ledger's amounts, with the price row beside them."""

from collections.abc import Callable

from shared.budget.entry import PriceUsed
from shared.budget.errors import PriceUnknown
from shared.budget.money import micro_usd
from shared.budget.treasury import JobPrice, priced_by_its_estimate
from shared.catalog.catalog import load_catalog
from shared.catalog.model import ModelRow
from shared.catalog.pricing import Quote, Unpriced, price_of_request
from shared.jobs.job import Job
from shared.jobs.request import VideoRequest

Pricer = Callable[[ModelRow, VideoRequest, str], Quote | Unpriced]


def price_used(model: str, quote: Quote) -> PriceUsed:
    """Which price row a quote was made from, in words that are still understood in a year."""
    row = quote.price_row
    only = (row.resolution, row.duration_sec and f"{row.duration_sec:f}s", _sound(row.audio))
    conditions = "-".join(str(each) for each in only if each)
    currency = "" if row.usd_rate is None else f" {row.currency.value} at {row.usd_rate} USD"
    return PriceUsed(
        id=f"{model}#{row.unit.value}{f'-{conditions}' if conditions else ''}",
        amount=f"{row.amount}{currency} per {row.unit.value}",
        source=row.source,
        as_of=row.as_of.isoformat() if row.as_of else "",
        verification=quote.verification.value,
        basis=quote.basis,
    )


def job_price(model: str, quote: Quote) -> JobPrice:
    """What a job is expected to cost, and the most that it may: that much is set aside."""
    return JobPrice(
        expected=micro_usd(quote.expected),
        ceiling=micro_usd(quote.high),
        price=price_used(model, quote),
    )


def by_the_catalogue(row: ModelRow, request: VideoRequest, engine: str) -> Quote | Unpriced:
    """A price by the catalogue's rows alone."""
    return price_of_request(row, request, engine=engine or None)


def catalogue_price(job: Job, price: Pricer = by_the_catalogue) -> JobPrice:
    """What the catalogue says that a job costs, today.

    Prices that it cannot know by itself (GPU seconds) are those that the job was chosen for.

    Parameters
    ----------
    price : for engines whose prices are not in the catalogue.

    Raises
    ------
    PriceUnknown : nobody knows what it costs, so nothing is spent on it.
    """
    model, _, engine = job.candidate.partition("@")
    row = load_catalog().find(model)
    quote = price(row, job.request, engine) if row else Unpriced("it is not in the catalogue")
    if isinstance(quote, Quote) and row:
        return job_price(row.id, quote)
    if job.estimate_usd > 0:
        return priced_by_its_estimate(job)
    reason = quote.reason if isinstance(quote, Unpriced) else ""
    raise PriceUnknown(f"`{model}` is not used: {reason}; no money is spent on an unknown price.")


def _sound(audio: bool | None) -> str:
    return {None: "", True: "with-sound", False: "without-sound"}[audio]
