"""Of what the project and the manifest ask, the stricter counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clip import ScoreAction, ScoringRequest
from shared.errors import KeyframeScoredLow
from shared.scoring.document import KeyframeScores, Reason
from shared.scoring.policy import ScoringPolicy, judge, stricter

actions, scores = st.sampled_from(ScoreAction), st.floats(0, 1)
projects = st.builds(ScoringPolicy, policy=actions, min_score=scores)
wishes = st.builds(ScoringRequest, policy=st.none() | actions, min_score=st.none() | scores)


@given(projects, wishes)
def test_the_result_is_never_milder_than_either(
    project: ScoringPolicy, asked: ScoringRequest
) -> None:
    both, denied = stricter(project, asked)
    assert both.policy.strictness >= project.policy.strictness
    assert both.min_score >= project.min_score
    assert asked.policy is None or both.policy.strictness >= asked.policy.strictness
    assert asked.min_score is None or both.min_score >= asked.min_score
    # what is not granted is told, and nothing else
    granted = {
        "scoring.policy": asked.policy in (None, both.policy),
        "scoring.min_score": asked.min_score in (None, both.min_score),
    }
    assert {each.field for each in denied} == {name for name, yes in granted.items() if not yes}


def keyframe(score: float) -> KeyframeScores:
    soft = Reason(
        feature="sharpness", value=0.3, effect=-0.2, words="the picture is soft", remedy="Sharpen."
    )
    return KeyframeScores(aesthetic_score=1, video_viability_score=score, why_viability=(soft,))


@given(actions, scores)
def test_a_score_at_the_limit_is_good_enough(action: ScoreAction, score: float) -> None:
    assert judge(keyframe(score), ScoringPolicy(policy=action, min_score=score), "a.png") == ()


def test_a_refusal_names_score_limit_reasons_and_remedy() -> None:
    with pytest.raises(KeyframeScoredLow) as caught:
        judge(keyframe(0.21), ScoringPolicy(policy=ScoreAction.REJECT, min_score=0.5), "a.png")
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("a.png", "scored_low")
    assert str(problem) == (
        "a.png: scores 0.21 for how well it will animate; the least is 0.50. What moved the score "
        "most: the picture is soft -0.20. Sharpen. Or choose another picture."
    )
