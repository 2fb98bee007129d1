"""The keyframe's scores on its clip's card: two chips that say why when pointed at."""

from shared.batch import ClipResult
from shared.report.markup import Html, element
from shared.scoring.document import Reason


def score_chips(clip: ClipResult) -> Html | None:
    """`Animates 0.81`, `Looks 0.74`; nothing where the keyframe was not scored."""
    scores = clip.scores
    if scores is None:
        return None
    rows = (
        ("Animates", scores.video_viability_score, scores.why_viability),
        ("Looks", scores.aesthetic_score, scores.why_aesthetic),
    )
    chips = (
        element("li", f"{label} {score:.2f}", class_="chip muted", title=_told(why))
        for label, score, why in rows
    )
    return element("ul", *chips, class_="chips", aria_label="Scores of the keyframe")


def _told(why: tuple[Reason, ...]) -> str:
    """`the subject is in focus (sharpness 1.4) +0.05; …`"""
    return "; ".join(f"{reason.words} {reason.effect:+.2f}" for reason in why)
