"""What is said about a keyframe: two scores, how they came about, and why."""

from enum import StrEnum

from pydantic import Field

from shared.clip import Document, Probability


class Method(StrEnum):
    """How scores were found.

    `classical`: a formula over measured features whose weights are assumed, not learned.
    `clip_heads`: two heads over a CLIP embedding, trained on labels (docs/scoring.md).
    """

    CLASSICAL = "classical"
    CLIP_HEADS = "clip_heads"


class Reason(Document):
    """One feature that moved a score."""

    feature: str
    value: float
    effect: float = Field(description="points that it gave or took, against a decent photograph")
    words: str
    remedy: str = ""


class KeyframeScores(Document):
    """The scores of one keyframe, each 0 to 1 (seed B008)."""

    aesthetic_score: Probability
    video_viability_score: Probability
    method: Method = Method.CLASSICAL
    why_aesthetic: tuple[Reason, ...] = ()
    why_viability: tuple[Reason, ...] = Field((), description="what moved it most, strongest first")
    features: dict[str, float] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def overall(self) -> float:
        """What `dropreel pick` ranks by: both count the same."""
        return (self.aesthetic_score + self.video_viability_score) / 2
