"""What happens to a keyframe that scores low, before anything is spent on it (seed B009)."""

from shared.clip import Deviation, Document, Probability, ScoreAction, ScoringRequest
from shared.errors import KeyframeScoredLow, Problem
from shared.scoring.document import KeyframeScores

DEFAULT_MIN_SCORE = 0.4


class ScoringPolicy(Document):
    """The least `video_viability_score` of a keyframe, and what happens below it.

    By default low scores are told and nothing else: the classical formula's weights are assumed.
    """

    policy: ScoreAction = ScoreAction.FLAG
    min_score: Probability = DEFAULT_MIN_SCORE


def stricter(
    project: ScoringPolicy, asked: ScoringRequest
) -> tuple[ScoringPolicy, tuple[Deviation, ...]]:
    """The stricter of both in each respect, and what of the manifest's wishes could not be."""
    policy, least = project.policy, project.min_score
    deviations = []
    if asked.policy is not None and asked.policy.strictness < policy.strictness:
        deviations.append(_milder("scoring.policy", asked.policy.value, policy.value))
    elif asked.policy is not None:
        policy = asked.policy
    if asked.min_score is not None and asked.min_score < least:
        deviations.append(_milder("scoring.min_score", asked.min_score, least))
    elif asked.min_score is not None:
        least = asked.min_score
    return ScoringPolicy(policy=policy, min_score=least), tuple(deviations)


def judge(scores: KeyframeScores, policy: ScoringPolicy, name: str) -> tuple[str, ...]:
    """Warnings about a keyframe that scores low.

    Raises
    ------
    KeyframeScoredLow : it does, and the policy rejects.
    """
    score, least = scores.video_viability_score, policy.min_score
    if score >= least or policy.policy is ScoreAction.IGNORE:
        return ()
    why = "; ".join(f"{each.words} {each.effect:+.2f}" for each in scores.why_viability)
    said = f"scores {score:.2f} for how well it will animate; the least is {least:.2f}."
    moved = f"What moved the score most: {why}."
    remedies = [reason.remedy for reason in scores.why_viability if reason.remedy]
    if policy.policy is ScoreAction.FLAG:
        return (f"The keyframe {said} {moved}",)
    problem = Problem(
        path=name,
        message=f"{said} {moved}",
        hint=" ".join([*remedies, "Or choose another picture."]),
        code="scored_low",
    )
    raise KeyframeScoredLow.because([problem])


def _milder(field: str, asked: object, used: object) -> Deviation:
    return Deviation(
        field=field, asked=asked, used=used, reason="the project asks for more than the manifest"
    )
