"""Every limit of the artefact checks in one table, `limits.json`, each with its evidence.

The evidence is measured, not believed: `bench/artefacts.py` puts faults into clean clips and writes
how well each check tells them apart. A check that cannot may warn, and never fails a clip.
"""

import math
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from shared.clip import Document
from shared.safety.report import CheckResult, Curve, Verdict
from shared.safety.series import spans

TABLE = Path(__file__).with_name("limits.json")

LEAST_AUC = 0.9
"""Below this area under the ROC curve a check may not fail a clip."""


class Evidence(Document):
    """How well a check told faulty clips from clean ones.

    Attributes
    ----------
    fault : what was put in.
    auc : area under the ROC curve; 0.5 is a coin, 1 is never wrong.
    precision, recall : at the limit that counts: `fail` where the check may fail, else `warn`.
    clean, faulty : clips measured.
    """

    fault: str
    auc: float = Field(ge=0, le=1)
    precision: float = Field(ge=0, le=1)
    recall: float = Field(ge=0, le=1)
    clean: int
    faulty: int


class Limit(Document):
    """One row: what is measured, from where on it is a fault, and how that is known.

    Attributes
    ----------
    warn, fail : a value beyond `warn` warns, beyond `fail` fails; None means never.
    low_is_bad : the fault lies below the limit, not above it.
    good, bad : what the report says, as the beginning of a sentence.
    """

    unit: str
    warn: float
    fail: float | None = None
    low_is_bad: bool = False
    good: str
    bad: str
    evidence: Evidence | None = None

    @property
    def may_fail(self) -> bool:
        """Has it been shown to tell a fault from a clean clip?"""
        return self.fail is not None and (
            self.evidence is not None and self.evidence.auc >= LEAST_AUC
        )

    @property
    def words(self) -> str:
        """`at least 0.9 is good, below 0.3 fails`, whichever of the two a value is beyond."""
        good, fails = ("at least", "below") if self.low_is_bad else ("at most", "above")
        failing = f", {fails} {self.fail:g} fails" if self.may_fail else ""
        return f"{good} {self.warn:g} is good{failing}"

    def beyond(self, value: float, limit: float) -> bool:
        return value < limit if self.low_is_bad else value > limit

    def verdict(self, value: float) -> Verdict:
        if self.may_fail and self.fail is not None and self.beyond(value, self.fail):
            return Verdict.FAIL
        return Verdict.WARN if self.beyond(value, self.warn) else Verdict.PASS


@cache
def limits() -> dict[str, Limit]:
    """The table, by the name of the check."""
    return TypeAdapter(dict[str, Limit]).validate_json(TABLE.read_bytes())


def judged(
    name: str,
    value: float,
    *,
    intervals: tuple[tuple[float, float], ...] = (),
    detail: str = "",
    curve: Curve | None = None,
) -> CheckResult:
    """A value held against its row of the table.

    Parameters
    ----------
    name : of the check and its row.
    intervals : seconds of the clip to look at; kept only where something is wrong.
    detail : one more sentence for the report, where something is wrong.
    curve : what the value is the worst of.
    """
    limit = limits()[name]
    if not math.isfinite(value):
        # Whatever compares with a NaN is false, and would pass.
        return CheckResult(name=name, verdict=Verdict.WARN, message="It could not be measured.")
    verdict = limit.verdict(value)
    wrong = verdict is not Verdict.PASS
    bound = limit.fail if verdict is Verdict.FAIL else limit.warn
    shown = f"{value:.3g} {limit.unit}".rstrip()
    return CheckResult(
        name=name,
        verdict=verdict,
        value=round(value, 4),
        limit=bound,
        unit=limit.unit,
        message=f"{limit.bad}: {shown}, {limit.words}. {detail}".strip()
        if wrong
        else f"{limit.good}.",
        intervals=intervals if wrong else (),
        curve=curve,
    )


def judged_series(
    name: str, values: NDArray[np.float64], times: NDArray[np.float64], step: float
) -> CheckResult | None:
    """The worst of a value a frame, with the stretches beyond the limit; None without any value."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    limit = limits()[name]
    worst = float(known.min() if limit.low_is_bad else known.max())
    with np.errstate(invalid="ignore"):
        flagged = values < limit.warn if limit.low_is_bad else values > limit.warn
    curve = Curve(
        name=name,
        unit=limit.unit,
        times=times.tolist(),
        values=values.tolist(),
        warn=limit.warn,
        fail=limit.fail if limit.may_fail else None,
        low_is_bad=limit.low_is_bad,
    )
    return judged(name, worst, intervals=spans(flagged, times, step), curve=curve)
