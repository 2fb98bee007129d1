"""The blueprint's cost claims, worked out again (X-07, X-08): what follows from its own numbers.

Inputs are the seed's; S3 prices are list prices. `docs/money.md` shows the table.
"""

from typing import NamedTuple

RENT_USD_PER_HOUR = 1.5
CLIPS_PER_MINUTE = 8
CLIPS_PER_DAY = 1000
DAYS = 30
CLIP_MB = 50
CLIP_SEC = 6
EGRESS_USD_PER_GB = 0.09
STORAGE_USD_PER_GB_MONTH = 0.023


class Claim(NamedTuple):
    """What is claimed, what follows, and how."""

    what: str
    claimed: str
    formula: str
    result: str


def blueprint_claims() -> list[Claim]:
    """Every claim beside what its own numbers come to."""
    clips = CLIPS_PER_DAY * DAYS
    gb = clips * CLIP_MB / 1000
    per_clip = RENT_USD_PER_HOUR / (CLIPS_PER_MINUTE * 60)
    return [
        Claim(
            "GPU cost of a clip",
            "below USD 0.02",
            f"{RENT_USD_PER_HOUR} USD/h ÷ ({CLIPS_PER_MINUTE} clips/min × 60)",
            f"USD {per_clip:.4f}",
        ),
        Claim(
            "the same, as stated elsewhere",
            "USD 0.015–0.025",
            f"{RENT_USD_PER_HOUR} USD/h ÷ 60 ÷ that price",
            f"only {_pace(0.025):.1f}–{_pace(0.015):.1f} clips/min",
        ),
        Claim(
            "everything for 1000 a day",
            "USD 950–1400 a month",
            f"that ÷ ({CLIPS_PER_DAY} × {DAYS} clips)",
            f"USD {950 / clips:.3f}–{1400 / clips:.3f} a clip",
        ),
        Claim(
            "GPU time for 1000 a day",
            "rented 24 h a day",
            f"{CLIPS_PER_DAY} clips ÷ ({CLIPS_PER_MINUTE} clips/min × 60)",
            f"{CLIPS_PER_DAY / (CLIPS_PER_MINUTE * 60):.1f} h a day",
        ),
        Claim(
            "downloads",
            "USD 0–30 a month",
            f"{clips:,} clips × {CLIP_MB} MB × {EGRESS_USD_PER_GB} USD/GB",
            f"USD {gb * EGRESS_USD_PER_GB:.0f} a month for {gb:,.0f} GB",
        ),
        Claim(
            "storage",
            "USD 15–30 a month",
            f"{gb:,.0f} GB × {STORAGE_USD_PER_GB_MONTH} USD/GB-month, each month on top",
            f"USD {gb * STORAGE_USD_PER_GB_MONTH:.1f} in the first month, "
            f"USD {12 * gb * STORAGE_USD_PER_GB_MONTH:.0f} in the twelfth",
        ),
        Claim(
            "size of a clip",
            f"{CLIP_MB} MB for {CLIP_SEC} s",
            f"{CLIP_MB} MB × 8 ÷ {CLIP_SEC} s",
            f"{CLIP_MB * 8 / CLIP_SEC:.0f} Mbit/s",
        ),
    ]


def _pace(usd_per_clip: float) -> float:
    """Clips a minute at which the rent comes to that much a clip."""
    return RENT_USD_PER_HOUR / 60 / usd_per_clip


def claims_table() -> str:
    """The claims as a Markdown table."""
    lines = ["| what | claimed | worked out | comes to |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(claim)} |" for claim in blueprint_claims()]
    return "\n".join(lines)
