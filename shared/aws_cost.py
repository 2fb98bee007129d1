"""What AWS is owed: metered usage times list price, and nothing else.

    cost_usd = Σ over meters of  usage[meter] × amount_usd[meter] / per[meter]

The prices are data (`shared/catalog/aws_prices.json`), each with its source, its date and how far
it was checked. Storage, data transfer and the free tier are left out: they belong to the month and
the account, not to a clip.
"""

import json
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import Field

from shared.clip import Document

OVERHEAD_TARGET_USD = 0.0005
"""What a model-made clip may cost at AWS besides the provider's bill and its encoding."""

FORMULA = "sum over meters of usage * amount_usd / per"


class AwsPrice(Document):
    """One row of the price list: `amount_usd` for `per` units of one meter."""

    meter: str = Field(description="the field of `Usage` that this row prices")
    service: str
    unit: str
    amount_usd: float = Field(ge=0)
    per: int = Field(gt=0)
    source_url: str
    as_of: date
    verification: Literal["unverified", "reported", "verified"]

    def cost_usd(self, amount: float) -> float:
        return amount * self.amount_usd / self.per


class AwsPriceList(Document):
    """The price list of one region and one Lambda architecture."""

    schema_version: str
    region: str
    architecture: str
    currency: Literal["USD"]
    note: str
    prices: tuple[AwsPrice, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """What was metered. Every field is one row of the price list.

    `messages` counts SQS requests (a message handled is three: send, receive, delete),
    `notifications` SNS publishes, `events` the S3 events that EventBridge passes on.
    """

    lambda_gb_seconds: float = 0.0
    lambda_requests: float = 0.0
    transitions: float = 0.0
    s3_puts: float = 0.0
    s3_gets: float = 0.0
    table_writes: float = 0.0
    table_reads: float = 0.0
    messages: float = 0.0
    notifications: float = 0.0
    events: float = 0.0
    log_gb: float = 0.0

    def __post_init__(self) -> None:
        for meter in fields(self):
            if getattr(self, meter.name) < 0:
                raise ValueError(f"{meter.name} is negative: usage is counted, never given back.")

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Usage)}
        )


@dataclass(frozen=True, slots=True)
class AwsCost:
    """The bill for one `Usage`, split by meter; meters that were not used are absent."""

    parts_usd: dict[str, float]

    @property
    def total_usd(self) -> float:
        return sum(self.parts_usd.values())


@cache
def aws_prices() -> AwsPriceList:
    """The price list that ships with the code."""
    text = resources.files("shared.catalog").joinpath("aws_prices.json").read_text("utf-8")
    return AwsPriceList.model_validate(json.loads(text))


def aws_cost(usage: Usage, prices: AwsPriceList | None = None) -> AwsCost:
    """Price `usage` in US dollars.

    Parameters
    ----------
    usage : what was metered for a clip or a batch.
    prices : another region's list; the shipped one by default.
    """
    rows = (prices or aws_prices()).prices
    return AwsCost({row.meter: row.cost_usd(n) for row in rows if (n := getattr(usage, row.meter))})


def clip_overhead(clip: Usage, jobs: Usage, *, encoding_sec: float, encoding_gb: float) -> AwsCost:
    """What AWS is owed for a model-made clip besides the provider's bill and its encoding.

        overhead = cost(clip + jobs) - encoding_sec * encoding_gb * price of a GB-second

    Parameters
    ----------
    clip : counted by the clip's own states, its transitions and messages included.
    jobs : counted by the steps of its jobs.
    encoding_sec, encoding_gb : how long FinishClip ran, and the memory that it had.

    Raises
    ------
    ValueError : more was encoded than was counted in all.
    """
    encoding = encoding_sec * encoding_gb
    rest = clip.lambda_gb_seconds - encoding
    return aws_cost(replace(clip, lambda_gb_seconds=round(rest, 9)) + jobs)
