"""Score a keyframe: by its features always, by the trained heads where an embedding is at hand."""

import numpy as np

from shared.scoring.classical import classical_scores
from shared.scoring.document import KeyframeScores, Method
from shared.scoring.features import measure
from shared.scoring.heads import Heads, Vectors
from shared.scoring.picture import Rgb

STRANGE = "the trained heads have seen nothing like it, so the classical formula scored it"
SEEN = "the heads read an embedding; what stands here is what can be measured in the picture"


def score_keyframe(
    rgb: Rgb, embedding: Vectors | None = None, heads: Heads | None = None
) -> KeyframeScores:
    """Both scores of a picture, and the three features that moved each most.

    Parameters
    ----------
    rgb : H×W×3, 8 bits, upright, opaque, sRGB; of any size.
    embedding : of CLIP ViT-B/32 for this picture, 512 numbers; with `heads`, they score.
    """
    scores = classical_scores(measure(rgb))
    if embedding is None or heads is None:
        return scores
    embedding = np.asarray(embedding, np.float32).reshape(-1)
    if not heads.knows(embedding):
        return scores.model_copy(update={"notes": (STRANGE,)})
    (aesthetic,), (viability,) = heads.score(embedding[None])
    return scores.model_copy(
        update={
            "aesthetic_score": round(float(aesthetic), 4),
            "video_viability_score": round(float(viability), 4),
            "method": Method.CLIP_HEADS,
            "notes": (SEEN,),
        }
    )
