"""What a clip costs on a rented GPU, from the seconds that are known: the rows of the cost table.

    a clip      (generating + handing off) × price of a second
    cold start  its seconds × price of a second, shared by the clips of a batch

The two stand apart: the first is paid for every clip, the second once for a container that starts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.catalog.clip_seconds import ClipSeconds, clip_seconds
from shared.gpu_jobs.gpu import GpuPrice, modal_prices, tiers, usd_per_second

BATCH = 50
"""Clips that share a cold start."""


@dataclass(frozen=True)
class ClipCost:
    """One row.

    Attributes
    ----------
    clip_sec : what is paid for each clip.
    cold_usd : a clip's share of the cold start; None where nobody measured it.
    """

    row: ClipSeconds
    price: GpuPrice
    clip_sec: float
    clip_usd: Decimal
    cold_usd: Decimal | None

    @property
    def usd(self) -> Decimal:
        """Both together."""
        return self.clip_usd + (self.cold_usd or 0)


def clip_costs(
    rows: Sequence[ClipSeconds] | None = None, *, batch: int = BATCH
) -> Iterator[ClipCost]:
    """What each known clip costs on the GPU that Modal rents first for its class."""
    for row in clip_seconds() if rows is None else rows:
        price = modal_prices()[tiers()[row.gpu_class.value].modal[0]]
        second = usd_per_second(price.kind)
        seconds = row.clip_sec + (row.hand_off_sec or 0.0)
        cold = None if row.cold_start_sec is None else Decimal(str(row.cold_start_sec)) / batch
        yield ClipCost(
            row=row,
            price=price,
            clip_sec=seconds,
            clip_usd=Decimal(str(seconds)) * second,
            cold_usd=None if cold is None else cold * second,
        )
