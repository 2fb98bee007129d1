"""What a batch will cost before it runs: a range for every clip and candidate, and their sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.aws_cost import Usage, aws_cost
from shared.budget.entry import PriceUsed
from shared.budget.money import MicroUsd, micro_usd, usd
from shared.budget.prices import price_used
from shared.routing.ranking import Candidate


@dataclass(frozen=True, slots=True)
class Range:
    """From, expected, to."""

    low: MicroUsd = 0
    expected: MicroUsd = 0
    high: MicroUsd = 0

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def times(self, count: float) -> "Range":
        return Range(*(round(each * count) for each in (self.low, self.expected, self.high)))

    def to_dict(self) -> dict[str, float]:
        return {
            "low_usd": usd(self.low),
            "expected_usd": usd(self.expected),
            "high_usd": usd(self.high),
        }


@dataclass(frozen=True, slots=True)
class CandidatePrice:
    """A candidate of a clip's route with its price."""

    candidate: str
    price: Range
    price_used: PriceUsed

    def to_dict(self) -> dict[str, Any]:
        used = self.price_used.model_dump()
        return {"candidate": self.candidate, **self.price.to_dict(), "price": used}


def candidate_price(candidate: Candidate) -> CandidatePrice:
    """The price of a ranked candidate."""
    quote = candidate.quote
    price = Range(*(micro_usd(each) for each in (quote.low, quote.expected, quote.high)))
    return CandidatePrice(candidate.key, price, price_used(candidate.model, quote))


@dataclass(frozen=True, slots=True)
class ClipEstimate:
    """One clip: its route with prices, best candidate first. `why_not` where nobody can make it."""

    stem: str
    duration_sec: float
    route: tuple[str, ...]
    candidates: tuple[CandidatePrice, ...]
    why_not: str = ""

    @property
    def price(self) -> Range:
        """What it costs if the first candidate makes it at the first try.

        `high` is the dearest candidate: the one that makes it may not be the first.
        """
        if not self.candidates:
            return Range()
        first = self.candidates[0].price
        lows = min(each.price.low for each in self.candidates)
        highs = max(each.price.high for each in self.candidates)
        return Range(lows, first.expected, highs)

    @property
    def to_reserve(self) -> MicroUsd:
        """What is set aside for it: the most that its first candidate may cost."""
        return self.candidates[0].price.high if self.candidates else 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "stem": self.stem,
            "duration_sec": self.duration_sec,
            "route": list(self.route),
            **self.price.to_dict(),
            "to_reserve_usd": usd(self.to_reserve),
            "candidates": [each.to_dict() for each in self.candidates],
            "why_not": self.why_not,
        }


@dataclass(frozen=True, slots=True)
class BatchEstimate:
    """A whole batch: its clips, and AWS's share of each."""

    clips: tuple[ClipEstimate, ...]
    aws_per_clip: MicroUsd

    @property
    def models(self) -> Range:
        return sum((clip.price for clip in self.clips), Range())

    @property
    def aws(self) -> MicroUsd:
        return self.aws_per_clip * len(self.clips)

    @property
    def total(self) -> Range:
        return self.models + Range(self.aws, self.aws, self.aws)

    @property
    def to_reserve(self) -> MicroUsd:
        """What ReserveBudget sets aside. AWS is not in it: its bill is not ours to stop."""
        return sum(clip.to_reserve for clip in self.clips)

    def breakdown(self) -> list[tuple[str, MicroUsd]]:
        """For the approval notice: what is paid to whom, dearest first."""
        sums: dict[str, tuple[int, MicroUsd]] = {}
        for clip in self.clips:
            if clip.candidates:
                name = clip.candidates[0].candidate
                count, amount = sums.get(name, (0, 0))
                sums[name] = (count + 1, amount + clip.to_reserve)
        lines = [(f"{count} clip(s) by {name}", sum_) for name, (count, sum_) in sums.items()]
        return sorted(lines, key=lambda line: -line[1])

    def to_dict(self) -> dict[str, Any]:
        return {
            "clips": [clip.to_dict() for clip in self.clips],
            "models": self.models.to_dict(),
            "aws_usd": usd(self.aws),
            "total": self.total.to_dict(),
            "to_reserve_usd": usd(self.to_reserve),
        }


def estimate_batch(clips: Sequence[ClipEstimate], aws_usage: Usage) -> BatchEstimate:
    """The estimate of a batch.

    Parameters
    ----------
    aws_usage : what one clip uses of AWS, on average.
    """
    return BatchEstimate(tuple(clips), micro_usd(aws_cost(aws_usage).total_usd))
