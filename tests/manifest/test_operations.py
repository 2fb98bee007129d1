"""What each kind of clip may say, and what it must (seeds C14–C33, X-23)."""

from typing import Any

import pytest

from shared.clip import ClipRequest, Operation, SceneWords
from shared.errors import InvalidInput
from shared.manifest import parse_manifest, resolve_clip
from shared.manifest.mend import mend_manifest
from tests.manifest.test_parse import parse, refused

AVATAR = {
    "image_path": "a.png",
    "operation": "talking_avatar",
    "route": "infinitetalk",
    "audio": "voice.wav",
}
SCENE = {"image_path": "a.png", "operation": "scene_animation", "route": "kling-2.5"}


def resolve(
    entry: dict[str, Any], defaults: dict[str, Any] | None = None, **beside: bytes
) -> ClipRequest:
    parsed = parse({"keyframes": [entry], "defaults": defaults or {}})
    assert not parsed.rejected, parsed.rejected[0].problems
    files = {f"{parsed.items[0].stem}.{ending}": data for ending, data in beside.items()}
    return resolve_clip(parsed.items[0], parsed.defaults, files)


def problems(
    entry: dict[str, Any], defaults: dict[str, Any] | None = None, **beside: bytes
) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        resolve(entry, defaults, **beside)
    return {each.path: f"{each.message} {each.hint}" for each in caught.value.problems}


def rejected(**entry: Any) -> dict[str, str]:
    parsed = parse({"keyframes": [entry, {"image_path": "other.png"}]})
    assert len(parsed.items) == 1, "only the faulty entry is rejected"
    return {each.path: f"{each.message} {each.hint}" for each in parsed.rejected[0].problems}


def test_files_beside_the_manifest_are_named_by_path() -> None:
    clip = resolve({**AVATAR, "mask_image": "m/face.png", "last_frame": "end.jpg"})
    assert clip.files == {"audio": "voice.wav", "mask_image": "m/face.png", "last_frame": "end.jpg"}


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("audio", "voice.png", "is not a sound by its name"),
        ("audio", "../voice.wav", "steps through"),
        ("audio", "_voice.wav", "is not a sound"),
        ("mask_image", "mask.wav", "is not a picture"),
        ("last_frame", "https://x.example/a.png", "an address is not a file name"),
        ("last_frame", "a.poster.jpg", "may not be called"),
        ("enable_prompt_expansion", "yes", "must be true or false"),
        ("guidance", 51, "at most 50"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(field: str, value: Any, part: str) -> None:
    found = rejected(image_path="a.png", **{field: value})
    assert part in found[f"keyframes[0].{field}"]


def test_a_scene_is_merged_field_by_field_over_the_story_of_all() -> None:
    clip = resolve({**SCENE, "prompt": {"scene": "dusk"}}, {"prompt": {"story": "two keepers"}})
    assert clip.scene == SceneWords(scene="dusk", story="two keepers")
    assert clip.prompt is None
    assert clip.source["prompt"] == "manifest, defaults"


def test_a_text_takes_the_place_of_a_scene_and_a_scene_that_of_a_text() -> None:
    text = resolve({**SCENE, "prompt": "dusk"}, {"prompt": {"story": "two keepers"}})
    assert (text.prompt, text.scene) == ("dusk", None)
    scene = resolve({**SCENE, "prompt": {"scene": "dusk"}}, {"prompt": "rain"})
    assert (scene.prompt, scene.scene) == (None, SceneWords(scene="dusk"))
    assert scene.source["prompt"] == "manifest"


def test_a_scene_without_anything_to_see_is_refused() -> None:
    found = problems({**SCENE, "prompt": {"style": "35 mm", "scene": "  "}})
    assert "is required" in found["keyframes[0].prompt.scene"]


def test_mistakes_in_a_scene_are_told_where_they_were_made() -> None:
    found = rejected(image_path="a.png", prompt={"scene": 3, "storry": "x"})
    assert "must be a text" in found["keyframes[0].prompt.scene"]
    assert "Did you mean `story`?" in found["keyframes[0].prompt.storry"]
    found = rejected(image_path="a.png", story="two keepers")
    assert "It belongs in `prompt`." in found["keyframes[0].story"]
    assert "must be a text" in rejected(image_path="a.png", prompt=["x"])["keyframes[0].prompt"]


def test_the_seeds_words_are_taken_for_ours() -> None:
    clip = resolve(
        {
            "image": "a.png",
            "operation_type": "scene_animation",
            "route": "kling-2.5",
            "guidance_scale": 0.7,
            "prompt_expansion": False,
            "prompt": {"scene_data": "dusk", "story_context": "two keepers"},
            "mask": "m.png",
            "end_image": "e.png",
        }
    )
    assert clip.operation is Operation.SCENE_ANIMATION
    assert (clip.guidance, clip.enable_prompt_expansion) == (0.7, False)
    assert clip.scene == SceneWords(scene="dusk", story="two keepers")
    assert clip.files == {"mask_image": "m.png", "last_frame": "e.png"}
    found = rejected(image_path="a.png", guidance=0.2, cfg_scale=0.3)
    assert "`guidance` says 0.2" in found["keyframes[0].cfg_scale"]


def test_scene_guidance_lies_between_0_and_1_and_other_models_have_their_own_scale() -> None:
    assert "from 0 to 1" in problems({**SCENE, "guidance": 1.5})["keyframes[0].guidance"]
    assert resolve({**SCENE, "operation": "image_to_video", "guidance": 1.5}).guidance == 1.5


def test_a_talking_avatar_needs_its_sound_and_is_as_long_as_that() -> None:
    silent = {name: value for name, value in AVATAR.items() if name != "audio"}
    assert "is required" in problems(silent)["keyframes[0].audio"]
    own = {**AVATAR, "motion": {"duration_sec": 5}}
    assert "as long as its sound" in problems(own)["keyframes[0].motion.duration_sec"]
    assert "as long as its sound" in " ".join(
        problems(AVATAR, None, **{"motion.json": b'{"duration_sec": 5}'}).values()
    )
    shared = resolve(AVATAR, {"motion": {"duration_sec": 5, "easing": "linear"}})
    assert shared.motion.easing == "linear"


def test_a_clip_made_from_words_has_a_name_instead_of_a_keyframe() -> None:
    clip = resolve({"name": "opening", "route": "veo-3.1-fast"}, None, caption=b"A storm.")
    assert (clip.stem, clip.image_path) == ("opening", "")
    assert (clip.operation, clip.prompt) == (Operation.TEXT_TO_VIDEO, "A storm.")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("a/b", "without folders"),
        ("opening.png", "Leave the extension out"),
        ("_x", "may not be called"),
        ("contact_sheet", "may not be called"),
        ("x.poster", "may not be called"),
        ("manifest.json", "may not be called"),
        ("CANCEL", "may not be called"),
        ("a\u202eb", "control characters"),
        ("n" * 201, "longer than 200 bytes"),
        ("", "is empty"),
    ],
)
def test_names_that_no_clip_may_have(name: str, part: str) -> None:
    assert part in rejected(name=name, route="veo-3.1")["keyframes[0].name"]


def test_an_entry_names_its_keyframe_or_its_clip() -> None:
    assert (
        "for clips without a keyframe"
        in rejected(image_path="a.png", name="b")["keyframes[0].name"]
    )
    assert "has a `name` instead" in rejected(prompt="x")["keyframes[0].image_path"]
    assert set(rejected(prompt=3)) == {"keyframes[0].prompt", "keyframes[0].image_path"}
    assert "is required for `image_to_video`" in " ".join(
        problems({"name": "x", "operation": "image_to_video", "route": "kling-2.5"}).values()
    )
    words = {"image_path": "a.png", "operation": "text_to_video", "route": "veo-3.1"}
    assert "Write `name` instead" in problems(words)["keyframes[0].operation"]


def test_clips_of_one_name_are_refused_with_and_without_a_keyframe() -> None:
    found = refused({"keyframes": [{"image_path": "a.png"}, {"name": "A", "route": "veo-3.1"}]})
    assert "a clip of the same name" in found["keyframes[1].name"].message


def test_a_misspelt_field_is_mended_where_that_is_sure() -> None:
    mended = mend_manifest(
        b'{"keyframes": [{"image_path": "a.png", "mask_imag": "m.png", "story": "x"}]}'
    )
    assert mended is not None
    parsed = parse_manifest(mended.text.encode())
    assert not mended.left
    assert parsed.items[0].asked.mask_image == "m.png"
