"""Why this model: sentences for people, kept in the clip's metadata."""

from collections.abc import Iterator

from shared.catalog.model import Commercial, ModelRow
from shared.catalog.price import usd
from shared.catalog.pricing import Quote
from shared.jobs.request import VideoRequest
from shared.routing.filters import stands_in
from shared.routing.route import Block


def reasons_for(
    block: Block, row: ModelRow, request: VideoRequest, engine: str, quote: Quote, score: float
) -> Iterator[str]:
    """What spoke for a candidate: who named it, its price, its quality, its licence."""
    who = f"`{row.id}` on `{engine}`"
    if block.preset is None:
        yield f"{who}: the route names it."
    else:
        about = block.preset.about.rstrip(".")
        yield f"{who}: preset `{block.preset.name}` ({about}), score {score:.3f}."
    if stands_in(row, request):
        yield "A camera move stands in: it shows the keyframe and invents nothing."
    yield _price_sentence(quote)
    if row.quality:
        yield f"Its quality is {row.quality.score:g} ({row.quality.source})."
    if row.commercial is Commercial.TERMS:
        yield f"Commercial use under terms: {row.licence}."


def _price_sentence(quote: Quote) -> str:
    spread = "" if quote.low == quote.high else f" ({usd(quote.low)} to {usd(quote.high)})"
    price = quote.price_row
    known = quote.verification.value.replace("_", " ")
    dated = f", {price.as_of.isoformat()}" if price.as_of else ""
    return (
        f"It is expected to cost {usd(quote.expected)}{spread}; "
        f"price {known} ({price.source}{dated})."
    )
