"""A price: how much, for what, who says so, and since when (rule P-0)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, PlainSerializer, model_validator

from shared.clip import Document

Amount = Annotated[Decimal, Field(ge=0), PlainSerializer(float, when_used="json")]
"""Exact in memory; a plain number in our JSON documents, which people read."""

Positive = Annotated[Decimal, Field(gt=0), PlainSerializer(float, when_used="json")]


class PriceUnit(StrEnum):
    """What one unit of a price buys."""

    SECOND = "second"
    CLIP = "clip"
    IMAGE = "image"
    MEGAPIXEL = "megapixel"
    CHARACTERS = "1k_chars"
    TOKENS_IN = "1m_tokens_in"
    TOKENS_OUT = "1m_tokens_out"
    GPU_SECOND = "gpu_second"


class Currency(StrEnum):
    """What a price is counted in; a provider's credits are a currency of their own."""

    USD = "USD"
    CNY = "CNY"
    CREDIT = "credit"


class Verification(StrEnum):
    """How well a price is known.

    `verified`: the vendor's own documentation states it (a copy of `as_of`, not yet an invoice).
    `reported`: somebody else states it. `unverified`: from memory, or a claim nobody has checked;
    no money is spent on its word. `by_definition`: true because we say so, for example our own CPU.
    """

    UNVERIFIED = "unverified"
    REPORTED = "reported"
    VERIFIED = "verified"
    BY_DEFINITION = "by_definition"

    @property
    def spendable(self) -> bool:
        return self is not Verification.UNVERIFIED


class Price(Document):
    """What one unit costs, under which conditions.

    Attributes
    ----------
    amount, amount_high : per unit; `amount_high` where the source gives a range.
    usd_rate : dollars for one unit of the currency, where that is not the dollar.
    resolution, duration_sec, audio : the price holds only for these; None means for all.
    min_units : fewer units are charged as so many.
    unit_step : units are rounded up to a multiple of this.
    as_of : when the source said so; None where the source bears no date.
    """

    amount: Amount
    amount_high: Amount | None = None
    currency: Currency = Currency.USD
    usd_rate: Positive | None = None
    unit: PriceUnit
    resolution: str | None = None
    duration_sec: Positive | None = None
    audio: bool | None = None
    min_units: Positive | None = None
    unit_step: Positive | None = None
    source: str = Field(min_length=1)
    as_of: date | None = None
    verification: Verification

    @model_validator(mode="after")
    def _converts_to_dollars(self) -> "Price":
        if (self.currency is Currency.USD) != (self.usd_rate is None):
            raise ValueError("`usd_rate` belongs to every currency but the dollar")
        if self.amount_high is not None and self.amount_high < self.amount:
            raise ValueError("`amount_high` is below `amount`")
        return self

    @property
    def range_usd(self) -> tuple[Decimal, Decimal]:
        """Lowest and highest price of one unit in dollars."""
        rate = self.usd_rate or Decimal(1)
        high = self.amount if self.amount_high is None else self.amount_high
        return self.amount * rate, high * rate

    @property
    def conditions(self) -> int:
        """How many conditions it names: the price with more of them is the more specific one."""
        named = (self.resolution, self.duration_sec, self.audio)
        return sum(condition is not None for condition in named)


def usd(amount: Decimal) -> str:
    """An amount for a sentence: `USD 0.50`, `USD 0.0425`; at least cents, at most millionths."""
    whole, _, fraction = f"{amount:.6f}".partition(".")
    return f"USD {whole}.{fraction.rstrip('0').ljust(2, '0')}"
