"""What a job on our own GPUs may cost, before it runs.

Modal bills seconds, and how many a clip takes is known only where somebody has measured it. But a
run ends after a limit, so its price has a ceiling in any case: that much is set aside.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from shared.catalog.model import ModelRow
from shared.catalog.price import Price, PriceUnit, Verification
from shared.catalog.pricing import Quote, Unpriced, price_of_request
from shared.errors import InvalidInput
from shared.gpu_jobs.decide import GPU
from shared.gpu_jobs.engines import attached_gpus, worker_rate
from shared.gpu_jobs.gpu import (
    SECONDS_AN_HOUR,
    GpuTier,
    choose_class,
    dearest,
    known_seconds,
    tiers,
)
from shared.gpu_jobs.modal import MODAL
from shared.gpu_jobs.worker import WORKER
from shared.jobs.request import VideoRequest

GUESSED_SHARE = Decimal("0.5")
"""Of the limit: what a run is expected to take that nobody has measured."""


def price_anywhere(
    values: Mapping[str, str], row: ModelRow, request: VideoRequest, engine: str
) -> Quote | Unpriced:
    """What a request costs with a model on an engine, our own included (`rank`'s pricer).

    Parameters
    ----------
    values : the deployment's settings.
    """
    if engine not in (WORKER, MODAL):
        return price_of_request(row, request, engine=engine)
    try:
        if engine == WORKER:
            gpu = choose_class(row, request.params.get(GPU), attached_gpus(values))
            return _quote(row, tiers()[gpu], _own_price(worker_rate(values)))
        gpu = choose_class(row, request.params.get(GPU))
        return _quote(row, tiers()[gpu], _modal_price(tiers()[gpu]))
    except InvalidInput as error:
        return Unpriced(error.message.rstrip("."))


def _own_price(usd_per_hour: Decimal) -> Price:
    return Price(
        amount=usd_per_hour / SECONDS_AN_HOUR,
        unit=PriceUnit.GPU_SECOND,
        source="WORKER_USD_PER_HOUR: what you say that an hour of your own box costs",
        verification=Verification.BY_DEFINITION,
    )


def _modal_price(tier: GpuTier) -> Price:
    hour = dearest(tier)
    as_of: date = hour.as_of
    return Price(
        amount=hour.usd_per_hour / SECONDS_AN_HOUR,
        unit=PriceUnit.GPU_SECOND,
        source=f"{hour.source} ({hour.kind})",
        as_of=as_of,
        verification=hour.verification,
    )


def _quote(row: ModelRow, tier: GpuTier, price: Price) -> Quote:
    """From nothing to the limit, with what is known or guessed between."""
    seconds = known_seconds(row.id, tier.gpu_class)
    limit = Decimal(tier.job_limit_sec)
    expected = Decimal(str(seconds)) if seconds is not None else limit * GUESSED_SHARE
    return Quote(
        low=Decimal(0),
        expected=price.amount * min(expected, limit),
        high=price.amount * limit,
        price_row=price,
        unit_count=limit,
        price_rows=(price,),
    )
