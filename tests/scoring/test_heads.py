"""The heads: their shapes, their file, and when they speak."""

import io

import numpy as np
import pytest

from shared.scoring.agreement import auc, calibration, spearman
from shared.scoring.document import Method
from shared.scoring.embeddings import EmbeddingsUnreadable, load_embeddings, save_embeddings
from shared.scoring.heads import (
    EMBEDDING,
    LAYERS,
    Heads,
    HeadsUnreadable,
    load_heads,
    normalised,
    save_heads,
)
from shared.scoring.score import score_keyframe
from tests.scoring.pictures import photo

RNG = np.random.default_rng(1)


def some_heads(nearness: float = -1.0) -> Heads:
    layers = {
        name: tuple(
            (
                RNG.normal(0, 0.2, shape).astype(np.float32),
                RNG.normal(0, 0.2, shape[0]).astype(np.float32),
            )
            for shape in shapes
        )
        for name, shapes in LAYERS.items()
    }
    centre = normalised(RNG.normal(size=(1, EMBEDDING)).astype(np.float32))[0]
    return Heads(layers, centre, nearness, {"seed": 1})


def test_the_heads_have_the_blueprints_shapes() -> None:
    counts = {
        name: sum(rows * columns + rows for rows, columns in shapes)
        for name, shapes in LAYERS.items()
    }
    assert counts == {"aesthetic": 147_841, "viability": 65_793}


def test_a_file_gives_the_same_heads_back() -> None:
    heads = some_heads()
    again = load_heads(save_heads(heads))
    batch = RNG.normal(size=(7, EMBEDDING)).astype(np.float32)
    for before, after in zip(heads.score(batch), again.score(batch), strict=True):
        assert before.shape == (7,)
        assert np.array_equal(before, after)
        assert ((before >= 0) & (before <= 1)).all()
    assert again.about == {"seed": 1}


def test_huge_weights_overflow_nothing() -> None:
    heads = some_heads()
    loud = Heads(
        {name: tuple((w * 1e4, b) for w, b in layers) for name, layers in heads.layers.items()},
        heads.centre,
    )
    with np.errstate(all="raise", under="ignore"):
        scores = loud.score(RNG.normal(size=(9, EMBEDDING)).astype(np.float32))
    assert all(np.isfinite(each).all() for each in scores)


def _npz(**arrays: object) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def test_a_file_that_holds_no_heads_is_refused() -> None:
    good = save_heads(some_heads())
    with np.load(io.BytesIO(good)) as file:
        arrays = dict(file)
    wrong = {
        "nothing": b"",
        "text": b"hello",
        "cut": good[:-400],
        "empty": _npz(),
        "shape": _npz(**{**arrays, "viability.0.weight": np.zeros((2, 2), np.float32)}),
        "nan": _npz(**{**arrays, "aesthetic.0.bias": np.full(256, np.nan, np.float32)}),
        "pickle": _npz(head=np.array([{"a": 1}], dtype=object)),
    }
    for name, data in wrong.items():
        with pytest.raises(HeadsUnreadable, match="train-scorer"):
            load_heads(data, name)


def test_with_an_embedding_the_heads_score_and_say_so() -> None:
    heads, embedding = some_heads(), RNG.normal(size=EMBEDDING).astype(np.float32)
    scores = score_keyframe(photo("coffee.png"), embedding, heads)
    (aesthetic,), (viability,) = heads.score(embedding[None])
    assert scores.method is Method.CLIP_HEADS
    assert scores.aesthetic_score == pytest.approx(float(aesthetic), abs=1e-4)
    assert scores.video_viability_score == pytest.approx(float(viability), abs=1e-4)
    assert len(scores.why_viability) == 3
    assert scores.notes


def test_of_a_picture_unlike_all_that_they_learned_the_heads_are_silent() -> None:
    heads = some_heads(nearness=0.9)
    scores = score_keyframe(photo("coffee.png"), -heads.centre, heads)
    assert scores.method is Method.CLASSICAL
    assert "seen nothing like it" in scores.notes[0]


def test_without_either_the_classical_formula_scores() -> None:
    plain = score_keyframe(photo("coffee.png"))
    assert score_keyframe(photo("coffee.png"), heads=some_heads()) == plain
    assert score_keyframe(photo("coffee.png"), np.ones(EMBEDDING, np.float32)) == plain


def test_embeddings_come_back_as_directions() -> None:
    ramp, ones = np.arange(EMBEDDING, dtype=np.float32), np.ones(EMBEDDING, np.float32)
    kept = {"ä/1.png": ramp, "b.png": ones}
    again = load_embeddings(save_embeddings(kept))
    assert list(again) == list(kept)
    assert np.linalg.norm(again["ä/1.png"]) == pytest.approx(1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        _npz(names=np.array(["a"]), embeddings=np.zeros((1, EMBEDDING))),
        _npz(names=np.array(["a"]), embeddings=np.ones((1, 768))),
        _npz(names=np.array(["a", "b"]), embeddings=np.ones((1, EMBEDDING))),
        _npz(names=np.array([1]), embeddings=np.ones((1, EMBEDDING))),
        _npz(names=np.array(["a"]), embeddings=np.full((1, EMBEDDING), np.inf)),
    ],
)
def test_what_holds_no_embeddings_is_refused(data: bytes) -> None:
    with pytest.raises(EmbeddingsUnreadable):
        load_embeddings(data)


def test_rank_correlation() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 30, 400]) == pytest.approx(1)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(0.948683, abs=1e-6)
    assert spearman([1, 1, 1], [1, 2, 3]) == 0


def test_area_under_the_curve() -> None:
    assert auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == pytest.approx(0.75)
    assert auc([0.5, 0.5], [True, False]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="only one kind"):
        auc([0.1, 0.2], [True, True])


def test_calibration_is_the_distance_of_what_was_said_from_what_was() -> None:
    error, bins = calibration([0.1, 0.1, 0.9, 1.0], [0, 0, 1, 0])
    assert [each.count for each in bins] == [2, 2]
    assert error == pytest.approx((2 * 0.1 + 2 * 0.45) / 4)
