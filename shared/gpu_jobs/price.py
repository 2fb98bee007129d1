"""What a job on our own GPUs may cost, before it runs.

Modal bills seconds. How many a clip takes was measured, or is worked out from what was
(`shared/catalog/clip_seconds.py`), or is a guess; the quote says which. A run ends after a limit,
so its price has a ceiling: that much is set aside. A run that is begun anew is paid again, beyond
it if need be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.catalog.clip_seconds import GpuSeconds, Shape, seconds_for
from shared.catalog.model import ModelRow
from shared.catalog.price import Price, PriceUnit, Verification
from shared.catalog.pricing import Quote, Unpriced, price_of_request
from shared.errors import InvalidInput
from shared.gpu_jobs.decide import GPU, shape_of
from shared.gpu_jobs.engines import attached_gpus, worker_rate
from shared.gpu_jobs.gpu import (
    SECONDS_AN_HOUR,
    GpuTier,
    choose_class,
    dearest,
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
            seconds = expected_seconds(row, request, gpu)
            return _quote(tiers()[gpu], seconds, _own_price(worker_rate(values)))
        gpu = choose_class(row, request.params.get(GPU))
        seconds = expected_seconds(row, request, gpu, rented=True)
        return _quote(tiers()[gpu], seconds, _modal_price(tiers()[gpu]))
    except InvalidInput as error:
        return Unpriced(error.message.rstrip("."))


def usual_clip_at_modal(row: ModelRow) -> tuple[Quote, Decimal] | None:
    """What the model's usual clip costs on a rented GPU, and its seconds; None where nobody knows.

    By the first class of GPU in the row for which any seconds are known.
    """
    rule = row.capabilities.frames
    if rule is None or row.sampling is None or not rule.default_frames:
        return None
    named = row.capabilities.default_resolution or ""
    width, height = rule.sizes.get(named, (0, 0))
    if not width:
        return None
    shape = Shape(width, height, rule.default_frames, row.sampling.steps)
    for gpu in row.recipes:
        known = seconds_for(row.id, gpu, shape) if gpu in tiers() else None
        if known is not None:
            seconds = Decimal(f"{known.generating + known.handing_off:.3f}")
            quote = _quote(tiers()[gpu], Expected(seconds, known.said), _modal_price(tiers()[gpu]))
            return quote, Decimal(rule.default_frames) / Decimal(str(rule.fps))
    return None


@dataclass(frozen=True)
class Expected:
    """GPU seconds that a clip is expected to take, and where they are from."""

    seconds: Decimal
    said: str


def expected_seconds(
    row: ModelRow, request: VideoRequest, gpu_class: str, *, rented: bool = False
) -> Expected:
    """What a request takes on a class of GPU, warm.

    Parameters
    ----------
    rented : the GPU is paid while frames are interpolated, encoded and uploaded too.
    """
    known = _known(row, request, gpu_class)
    if known is None:
        guess = Decimal(tiers()[gpu_class].job_limit_sec) * GUESSED_SHARE
        return Expected(guess, "a guess: half of what a run may take at most")
    seconds = known.generating + (known.handing_off if rented else 0.0)
    return Expected(Decimal(f"{seconds:.3f}"), known.said)


def _known(row: ModelRow, request: VideoRequest, gpu_class: str) -> GpuSeconds | None:
    try:
        shape = shape_of(request, row)
    except InvalidInput:  # said where the job is decided; a price is asked for sooner
        return None
    return seconds_for(row.id, gpu_class, shape) if shape else None


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


def _quote(tier: GpuTier, expected: Expected, price: Price) -> Quote:
    """From nothing to the limit, with what is expected between."""
    limit = Decimal(tier.job_limit_sec)
    seconds = min(expected.seconds, limit)
    return Quote(
        low=Decimal(0),
        expected=price.amount * seconds,
        high=price.amount * limit,
        price_row=price,
        unit_count=limit,
        price_rows=(price,),
        basis=f"{seconds:.1f} GPU s: {expected.said}",
    )
