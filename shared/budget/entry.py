"""One line of the ledger a paid attempt, and one a batch's hold."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.budget.money import MicroUsd
from shared.clip import Document
from shared.jobs.outcome import Billed


class EntryState(StrEnum):
    """Where the money of an attempt is."""

    RESERVED = "reserved"
    HELD_UNKNOWN = "held_unknown"
    SETTLED = "settled"
    RELEASED = "released"


class CostSource(StrEnum):
    """Who says what an attempt cost, most trusted first (rule P-0)."""

    PROVIDER_REPORTED = "provider_reported"
    MEASURED_GPU = "measured_gpu"
    CATALOGUE_ESTIMATE = "catalogue_estimate"

    def beats(self, other: "CostSource | None") -> bool:
        order = list(CostSource)
        return other is None or order.index(self) < order.index(other)


class PriceUsed(Document):
    """The catalogue's price row that an estimate was made from, as it was on that day."""

    id: str
    amount: str = Field("", description="per unit, as the source states it")
    source: str
    as_of: str
    verification: str
    basis: str = Field("", description="how many units are expected, where that is not asked for")


class Charge(Document):
    """What an attempt cost, and who says so."""

    amount: MicroUsd = Field(ge=0)
    source: CostSource


def best_charge(
    *, reported: MicroUsd | None, measured: MicroUsd | None, estimate: MicroUsd
) -> Charge:
    """The provider's word beats measured GPU seconds × rate beats the catalogue's estimate."""
    if reported is not None:
        return Charge(amount=reported, source=CostSource.PROVIDER_REPORTED)
    if measured is not None:
        return Charge(amount=measured, source=CostSource.MEASURED_GPU)
    return Charge(amount=estimate, source=CostSource.CATALOGUE_ESTIMATE)


class Attempt(Document):
    """A paid attempt that asks for money.

    `estimate` is what it is expected to cost, `reserved` what is set aside for it.
    """

    project_id: str
    batch_id: str
    run_id: str
    stem: str
    job_id: str
    provider: str
    model: str
    estimate: MicroUsd = Field(ge=0)
    reserved: MicroUsd = Field(ge=0)
    price: PriceUsed | None = None
    approved_by: str = ""


class LedgerEntry(Attempt):
    """An attempt and what became of its money.

    `month` is the month whose budget pays, whenever the bill comes. `overrun` is the part of
    `actual` that nothing was set aside for.
    """

    version: int = 0
    month: str
    state: EntryState = EntryState.RESERVED
    actual: MicroUsd | None = None
    overrun: MicroUsd = 0
    cost_source: CostSource | None = None
    billed: Billed = Billed.UNKNOWN
    reserved_at: str
    changed_at: str = ""
    resolved_by: str = ""
    note: str = ""

    @property
    def held(self) -> MicroUsd:
        """What is still set aside for it."""
        return 0 if self.ended else self.reserved

    @property
    def spent(self) -> MicroUsd:
        return self.actual or 0

    @property
    def ended(self) -> bool:
        return self.state in {EntryState.SETTLED, EntryState.RELEASED}

    @property
    def may_spend(self) -> bool:
        """Does the reservation allow the paid call? Not once its fate was in question."""
        return self.state is EntryState.RESERVED

    def changed(self, **values: Any) -> "LedgerEntry":
        return self.model_copy(update=values)


class BatchHold(Document):
    """What a whole batch has set aside before its first paid call; its attempts draw from it.

    `left` is what no attempt has drawn yet. A closed hold has nothing left and takes nothing back.
    """

    version: int = 0
    project_id: str
    batch_id: str
    run_id: str
    month: str
    amount: MicroUsd = Field(ge=0)
    left: MicroUsd = Field(ge=0)
    open: bool = True
    approved_by: str = ""
    held_at: str
    closed_at: str = ""

    def changed(self, **values: Any) -> "BatchHold":
        return self.model_copy(update=values)
