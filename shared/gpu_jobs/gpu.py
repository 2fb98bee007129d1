"""Logical GPUs: which one a job wants, what stands for it at Modal, and what its second costs.

Creators and the catalogue speak of classes (`rtx4090`, `a100`, `h100`); what is in the machine is
reported beside it (X-02). Modal rents no 4090: an L40S is the same generation with 48 GB.
"""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from pydantic import Field

from shared.catalog.model import ModelRow
from shared.catalog.price import Verification
from shared.catalog.recipe import GpuClass
from shared.clip import Document
from shared.errors import InvalidInput
from shared.gpu_jobs.decide import GPU
from shared.jobs.job import Job
from shared.nearest import did_you_mean

SECONDS_AN_HOUR = 3600


class GpuPrice(Document):
    """What Modal asks for an hour of one kind of GPU."""

    kind: str
    vram_gb: int
    usd_per_hour: Decimal
    source: str
    as_of: date
    verification: Verification


class GpuTier(Document):
    """One class, and what stands for it at Modal, the first choice first.

    `job_limit_sec` ends a run there; it is also what bounds its price.
    """

    gpu_class: str
    modal: tuple[str, ...]
    vram_gb: int
    job_limit_sec: int = Field(gt=0)


class _Sheet(Document):
    about: str
    tiers: tuple[GpuTier, ...]
    prices: tuple[GpuPrice, ...]


@cache
def _sheet() -> _Sheet:
    return _Sheet.model_validate_json(files("shared.gpu_jobs").joinpath("gpus.json").read_bytes())


def tiers() -> dict[str, GpuTier]:
    """Every class by name, the smallest first."""
    return {tier.gpu_class: tier for tier in _sheet().tiers}


def modal_prices() -> dict[str, GpuPrice]:
    """Modal's kinds of GPU by name."""
    return {price.kind: price for price in _sheet().prices}


def gpu_class_for(job: Job, row: ModelRow, among: Collection[str] | None = None) -> str:
    """The class that a job asks for, else the first that the model names its recipes for.

    Parameters
    ----------
    among : the classes that there are; all by default.

    Raises
    ------
    InvalidInput : there is no such class, or the model does not fit there.
    """
    return choose_class(row, job.request.params.get(GPU), among)


def choose_class(row: ModelRow, asked: object = None, among: Collection[str] | None = None) -> str:
    """See `gpu_class_for`."""
    there = [name for name in tiers() if among is None or name in among]
    able = [name.value for name, recipes in row.recipes.items() if recipes and name in there]
    if asked is None and able:
        return able[0]
    if asked is not None and asked not in tiers():
        guess = did_you_mean(str(asked), tiers())
        raise InvalidInput(f"`{asked}` is no class of GPU. {guess} Known: {', '.join(tiers())}.")
    if asked is not None and asked not in there:
        raise InvalidInput(f"no `{asked}` is attached here, but: {', '.join(there) or 'none'}.")
    if asked not in able:
        fits = ", ".join(name for name in tiers() if row.recipes.get(GpuClass(name))) or "none"
        wanted = f"`{asked}`" if asked else f"any GPU that is there ({', '.join(there) or 'none'})"
        raise InvalidInput(f"`{row.id}` cannot run on {wanted}; it fits on: {fits}.")
    return str(asked)


def usd_per_second(kind: str) -> Decimal:
    """Modal's price of a second of a kind of GPU."""
    return modal_prices()[kind].usd_per_hour / SECONDS_AN_HOUR


def dearest(tier: GpuTier) -> GpuPrice:
    """What the tier may cost at most: Modal takes the next kind where the first is sold out."""
    return max((modal_prices()[kind] for kind in tier.modal), key=lambda each: each.usd_per_hour)


def price_of_gpu(tier: GpuTier, gpu: str) -> GpuPrice:
    """The price of the GPU that a run reports (`NVIDIA L40S`), else the dearest of its tier."""
    known = {_plain(kind): price for kind, price in modal_prices().items()}
    said = _plain(gpu)
    found = [price for kind, price in known.items() if kind and kind in said]
    return found[0] if found else dearest(tier)


def _plain(name: str) -> str:
    """`NVIDIA A100-SXM4-80GB` and `A100-80GB` have `a10080gb` in common."""
    letters = "".join(c for c in name.lower() if c.isalnum())
    return letters.replace("sxm4", "").replace("pcie", "").replace("hbm3", "")
