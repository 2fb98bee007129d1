"""Money as whole micro-dollars: sums are exact, and a cent is ten thousand of them.

Floats stay at the borders (JSON, provider answers); every ledger amount is an integer.
"""

from decimal import ROUND_CEILING, Decimal, InvalidOperation

MICRO = 1_000_000

MicroUsd = int
"""An amount in millionths of a US dollar."""

_NOISE = Decimal("1e-9")  # what binary floats add to a decimal price, and no price list states

MOST_USD = 10**9
"""More is a slip of the keyboard; sums of such amounts stay exact in the table and in JSON."""


def micro_usd(amount: float | str | Decimal) -> MicroUsd:
    """An amount of dollars in micro-dollars, rounded up: never to our own advantage.

    Raises
    ------
    ValueError : it is no number, not finite, negative, or above `MOST_USD`.
    """
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount of money") from None
    if not exact.is_finite() or not 0 <= exact <= MOST_USD:
        raise ValueError(f"{amount!r} is not an amount of money")
    return int((exact.quantize(_NOISE) * MICRO).to_integral_value(ROUND_CEILING))


def usd(amount: MicroUsd) -> float:
    """The amount in dollars, for JSON documents."""
    return amount / MICRO


def usd_text(amount: MicroUsd) -> str:
    """For people: `USD 20.00`, `USD 0.0003`; at least two decimals, at most six."""
    sign, whole = ("-", -amount) if amount < 0 else ("", amount)
    dollars, rest = divmod(whole, MICRO)
    decimals = f"{rest:06}".rstrip("0").ljust(2, "0")
    return f"USD {sign}{dollars:,}.{decimals}"
