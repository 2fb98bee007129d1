"""The keyframe's scores on the report page."""

from shared.report.scores import score_chips, score_reasons
from shared.scoring.document import KeyframeScores, Reason
from tests.report.conftest import done


def scores(words: str) -> KeyframeScores:
    reason = Reason(feature="noise", value=9.0, effect=-0.12, words=words)
    return KeyframeScores(
        aesthetic_score=0.8149, video_viability_score=0.3, why_viability=(reason,)
    )


def test_both_scores_stand_on_the_card_and_say_why() -> None:
    chips = str(score_chips(done("a", 0, scores=scores("noise that would flicker"))))
    assert "Animates 0.30" in chips
    assert "Looks 0.81" in chips
    assert 'title="noise that would flicker -0.12"' in chips
    reasons = str(score_reasons(done("a", 0, scores=scores("noise that would flicker"))))
    assert "<b>Animates 0.30</b>: noise that would flicker -0.12." in reasons


def test_what_was_not_scored_shows_nothing() -> None:
    assert score_chips(done("a", 0, scores=None)) is None
    assert score_reasons(done("a", 0, scores=None)) is None


def test_words_cannot_break_out_of_the_page() -> None:
    clip = done("a", 0, scores=scores('"><script>'))
    assert "<script>" not in f"{score_chips(clip)} {score_reasons(clip)}"
