"""The inspection report: what was measured on the delivered file, and what that means."""

from enum import StrEnum

from pydantic import Field

from shared.clip import Document


class Verdict(StrEnum):
    """From best to worst; `unreadable` means that there is nothing to judge."""

    PASS = "pass"  # noqa: S105 — a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    UNREADABLE = "unreadable"

    @property
    def severity(self) -> int:
        return list(Verdict).index(self)


class Curve(Document):
    """A value a frame, with the limits that it was held against; None where there is none.

    `times` are seconds of the clip; `low_is_bad` says that the fault lies below the limits.
    """

    name: str
    unit: str
    times: tuple[float, ...]
    values: tuple[float, ...]
    warn: float | None = None
    fail: float | None = None
    low_is_bad: bool = False


class CheckResult(Document):
    """One number held against one limit.

    `intervals` are the seconds of the clip to look at, each from and to; `frames` the numbers of
    some frames to look at, the worst first. `curve` is what the number is the worst of; the
    inspector takes it out, for it is kept apart from the report (`curves.py`).
    """

    name: str
    verdict: Verdict
    value: float | str | None = None
    limit: float | str | None = None
    unit: str = ""
    message: str = ""
    intervals: tuple[tuple[float, float], ...] = ()
    frames: tuple[int, ...] = ()
    curve: Curve | None = Field(None, exclude=True, repr=False)

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASS


class InspectionReport(Document):
    """All checks of one file; `verdict` is the worst of theirs."""

    schema_version: str = "1"
    verdict: Verdict
    checks: tuple[CheckResult, ...]
    frame_count: int = Field(description="frames that were really decoded")
    seconds: float = Field(description="wall time of the inspection")

    @classmethod
    def of(
        cls, checks: tuple[CheckResult, ...], *, frame_count: int, seconds: float
    ) -> "InspectionReport":
        # No check at all must never read as a clean bill of health.
        worst = max((check.verdict for check in checks), key=_severity, default=Verdict.UNREADABLE)
        return cls(verdict=worst, checks=checks, frame_count=frame_count, seconds=round(seconds, 3))

    def joined(self, more: tuple[CheckResult, ...]) -> "InspectionReport":
        """The report with what others measured of the same file."""
        checks = (*self.checks, *more)
        worst = max((check.verdict for check in checks), key=_severity)
        return self.model_copy(update={"checks": checks, "verdict": worst})


class FootageReport(InspectionReport):
    """What `dropreel inspect --json` prints: the report, and what was measured over time."""

    curves: tuple[Curve, ...] = Field(
        (),
        description="mean light and flashing area, 240 points each at most; of longer videos the "
        "least and the greatest value of each stretch",
    )


def _severity(verdict: Verdict) -> int:
    return verdict.severity
