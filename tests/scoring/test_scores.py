"""What raises and what lowers the scores of a keyframe."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shared.scoring.document import KeyframeScores, Method
from shared.scoring.features import measure
from shared.scoring.rubric import RUBRIC
from shared.scoring.score import score_keyframe
from tests.scoring.pictures import PHOTOS, Rgb, blurred, flower, noisy, photo, through


def both(rgb: Rgb) -> tuple[float, float]:
    scores = score_keyframe(rgb)
    return scores.aesthetic_score, scores.video_viability_score


def below(worse: Rgb, better: Rgb, by: float = 0.0) -> bool:
    return all(low < high - by for low, high in zip(both(worse), both(better), strict=True))


@pytest.mark.parametrize("name", PHOTOS)
def test_each_step_of_blur_lowers_both_scores(name: str) -> None:
    steps = [photo(name), *(blurred(photo(name), radius) for radius in (1, 2, 4, 8))]
    for sharper, softer in itertools.pairwise(steps):
        assert below(softer, sharper)


@given(st.sampled_from(PHOTOS), st.floats(0.8, 5), st.floats(1.3, 2))
@settings(max_examples=12)
def test_the_softer_of_two_copies_scores_lower(name: str, radius: float, more: float) -> None:
    assert below(blurred(photo(name), radius * more), blurred(photo(name), radius))


@pytest.mark.parametrize("name", PHOTOS)
def test_noise_lowers_both_scores(name: str) -> None:
    slight, strong = noisy(photo(name), 12), noisy(photo(name), 30)
    assert below(slight, photo(name))
    assert below(strong, slight, by=0.1)


@pytest.mark.parametrize("name", PHOTOS)
def test_hard_compression_lowers_both_scores(name: str) -> None:
    hard = through(photo(name), "JPEG", quality=8)
    assert below(hard, photo(name), by=0.03)
    assert measure(hard).blockiness > 4 * max(measure(photo(name)).blockiness, 0.5)


def test_the_grid_of_compression_is_found_after_a_crop() -> None:
    hard = through(photo("coffee.png"), "JPEG", quality=15)
    assert measure(hard[3:, 5:]).blockiness == pytest.approx(measure(hard).blockiness, rel=0.15)


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png"])
def test_burnt_out_tones_lower_the_aesthetic_score(name: str) -> None:
    burnt = np.clip(photo(name) * 2.2, 0, 255).astype(np.uint8)
    assert measure(burnt).clipped > measure(photo(name)).clipped
    assert both(burnt)[0] < both(photo(name))[0]


def test_a_subject_cut_by_the_edge_lowers_viability() -> None:
    whole, cut = flower((0.5, 0.5)), flower((0.5, 1.0))
    assert measure(cut).border_touch > measure(whole).border_touch + 0.05
    assert score_keyframe(cut).video_viability_score < score_keyframe(whole).video_viability_score


def test_the_subject_is_found_where_it_is() -> None:
    assert measure(flower((0.5, 0.5))).off_centre < 0.1
    assert measure(flower((0.2, 0.3))).off_centre > 0.3
    features = measure(flower())
    assert features.subject_size == pytest.approx(np.pi * (0.3 * 320) ** 2 / (480 * 320), abs=0.06)
    assert features.flat_background > 0.9
    assert features.depth_cue > 1


def test_a_busy_background_lowers_viability() -> None:
    calm = flower()
    busy = calm.copy()
    ground = calm.max(axis=-1) < 80
    texture = np.kron(np.random.default_rng(2).integers(0, 70, (160, 240)), np.ones((2, 2)))
    busy[ground] = np.clip(busy[ground] + texture[ground][:, None], 0, 255)
    assert score_keyframe(busy).video_viability_score < score_keyframe(calm).video_viability_score


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_a_lossless_format_changes_nothing(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert score_keyframe(through(photo("coffee.png"), kind, **options)) == score_keyframe(
        photo("coffee.png")
    )


@pytest.mark.parametrize("name", PHOTOS)
def test_good_compression_changes_next_to_nothing(name: str) -> None:
    kept = both(through(photo(name), "JPEG", quality=95, subsampling=0))
    assert kept == pytest.approx(both(photo(name)), abs=0.06)


def test_the_same_picture_always_scores_the_same() -> None:
    first = score_keyframe(photo("rocket.jpg"))
    assert score_keyframe(np.array(photo("rocket.jpg"))) == first
    assert score_keyframe(np.asfortranarray(photo("rocket.jpg"))) == first


@pytest.mark.parametrize("name", ["astronaut.png", "rocket.jpg"])
def test_a_mirrored_picture_scores_the_same(name: str) -> None:
    mirrored = np.ascontiguousarray(photo(name)[:, ::-1])
    assert both(mirrored) == pytest.approx(both(photo(name)), abs=0.03)


SHAPES = [(1, 1), (1, 2), (2, 2), (3, 3), (1, 4000), (4000, 1), (2, 3000), (17, 16), (1025, 40)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.filterwarnings("error")
def test_any_shape_has_scores(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    for rgb in (
        np.zeros((*shape, 3), np.uint8),
        np.full((*shape, 3), 255, np.uint8),
        rng.integers(0, 256, (*shape, 3), dtype=np.uint8),
    ):
        assert all(0 <= score <= 1 for score in both(rgb))


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)), fill=st.nothing()
    )
)
@settings(max_examples=40)
def test_scores_lie_between_0_and_1_and_say_why(rgb: Rgb) -> None:
    scores = score_keyframe(rgb)
    assert 0 <= scores.aesthetic_score <= 1
    assert 0 <= scores.video_viability_score <= 1
    assert scores.method is Method.CLASSICAL
    for why in (scores.why_aesthetic, scores.why_viability):
        assert len({reason.feature for reason in why}) == 3
        assert all(reason.words for reason in why)
    assert KeyframeScores.model_validate_json(scores.model_dump_json()) == scores


def test_a_grey_picture_of_nothing_scores_low() -> None:
    assert max(both(np.full((300, 400, 3), 128, np.uint8))) < 0.3


def test_a_grey_photograph_is_not_punished_much() -> None:
    grey = np.repeat(photo("coffee.png").mean(axis=-1, keepdims=True), 3, axis=-1)
    assert both(grey.astype(np.uint8)) == pytest.approx(both(photo("coffee.png")), abs=0.1)


@pytest.mark.parametrize(
    ("spoil", "feature"),
    [
        (lambda rgb: blurred(rgb, 3), "subject_sharpness"),
        (lambda rgb: noisy(rgb, 30), "noise"),
        (lambda rgb: through(rgb, "JPEG", quality=5), "blockiness"),
    ],
)
def test_a_score_names_what_spoilt_it_and_what_to_do(spoil, feature: str) -> None:  # type: ignore[no-untyped-def]
    strongest = score_keyframe(spoil(photo("coffee.png"))).why_viability[0]
    assert strongest.feature == feature
    assert strongest.effect < 0
    assert strongest.remedy


def test_the_weights_of_each_score_add_up_to_one() -> None:
    assert sum(row.aesthetic for row in RUBRIC) == pytest.approx(1)
    assert sum(row.viability for row in RUBRIC) == pytest.approx(1)
    assert {row.name for row in RUBRIC} == set(measure(photo("coffee.png")).to_dict())


@pytest.mark.parametrize("rgb", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8)])
def test_what_is_no_rgb_picture_is_refused(rgb: Rgb) -> None:
    with pytest.raises(ValueError, match="not an 8-bit RGB picture"):
        score_keyframe(rgb)


def test_a_large_picture_is_judged_as_it_will_be_seen() -> None:
    """Enlarging adds no detail, so the enlarged copy is soft; the grain of a large one averages."""
    large = np.kron(photo("coffee.png"), np.ones((4, 4, 1), np.uint8))
    assert both(large)[1] < both(photo("coffee.png"))[1]
    assert measure(noisy(large, 12)).noise < measure(noisy(photo("coffee.png"), 12)).noise
