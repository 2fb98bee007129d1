"""What a use of a model costs, worked out exactly from its price rows, or not at all.

A price holds only for what its source says: a price of a 5-second clip says nothing about one of 10
seconds. Where no row covers the use, the answer is `Unpriced`, and no money is spent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

from shared.catalog.model import ModelRow
from shared.catalog.price import Price, PriceUnit, Verification
from shared.jobs.request import VideoRequest

OWN_HARDWARE = Price(
    amount=Decimal(0),
    unit=PriceUnit.CLIP,
    source="your own GPU box sends no bill for a clip; its electricity is not counted",
    verification=Verification.BY_DEFINITION,
)
THOUSAND, MILLION = Decimal(1_000), Decimal(1_000_000)
_TOKENS = frozenset({PriceUnit.TOKENS_IN, PriceUnit.TOKENS_OUT})
_WORST_FIRST = (Verification.UNVERIFIED, Verification.REPORTED, Verification.VERIFIED)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a use costs in US dollars.

    `price_row` is the dearest of `price_rows`, and `unit_count` how many units of it are charged;
    `expected` lies in the middle between `low` and `high`; for seconds of our own GPUs, where
    `basis` says how many are expected and how that is known.
    """

    low: Decimal
    expected: Decimal
    high: Decimal
    price_row: Price
    unit_count: Decimal
    price_rows: tuple[Price, ...]
    basis: str = ""

    @property
    def verification(self) -> Verification:
        """How well it is known: as well as the least known of its prices."""
        states = {price.verification for price in self.price_rows}
        found = (state for state in _WORST_FIRST if state in states)
        return next(found, Verification.BY_DEFINITION)

    @property
    def free(self) -> bool:
        return self.high == 0

    def to_dict(self) -> dict[str, Any]:
        basis = {"basis": self.basis} if self.basis else {}
        return {
            "low_usd": float(self.low),
            "expected_usd": float(self.expected),
            "high_usd": float(self.high),
            "unit_count": float(self.unit_count),
            **basis,
            "price": self.price_row.model_dump(mode="json", exclude_defaults=True),
        }


@dataclass(frozen=True, slots=True)
class Unpriced:
    """No price covers the use, and why; it refuses spending."""

    reason: str


def price_of(
    row: ModelRow,
    *,
    duration_sec: float | Decimal | None = None,
    resolution: str | None = None,
    audio: bool | None = None,
    engine: str | None = None,
    images: int | None = None,
    megapixels: Decimal | None = None,
    characters: int | None = None,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    gpu_seconds: float | Decimal | None = None,
) -> Quote | Unpriced:
    """What one use of a model costs.

    Parameters
    ----------
    duration_sec : length of the clip.
    resolution : by name; the model's default when None. Where the model has no default, the quote
        spans the prices of all its resolutions.
    audio : with sound of the model's own? None spans both.
    engine : where it runs; `worker` is your own hardware and costs nothing per clip.
    images, megapixels, characters, tokens_in, tokens_out, gpu_seconds : how much is used, for
        prices in these units.
    """
    if engine == "worker":
        return _quote([OWN_HARDWARE], {PriceUnit.CLIP: Decimal(1)})
    if not row.prices:
        return Unpriced("no price of it is known")
    seconds = _exact(duration_sec)
    wanted = resolution or row.capabilities.default_resolution
    covering = [price for price in row.prices if _covers(price, wanted, seconds, audio)]
    if not covering:
        return Unpriced(f"no price of it covers {_described(wanted, seconds, audio)}")
    amounts = {
        PriceUnit.SECOND: seconds,
        PriceUnit.CLIP: Decimal(1),
        PriceUnit.IMAGE: _exact(images),
        PriceUnit.MEGAPIXEL: megapixels,
        PriceUnit.CHARACTERS: _divided(characters, THOUSAND),
        PriceUnit.TOKENS_IN: _divided(tokens_in, MILLION),
        PriceUnit.TOKENS_OUT: _divided(tokens_out, MILLION),
        PriceUnit.GPU_SECOND: _exact(gpu_seconds),
    }
    most = max(price.conditions for price in covering)
    chosen = [price for price in covering if price.conditions == most]
    missing = sorted({price.unit.value for price in chosen if amounts[price.unit] is None})
    if missing:
        return Unpriced(f"it is charged per {' and '.join(missing)}, and how many is not known")
    return _quote(chosen, amounts)


def price_of_request(
    row: ModelRow,
    request: VideoRequest,
    *,
    engine: str | None = None,
    gpu_seconds: float | Decimal | None = None,
) -> Quote | Unpriced:
    """What a request costs with this model; a talking avatar is as long as its sound."""
    seconds = request.duration_sec
    if row.capabilities.duration_from_audio:
        seconds = request.audio.duration_sec if request.audio else None
        if seconds is None and engine != "worker":
            return Unpriced("the length of its sound is not known")
    return price_of(
        row,
        duration_sec=seconds,
        resolution=None if request.resolution == "auto" else request.resolution,
        engine=engine,
        gpu_seconds=gpu_seconds,
    )


def stale_prices(row: ModelRow, today: date) -> list[Price]:
    """The prices that somebody should look up again; an undated one always."""
    return [
        price
        for price in row.prices
        if price.verification is not Verification.BY_DEFINITION
        and (price.as_of is None or (today - price.as_of).days > row.stale_after_days)
    ]


def _covers(
    price: Price, resolution: str | None, seconds: Decimal | None, audio: bool | None
) -> bool:
    asked = ((price.resolution, resolution), (price.duration_sec, seconds), (price.audio, audio))
    return all(only is None or use is None or only == use for only, use in asked)


def _quote(prices: Sequence[Price], amounts: Mapping[PriceUnit, Decimal | None]) -> Quote:
    counts = [_charged(price, amounts[price.unit] or Decimal(0)) for price in prices]
    ranges = [
        (count * low, count * high)
        for count, (low, high) in zip(counts, (price.range_usd for price in prices), strict=True)
    ]
    lows, highs = zip(*ranges, strict=True)
    # Tokens in and tokens out are two parts of one bill; all other rows are alternatives.
    parts = all(price.unit in _TOKENS for price in prices)
    low, high = (sum(lows), sum(highs)) if parts else (min(lows), max(highs))
    dearest = highs.index(max(highs))
    return Quote(low, (low + high) / 2, high, prices[dearest], counts[dearest], tuple(prices))


def _charged(price: Price, count: Decimal) -> Decimal:
    """Units on the bill for `count` units of use."""
    if price.unit_step is not None:
        steps = (count / price.unit_step).to_integral_value(ROUND_CEILING)
        count = steps * price.unit_step
    return max(count, price.min_units or Decimal(0))


def _exact(number: float | Decimal | None) -> Decimal | None:
    """The decimal that was written: 0.1 is a tenth, not its nearest binary fraction."""
    return None if number is None else Decimal(str(number))


def _divided(count: int | None, by: Decimal) -> Decimal | None:
    return None if count is None else count / by


def _described(resolution: str | None, seconds: Decimal | None, audio: bool | None) -> str:
    parts = [
        f"{seconds.normalize():f} s" if seconds is not None else "",
        resolution or "",
        {None: "", True: "with sound", False: "without sound"}[audio],
    ]
    return " ".join(part for part in parts if part) or "this use"
