"""What can go wrong with money, below the families of `shared/errors.py`.

InvalidInput
├── BudgetExceeded     the month's budget does not hold this
├── ApprovalDenied     a person said no
├── ApprovalExpired    nobody answered in time
├── AlreadyDecided     the other answer was given before
├── LinkRefused        a one-time link that is forged, used or too old
├── PriceUnknown       nobody knows what it would cost
└── NothingHeld        there is no open question about this job
InternalFault
└── NotReserved        money is booked for a job that never reserved any
"""

from typing import TYPE_CHECKING

from shared.budget.money import MicroUsd, usd, usd_text
from shared.budget.months import resets_on
from shared.errors import InternalFault, InvalidInput, Problem

if TYPE_CHECKING:
    from shared.budget.account import MonthAccount


class BudgetExceeded(InvalidInput):
    """The month's budget does not hold this; says limit, used, needed, and when it resets."""

    @classmethod
    def of(cls, account: "MonthAccount", needed: MicroUsd) -> "BudgetExceeded":
        name, resets = account.project_id, resets_on(account.month)
        limit = f"the budget of project `{name}` for {account.month} is {usd_text(account.budget)}"
        used = (
            f"{usd_text(account.committed)} of it is used ({usd_text(account.settled)} spent, "
            f"{usd_text(account.reserved)} set aside for what is running)"
        )
        message = (
            f"{limit}; {used}; this needs {usd_text(needed)}, {usd_text(account.free)} is free."
        )
        hint = (
            f"The next budget begins on {resets} (UTC). Drop the manifest again then, make the "
            f"batch cheaper, or raise the budget: `dropreel project set {name} --monthly-budget …`."
        )
        return cls(
            f"{message} {hint}",
            problems=(Problem("", message, hint, cls.code()),),
            details={
                "limit": "monthly_budget",
                "project": name,
                "month": account.month,
                "limit_usd": usd(account.budget),
                "used_usd": usd(account.committed),
                "spent_usd": usd(account.settled),
                "reserved_usd": usd(account.reserved),
                "needed_usd": usd(needed),
                "free_usd": usd(account.free),
                "resets_on": resets.isoformat(),
            },
        )


class ApprovalDenied(InvalidInput):
    """A person refused the batch's price."""


class ApprovalExpired(InvalidInput):
    """Nobody approved the batch's price in time; nothing was spent."""


class AlreadyDecided(InvalidInput):
    """The batch was decided the other way before."""


class LinkRefused(InvalidInput):
    """The link is forged, was used, or is too old; which of them is told to nobody."""


class PriceUnknown(InvalidInput):
    """Nobody knows what it would cost, so no money is spent on it."""


class NothingHeld(InvalidInput):
    """There is no open question about the job's money."""


class NotReserved(InternalFault):
    """Money is booked for a job that never reserved any."""
