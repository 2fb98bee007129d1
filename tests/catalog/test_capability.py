"""A parameter that a model lacks is refused before spending, never dropped (S2, C31–C33)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import find_model, load_catalog
from shared.catalog.capability import expands_prompt, refusals
from shared.clip import Operation
from shared.jobs.request import MediaInput, VideoRequest
from tests.catalog.rows import row

WAN, KLING, TALK = "wavespeed/wan-2.5", "wavespeed/kling-v2.5-turbo-std", "wavespeed/infinitetalk"
I2V, AVATAR = Operation.IMAGE_TO_VIDEO, Operation.TALKING_AVATAR


def media(content_type: str = "image/png", **more: Any) -> MediaInput:
    return MediaInput(
        **{
            "name": "a",
            "content_type": content_type,
            "size_bytes": 1000,
            "sha256": "",
            "width": 1280 if content_type.startswith("image") else None,
            "height": 720 if content_type.startswith("image") else None,
            **more,
        }
    )


SOUND = media("audio/wav", duration_sec=8.0)


def ask(operation: Operation = I2V, **more: Any) -> VideoRequest:
    return VideoRequest(**{"operation": operation, "model": "", "image": media(), **more})


def refused(model: str, request: VideoRequest) -> list[str]:
    found = find_model(model)
    assert found is not None
    return [problem.path for problem in refusals(found, request)]


# The seed's capability matrix: what each of its three operations takes.
MATRIX: dict[str, dict[str, bool]] = {
    WAN: {
        "audio": True,
        "negative_prompt": True,
        "seed": True,
        "guidance": False,
        "mask": False,
        "5 s": True,
        "10 s": True,
        "480p": True,
        "720p": True,
        "1080p": True,
        "expand": True,
    },
    KLING: {
        "audio": False,
        "negative_prompt": True,
        "seed": False,
        "guidance": True,
        "mask": False,
        "5 s": True,
        "10 s": True,
        "480p": False,
        "720p": True,
        "1080p": False,
        "expand": False,
    },
    TALK: {
        "audio": True,
        "negative_prompt": False,
        "seed": True,
        "guidance": False,
        "mask": True,
        "5 s": False,
        "10 s": False,
        "480p": True,
        "720p": True,
        "1080p": False,
        "expand": False,
    },
}
GIVEN: dict[str, dict[str, Any]] = {
    "audio": {"audio": SOUND},
    "negative_prompt": {"negative_prompt": "blur"},
    "seed": {"seed": 7},
    "guidance": {"guidance": 0.5},
    "mask": {"mask": media()},
    "5 s": {"duration_sec": 5},
    "10 s": {"duration_sec": 10},
    "480p": {"resolution": "480p"},
    "720p": {"resolution": "720p"},
    "1080p": {"resolution": "1080p"},
}


@pytest.mark.parametrize("model", MATRIX)
@pytest.mark.parametrize("feature", GIVEN)
def test_the_seeds_matrix_holds(model: str, feature: str) -> None:
    base: dict[str, Any] = {"prompt": "she turns", "operation": I2V}
    if model == TALK:
        base |= {"operation": AVATAR, "audio": SOUND}
    assert refused(model, ask(**base)) == []
    paths = refused(model, ask(**{**base, **GIVEN[feature]}))
    [field] = GIVEN[feature]
    assert paths == ([] if MATRIX[model][feature] else [field])


@pytest.mark.parametrize("model", MATRIX)
def test_prompt_expansion_is_a_permission_and_what_happens_is_known(model: str) -> None:
    found = find_model(model)
    assert found is not None
    assert expands_prompt(found, ask(prompt="x")) is MATRIX[model]["expand"]
    assert not expands_prompt(found, ask(prompt="x", enable_prompt_expansion=False))


def test_a_model_that_always_expands_cannot_be_forbidden_to() -> None:
    always = row(capabilities={"image": "required", "prompt_expansion": "required"})
    request = ask(enable_prompt_expansion=False)
    assert [each.path for each in refusals(always, request)] == ["enable_prompt_expansion"]


def test_image_and_sound_are_both_required_for_a_talking_avatar() -> None:
    assert refused(TALK, ask(AVATAR)) == ["audio"]
    assert refused(TALK, ask(AVATAR, image=None, audio=SOUND)) == ["image"]


def test_the_avatars_sound_may_last_ten_minutes() -> None:
    long = SOUND.model_copy(update={"duration_sec": 601.0})
    assert refused(TALK, ask(AVATAR, audio=long)) == ["audio"]


def test_wan_takes_3_to_30_seconds_of_sound_up_to_15_megabytes() -> None:
    for update in ({"duration_sec": 2.0}, {"duration_sec": 31.0}, {"size_bytes": 15_000_001}):
        sound = SOUND.model_copy(update=update)
        assert refused(WAN, ask(prompt="x", audio=sound)) == ["audio"]


def test_the_nearest_alternative_is_told() -> None:
    kling = find_model(KLING)
    assert kling is not None
    request = ask(prompt="x", duration_sec=7, resolution="1080p", guidance=3, seed=1)
    problems = {each.path: f"{each.message} {each.hint}" for each in refusals(kling, request)}
    assert "makes 5 or 10 s, not 7 s. Nearest: 5 s." in problems["duration_sec"]
    assert "makes 720p, not 1080p. Nearest: 720p." in problems["resolution"]
    assert "from 0 to 1, not 3. Nearest: 1." in problems["guidance"]
    assert "does not take a seed. Leave `seed` out. `wavespeed/wan-" in problems["seed"]


def test_a_prompt_that_will_be_written_later_may_be_missing_now() -> None:
    kling = find_model(KLING)
    assert kling is not None
    scene = ask(Operation.SCENE_ANIMATION)
    assert [each.path for each in refusals(kling, scene)] == ["prompt"]
    assert refusals(kling, scene, prompt_follows=True) == []


def test_limits_of_text_and_picture_are_checked() -> None:
    assert refused(KLING, ask(prompt="x" * 2501)) == ["prompt"]
    assert refused(KLING, ask(prompt="x", image=media("image/webp"))) == ["image"]
    assert refused(KLING, ask(prompt="x", image=media(size_bytes=10_000_001))) == ["image"]
    assert refused(KLING, ask(prompt="x", image=media(height=299))) == ["image"]
    assert refused("hailuo-2.3", ask(image=media(width=3000, height=1000))) == ["image"]


def test_mochi_takes_no_image_and_svd_no_prompt() -> None:
    mochi = find_model("mochi-1")
    assert mochi is not None
    assert not mochi.accepts_image
    assert refused("mochi-1", ask(prompt="x")) == ["operation", "image"]
    assert refused("stable-video-diffusion-xt-1.1", ask(prompt="x")) == ["prompt"]


def test_a_resolution_may_have_lengths_of_its_own() -> None:
    assert refused("hailuo-2.3", ask(duration_sec=10)) == []
    assert refused("hailuo-2.3", ask(duration_sec=10, resolution="1080p")) == ["duration_sec"]


def test_an_unknown_extra_is_refused_with_the_known_names() -> None:
    svd = find_model("stable-video-diffusion-xt-1.1")
    assert svd is not None
    [problem] = refusals(svd, ask(params={"motion_bucket": 127}))
    assert problem.path == "params.motion_bucket"
    assert "Did you mean `motion_bucket_id`?" in problem.hint
    assert refusals(svd, ask(params={"motion_bucket_id": 127})) == []


def test_lengths_that_nobody_knows_are_refused() -> None:
    unknown = row(capabilities={"image": "required"})
    [problem] = refusals(unknown, ask(duration_sec=5))
    assert "lengths that are not known" in problem.message


@given(st.floats(0.1, 700), st.sampled_from([each.id for each in load_catalog().models]))
def test_the_nearest_length_is_one_that_the_model_makes(seconds: float, model: str) -> None:
    found = find_model(model)
    assert found is not None
    can = found.capabilities
    near, covering = can.nearest_duration(seconds), can.covering_duration(seconds)
    assert near is None or can.makes_duration(near)
    assert covering is None or (can.makes_duration(covering) and covering >= seconds)


@given(
    model=st.sampled_from([each.id for each in load_catalog().models if each.operations]),
    words=st.text(max_size=12),
    number=st.floats(allow_nan=False, allow_infinity=False),
)
def test_no_request_breaks_the_check(model: str, words: str, number: float) -> None:
    request = ask(
        prompt=words,
        resolution=words,
        aspect=words,
        guidance=number,
        duration_sec=number,
        params={words: number},
    )
    for problem in refused(model, request):
        assert problem
