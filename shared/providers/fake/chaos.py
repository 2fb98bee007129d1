"""What goes wrong, how often, and for whom: drawn from a seed, so a run can be repeated.

Faults are drawn once per submit, by its number in order of arrival. The same seed and the same
order give the same faults.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import InvalidInput, Problem
from shared.nearest import did_you_mean

FAULTS: dict[str, str] = {
    "429": "refused with 429 and Retry-After; nothing runs",
    "500": "an internal error before anything was accepted; nothing runs",
    "low-balance": "refused for lack of credit, in the vendor's own way",
    "refused": "the input is refused as unsafe at once",
    "drop-before-accept": "the connection breaks before anything was accepted",
    "hang-before-accept": "never answered, and nothing was accepted",
    "500-after-accept": "accepted and charged, and answered with 500",
    "drop-after-accept": "accepted and charged, and the connection breaks",
    "hang-after-accept": "accepted and charged, and never answered",
    "drip-after-accept": "accepted and charged, and the answer drips, a byte at a time",
    "malformed-after-accept": "accepted and charged, and answered with half a JSON document",
    "huge-after-accept": "accepted and charged, and answered with endless text",
    "moderated": "the job ends refused as unsafe",
    "failed": "the job ends failed",
    "never": "the job never ends",
    "slow": "the job takes ten times as long",
    "empty": "the job says that it finished, and has no file",
    "unknown-status": "the first looks see a status that nobody has documented",
    "poll-429": "the first look is throttled",
    "poll-500": "the first look meets an internal error",
    "poll-malformed": "the first look gets half a JSON document",
    "poll-huge": "the first look gets endless text",
    "poll-hang": "the first look is never answered",
    "lost-webhook": "no webhook is sent",
    "duplicate-webhook": "the webhook is sent twice",
    "expired-url": "the first address of the result has expired; a second look gives a fresh one",
    "foreign-host": "the result lies on a host that is not the vendor's",
    "redirect-private": "the result's address redirects to a private one",
    "not-a-video": "the result is an HTML page",
    "cut-short": "the result breaks off",
    "huge-file": "the result is endless",
    "drip": "the result drips, a byte at a time",
}


@dataclass(frozen=True)
class ChaosPlan:
    """How often each fault strikes."""

    rates: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        for name, rate in self.rates.items():
            if name not in FAULTS:
                hint = did_you_mean(name, FAULTS)
                raise _wrong(f"`{name}` is no fault.", hint or f"Known: {', '.join(FAULTS)}.")
            if not 0 <= rate <= 1:
                raise _wrong(f"`{name}={rate:g}`: a rate is between 0 and 1.")

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> "ChaosPlan":
        """`429=0.1,moderated=0.03` as a plan.

        Raises
        ------
        InvalidInput : an unknown fault, or no rate between 0 and 1.
        """
        rates: dict[str, float] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, _, rate = part.partition("=")
            try:
                rates[name.strip()] = float(rate)
            except ValueError:
                raise _wrong(f"`{part}` is not written like 429=0.1.") from None
        return cls(rates, seed)

    def draw(self, number: int) -> frozenset[str]:
        """The faults of the submit of that number."""
        return frozenset(
            name
            for name, rate in self.rates.items()
            # Not for secrets: the draw must be the same every time.
            if random.Random(f"{self.seed}:{name}:{number}").random() < rate  # noqa: S311
        )


def _wrong(message: str, hint: str = "") -> InvalidInput:
    return InvalidInput(message, problems=[Problem("--chaos", message, hint, "chaos")])
