"""How a call can end without a clip, beside the refusals that come before anything is spent.

InvalidInput
├── ModelUnavailable   nobody of the route can do what is asked: says what each one lacks
└── BudgetExceeded     the project's month does not hold it
DropreelError
├── GenerationFailed   everybody was tried, and each attempt has a verified end
└── GenerationHeld     somebody may still deliver and charge; nobody else is paid
"""

from typing import ClassVar

from shared.errors import DropreelError


class GenerationFailed(DropreelError):
    """No candidate made the clip; `details["attempts"]` says how each one ended."""


class GenerationHeld(DropreelError):
    """An attempt has no verified end; calling again looks after that very attempt."""

    retryable: ClassVar[bool] = True
    billed: ClassVar[bool] = True
