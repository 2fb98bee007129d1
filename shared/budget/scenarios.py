"""What a month of a usage scenario costs: models, AWS, storage and downloads, each by itself."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field, model_validator

from shared.aws_cost import AwsPrice, Usage
from shared.budget.estimate import CandidatePrice, Range, candidate_price
from shared.budget.money import MicroUsd, micro_usd, usd
from shared.clip import Document, Operation
from shared.jobs.request import MediaInput, VideoRequest
from shared.routing import Policy, rank

MB_PER_GB = 1000  # as S3 list prices are compared; the difference to 1024 is below the guesswork


class Figure(Document):
    """A number, and whether anybody counted it. `low` and `high` where a range is known."""

    value: float = Field(ge=0)
    low: float | None = Field(None, ge=0)
    high: float | None = Field(None, ge=0)
    assumed: bool
    note: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> "Figure":
        if not (self.at_least <= self.value <= self.at_most):
            raise ValueError("low, value and high are not in this order")
        return self

    @property
    def at_least(self) -> float:
        return self.value if self.low is None else self.low

    @property
    def at_most(self) -> float:
        return self.value if self.high is None else self.high


class Scenario(Document):
    """A month's work of somebody."""

    name: str
    about: str
    seed: str
    batches_a_month: Figure
    clips_a_batch: Figure
    attempts_a_clip: Figure
    duration_sec: Figure
    resolution: str
    master_mb_a_clip: Figure
    downloads_a_clip: Figure

    @property
    def clips(self) -> float:
        return self.batches_a_month.value * self.clips_a_batch.value

    @property
    def gigabytes(self) -> float:
        """What a month adds to the library."""
        return self.clips * self.master_mb_a_clip.value / MB_PER_GB

    def spread(self, price: Range) -> Range:
        """A clip's price, for a month of clips: fewest cheap ones to most dear ones."""
        batches, clips, tries = self.batches_a_month, self.clips_a_batch, self.attempts_a_clip
        counts = (
            batches.at_least * clips.at_least * tries.at_least,
            batches.value * clips.value * tries.value,
            batches.at_most * clips.at_most * tries.at_most,
        )
        amounts = (price.low, price.expected, price.high)
        return Range(*(round(n * each) for n, each in zip(counts, amounts, strict=True)))

    def assumptions(self) -> list[str]:
        """The numbers that nobody has counted."""
        figures = {name: getattr(self, name) for name in type(self).model_fields}
        return [
            f"{name} = {figure.value:g}{f' ({figure.note})' if figure.note else ''}"
            for name, figure in figures.items()
            if isinstance(figure, Figure) and figure.assumed
        ]


class AwsUse(Document):
    """What one clip uses of AWS."""

    assumed: bool
    note: str = ""
    usage: dict[str, float]

    def per_clip(self) -> Usage:
        return Usage(**self.usage)


class Scenarios(Document):
    """The file `scenarios.yaml`."""

    schema_version: str
    aws_usage_per_clip: AwsUse
    prices: tuple[AwsPrice, ...]
    routes: tuple[str, ...]
    scenarios: tuple[Scenario, ...]

    def find(self, name: str) -> Scenario | None:
        return next((each for each in self.scenarios if each.name == name), None)

    def cost(self, meter: str, amount: float) -> MicroUsd:
        """The list price of an amount of something that belongs to the month."""
        price = next(each for each in self.prices if each.meter == meter)
        return micro_usd(price.cost_usd(amount))


@dataclass(frozen=True, slots=True)
class MonthEstimate:
    """A month of a scenario by one route.

    `storage` is for what the month adds, kept for the whole month; what is kept for a year costs
    `storage_after_year` in its twelfth month, because storage adds up.
    """

    scenario: Scenario
    route: str
    candidate: CandidatePrice | None
    why_not: str
    models: Range
    aws: MicroUsd
    storage: MicroUsd
    storage_after_year: MicroUsd
    downloads: MicroUsd

    @property
    def total(self) -> Range:
        fixed = self.aws + self.storage + self.downloads
        return self.models + Range(fixed, fixed, fixed)

    def to_dict(self) -> dict[str, Any]:
        return {
            "scenario": self.scenario.name,
            "route": self.route,
            "clips": self.scenario.clips,
            "candidate": self.candidate.to_dict() if self.candidate else None,
            "why_not": self.why_not,
            "models": self.models.to_dict(),
            "aws_usd": usd(self.aws),
            "storage_usd": usd(self.storage),
            "storage_after_year_usd": usd(self.storage_after_year),
            "downloads_usd": usd(self.downloads),
            "total": self.total.to_dict(),
            "assumed": self.scenario.assumptions(),
        }


def month_of_scenario(
    scenarios: Scenarios,
    scenario: Scenario,
    route: str,
    price: CandidatePrice | None,
    aws_per_clip: MicroUsd,
    why_not: str = "",
) -> MonthEstimate:
    """A month of a scenario at one candidate's price; `price` is None where there is none."""
    downloaded = scenario.gigabytes * scenario.downloads_a_clip.value
    stored = scenarios.cost("s3_standard_gb_month", scenario.gigabytes)
    return MonthEstimate(
        scenario=scenario,
        route=route,
        candidate=price,
        why_not=why_not,
        models=scenario.spread(price.price) if price else Range(),
        aws=round(scenario.clips * scenario.attempts_a_clip.value * aws_per_clip),
        storage=stored,
        storage_after_year=12 * stored,
        downloads=scenarios.cost("egress_gb", downloaded),
    )


def scenario_prices(
    scenario: Scenario, route: str, policy: Policy, engines: frozenset[str]
) -> tuple[CandidatePrice | None, str]:
    """The price of a scenario's clip by a route's best candidate; else None and why."""
    ranking = rank([route], _typical_request(scenario), policy, engines, may_trim=True)
    if ranking.best is None:
        return None, "; ".join(str(each) for each in ranking.rejected[:3])
    return candidate_price(ranking.best), ""


def _typical_request(scenario: Scenario) -> VideoRequest:
    keyframe = MediaInput(
        name="keyframe.png",
        content_type="image/png",
        size_bytes=2_000_000,
        sha256="",
        width=1920,
        height=1080,
    )
    return VideoRequest(
        operation=Operation.IMAGE_TO_VIDEO,
        model="",
        prompt="the camera moves slowly",
        image=keyframe,
        duration_sec=scenario.duration_sec.value,
        resolution=scenario.resolution,
    )
