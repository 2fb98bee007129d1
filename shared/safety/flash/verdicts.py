"""From what was measured to verdicts: number, limit, sentence, seconds and frames to look at."""

from shared.safety.flash.area import AREA_LIMIT_PERCENT, Profile
from shared.safety.flash.brightness import MOST_CUTS, SWING_LIMIT_PERCENT, Cuts, Swings
from shared.safety.flash.hazard import EXTENDED_SHARE, MOST_TRANSITIONS, Finding, Hazard
from shared.safety.flash.stripes import MOST_PAIRS, Stripes
from shared.safety.report import CheckResult, Verdict

_MOST_INTERVALS = 100
_MOST_FRAMES = 12

Intervals = list[tuple[float, float]]


def of_hazards(general: Hazard, red: Hazard, profile: Profile) -> tuple[CheckResult, ...]:
    """Flashes and red flashes by the profile, and flashing that goes on for long."""
    return (
        _of_hazard("flash_general", "flashes", general, profile),
        _of_hazard("flash_red", "flashes from or to a saturated red", red, profile),
        _of_extended(general, red),
    )


def _of_hazard(name: str, words: str, hazard: Hazard, profile: Profile) -> CheckResult:
    finding = hazard.findings[profile]
    other = next(each for key, each in hazard.findings.items() if key is not profile)
    verdict, shown = Verdict.PASS, finding
    message = f"No more than a quarter of {finding.field.name} {_too_often(words)}."
    if finding.over:
        verdict, message = Verdict.FAIL, _said(finding, words, hazard)
    elif other.over:
        verdict, shown = Verdict.WARN, other
        rule = next(key for key, each in hazard.findings.items() if each is other)
        message = f"Within limits, but not by the {rule} profile: {_said(other, words, hazard)}"
    elif hazard.scattered.over:
        verdict, shown = Verdict.WARN, hazard.scattered
        message = (
            f"A fine or moving pattern changes too often over {shown.percent:.1f} % of the frame; "
            "its parts do not flash together, which is why this is no failure. Look at it."
        )
    return CheckResult(
        name=name,
        verdict=verdict,
        value=round(finding.percent, 2),
        limit=AREA_LIMIT_PERCENT,
        unit=f"% of {finding.field.name}",
        message=message,
        intervals=_rounded(shown.intervals),
        frames=_frames(shown),
        curve=finding.areas.curve(name, f"% of {finding.field.name}", fail=AREA_LIMIT_PERCENT),
    )


def _too_often(words: str) -> str:
    return f"{words} more than three times in a second"


def _said(finding: Finding, words: str, hazard: Hazard) -> str:
    often = (
        f" A quarter of the frame makes up to {hazard.most_transitions} transitions in a second;"
        f" {MOST_TRANSITIONS} are the limit."
        if hazard.most_transitions > MOST_TRANSITIONS
        else ""
    )
    return (
        f"{finding.percent:.1f} % of {finding.field.name} {_too_often(words)} (frame "
        f"{finding.at_frame}); {AREA_LIMIT_PERCENT:g} % is the limit.{often}"
    )


def _of_extended(general: Hazard, red: Hazard) -> CheckResult:
    intervals = sorted(general.extended + red.extended)
    longest = max(general.longest_near, red.longest_near)
    return CheckResult(
        name="flash_extended",
        verdict=Verdict.WARN if intervals else Verdict.PASS,
        value=round(100 * longest, 1),
        limit=100 * EXTENDED_SHARE,
        unit="% of five seconds",
        message="Two flashes or more a second go on for most of five seconds."
        if intervals
        else "No flashing goes on for long.",
        intervals=_rounded(intervals),
    )


def of_swings(swings: Swings) -> CheckResult:
    """The seed's single-frame rule."""
    over = bool(swings.frames)
    return CheckResult(
        name="brightness_swing",
        verdict=Verdict.FAIL if over else Verdict.PASS,
        value=round(swings.largest_percent, 2),
        limit=SWING_LIMIT_PERCENT,
        unit="% in one frame",
        message=f"The picture's brightness changes by {swings.largest_percent:.1f} % in one frame "
        f"(frame {swings.at_frame})."
        if over
        else "Brightness changes gently.",
        intervals=_rounded(swings.intervals),
        frames=tuple(swings.frames[:_MOST_FRAMES]),
    )


def of_cuts(cuts: Cuts) -> CheckResult:
    """Japan's rule for hard cuts."""
    over = cuts.most > MOST_CUTS
    return CheckResult(
        name="scene_cuts",
        verdict=Verdict.WARN if over else Verdict.PASS,
        value=cuts.most,
        limit=MOST_CUTS,
        unit="hard cuts in a second",
        message=f"{cuts.most} cuts between light and dark come within one second."
        if over
        else "No rush of hard cuts.",
        intervals=_rounded(cuts.intervals),
    )


def of_stripes(stripes: Stripes) -> CheckResult:
    """Regular patterns."""
    over = bool(stripes.intervals)
    return CheckResult(
        name="stripes",
        verdict=Verdict.WARN if over else Verdict.PASS,
        value=round(stripes.most_pairs, 1),
        limit=MOST_PAIRS,
        unit="pairs of stripes",
        message=f"{stripes.most_pairs:.0f} pairs of light and dark stripes cover a quarter of the "
        "picture or more."
        if over
        else "No large regular stripes.",
        intervals=_rounded(stripes.intervals),
    )


def _rounded(intervals: Intervals) -> tuple[tuple[float, float], ...]:
    return tuple((round(start, 3), round(end, 3)) for start, end in intervals[:_MOST_INTERVALS])


def _frames(finding: Finding) -> tuple[int, ...]:
    """The worst frame over the limit, the first and the last."""
    if not finding.frames:
        return ()
    return tuple(dict.fromkeys((finding.at_frame, finding.frames[0], finding.frames[-1])))
