"""The keyframe's scores on its clip's card: two chips, and under the details what moved them."""

from collections.abc import Iterator

from shared.batch import ClipResult
from shared.report.markup import Html, element, join
from shared.scoring.document import Reason


def score_chips(clip: ClipResult) -> Html | None:
    """`Animates 0.81`, `Looks 0.74`; nothing where the keyframe was not scored."""
    chips = [
        element("li", said, class_="chip muted score", title=_told(why))
        for said, why in _scores(clip)
    ]
    return (
        element("ul", *chips, class_="chips", aria_label="Scores of the keyframe")
        if chips
        else None
    )


def score_reasons(clip: ClipResult) -> Html | None:
    """The three features that moved each score most, as a line of words each."""
    lines = [
        element("p", element("b", said), f": {_told(why)}.", class_="facts")
        for said, why in _scores(clip)
    ]
    return join(*lines) if lines else None


def _scores(clip: ClipResult) -> Iterator[tuple[str, tuple[Reason, ...]]]:
    if clip.scores is not None:
        yield f"Animates {clip.scores.video_viability_score:.2f}", clip.scores.why_viability
        yield f"Looks {clip.scores.aesthetic_score:.2f}", clip.scores.why_aesthetic


def _told(why: tuple[Reason, ...]) -> str:
    """`the subject is in focus (sharpness 1.4) +0.05; …`"""
    return "; ".join(f"{reason.words} {reason.effect:+.2f}" for reason in why)
