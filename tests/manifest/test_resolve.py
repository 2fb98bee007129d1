import json
from pathlib import Path
from typing import Any

import pytest

from shared.clip import ClipRequest, Easing, MotionType, Operation
from shared.errors import InvalidInput, Problem
from shared.manifest import parse_manifest, resolve_clip
from shared.motion.rect import Rect

SAMPLE = Path(__file__).with_name("blueprint_sample.json").read_bytes()
SVD = "stable-video-diffusion-xt-1.1"


def resolve(
    keyframe: dict[str, Any] | None = None,
    defaults: dict[str, Any] | None = None,
    **companions: object,
) -> ClipRequest:
    """Companions by extension: `motion={…}` is a.motion.json, `caption="…"` is a.caption."""
    item = {"image_path": "a.png", **(keyframe or {})}
    parsed = parse_manifest(json.dumps({"defaults": defaults, "keyframes": [item]}).encode())
    assert parsed.rejected == ()
    beside = {
        ("a.motion.json" if name == "motion" else f"a.{name}"): (
            content if isinstance(content, bytes) else json.dumps(content).encode()
        )
        for name, content in companions.items()
    }
    return resolve_clip(parsed.items[0], parsed.defaults, beside)


def refused(*arguments: Any, **companions: Any) -> dict[str, Problem]:
    with pytest.raises(InvalidInput) as caught:
        resolve(*arguments, **companions)
    return {problem.path: problem for problem in caught.value.problems}


def test_the_blueprints_clip() -> None:
    parsed = parse_manifest(SAMPLE)
    clip = resolve_clip(parsed.items[0], parsed.defaults, {})
    assert clip.stem == "img_001"
    assert clip.motion.type is MotionType.ZOOM_IN
    assert clip.motion.start_rect == Rect(0.1, 0.1, 0.9, 0.9)
    assert clip.motion.duration_sec == 6.0
    assert clip.motion.easing is Easing.EASE_IN_OUT
    assert clip.route == (SVD,)
    assert clip.operation is Operation.IMAGE_TO_VIDEO
    assert clip.finish.fps == 30
    assert clip.generation_params == {
        "model": "stable_video_diffusion_v1.1",
        "motion_bucket_id": 127,
        "fps": 30,
        "noise_aug_strength": 0.02,
        "seed": 42,
    }
    assert ClipRequest.model_validate_json(clip.model_dump_json()) == clip


def test_with_nothing_said_the_camera_stands() -> None:
    clip = resolve()
    assert clip == ClipRequest(
        stem="a", image_path="a.png", source=dict.fromkeys(clip.source, "built-in")
    )
    assert clip.motion.type is MotionType.STATIC
    assert set(clip.source) >= {"motion", "finish", "route", "prompt", "generation_params"}


def test_each_layer_beats_the_one_below_field_by_field() -> None:
    clip = resolve(
        {"motion": {"duration_sec": 3}},
        {
            "motion": {"type": "pan_up", "duration_sec": 1, "easing": "linear", "intensity": 0.1},
            "prompt": "from the defaults",
            "negative_prompt": "blur",
        },
        caption=b"\xef\xbb\xbf from the caption \n",
        motion={"motion": {"duration_sec": 2, "easing": "ease_in"}, "resolution": "720p"},
    )
    motion = clip.motion
    assert (motion.type, motion.intensity) == (MotionType.PAN_UP, 0.1)
    assert (motion.easing, motion.duration_sec) == (Easing.EASE_IN, 3)
    assert clip.prompt == "from the caption"
    assert clip.source == {
        "motion": "manifest, sidecar a.motion.json, defaults",
        "generation_params": "built-in",
        "operation": "built-in",
        "route": "built-in",
        "resolution": "sidecar a.motion.json",
        "finish": "built-in",
        "prompt": "caption a.caption",
        "negative_prompt": "defaults",
        "scoring": "built-in",
        "enable_prompt_expansion": "built-in",
        "guidance": "built-in",
        "audio": "built-in",
        "mask_image": "built-in",
        "last_frame": "built-in",
    }


def test_a_prompt_of_the_manifest_or_sidecar_beats_the_caption() -> None:
    assert resolve({"prompt": "mine"}, caption=b"caption").prompt == "mine"
    assert resolve(motion={"prompt": "side"}, caption=b"caption").prompt == "side"


def test_a_caption_beats_a_text_file_and_an_empty_one_says_nothing() -> None:
    assert resolve(caption=b"caption", txt=b"text").prompt == "caption"
    assert resolve(None, {"prompt": "default"}, caption=b" \n").prompt == "default"


def test_yaml_and_other_keyframes_companions_are_passed_over() -> None:
    parsed = parse_manifest(b'{"keyframes": [{"image_path": "a.png"}]}')
    others = {
        "a.yaml": b"prompt: x",
        "b.motion.json": b"not json",
        "a.b.caption": b"y",
        "a.mp4": b"",
    }
    clip = resolve_clip(parsed.items[0], parsed.defaults, others)
    assert clip.prompt is None


def test_a_sidecar_may_be_a_flat_descriptor_as_the_seed_has_it() -> None:
    clip = resolve(
        motion={
            "keyframe": "C:\\Users\\me\\A.png",
            "motion_type": "zoom_in",
            "motion_intensity": 0.4,
            "start_frame": [0, 0, 1, 1],
            "end_frame": [0.1, 0.1, 0.9, 0.9],
            "duration_sec": 6.0,
        }
    )
    assert clip.motion.end_rect == Rect(0.1, 0.1, 0.9, 0.9)
    assert clip.motion.intensity == 0.4
    assert clip.source["motion"] == "sidecar a.motion.json"


def test_companions_may_be_given_by_key() -> None:
    parsed = parse_manifest(b'{"keyframes": [{"image_path": "x/a.png"}]}')
    clip = resolve_clip(parsed.items[0], parsed.defaults, {"p/b/x/a.caption": b"hello"})
    assert (clip.prompt, clip.source["prompt"]) == ("hello", "caption a.caption")


@pytest.mark.parametrize(
    ("content", "path", "part"),
    [
        ({"motion": {"typ": "static"}}, "a.motion.json: motion.typ", "not a field"),
        ({"start_frame": [0, 0, 2, 1]}, "a.motion.json: start_frame[2]", "at most 1"),
        ({"keyframe": "/x/b.png"}, "a.motion.json: keyframe", 'was made for "b.png", not "a.png"'),
        ({"type": "static", "motion_type": "custom"}, "a.motion.json: motion_type", "says"),
        ([], "a.motion.json", "must be an object"),
        (b"{", "a.motion.json: line 1, column 2", "this is not JSON"),
        (b"[" * 99, "a.motion.json", "nested more than"),
    ],
)
def test_a_bad_sidecar_is_told_by_its_name(content: object, path: str, part: str) -> None:
    assert part in refused(motion=content)[path].message


def test_all_bad_companions_are_told() -> None:
    found = refused(motion=[], caption=b"\xff", txt=b"x" * 5000)
    assert set(found) == {"a.motion.json", "a.caption", "a.txt"}
    assert "not UTF-8" in found["a.caption"].message
    assert "5,000 characters" in found["a.txt"].message


def test_another_type_of_move_drops_the_rectangles_below() -> None:
    zoom = {"type": "zoom_in", "start_rect": [0, 0, 1, 1], "end_rect": [0.2, 0.2, 0.8, 0.8]}
    clip = resolve({"motion": {"type": "pan_left"}}, {"motion": {**zoom, "duration_sec": 7}})
    assert (clip.motion.start_rect, clip.motion.end_rect) == (None, None)
    assert clip.motion.duration_sec == 7
    assert resolve({"motion": {"type": "zoom_in"}}, {"motion": zoom}).motion.end_rect is not None


def test_two_rectangles_without_a_type_are_a_custom_move() -> None:
    moving = {"start_rect": [0, 0, 0.5, 0.5], "end_rect": [0.4, 0.4, 0.8, 0.8]}
    still = {"start_rect": [0, 0, 0.5, 0.5], "end_rect": [0, 0, 0.5, 0.5]}
    assert resolve({"motion": moving}).motion.type is MotionType.CUSTOM
    assert resolve({"motion": still}).motion.type is MotionType.STATIC
    assert resolve({"start_rect": [0, 0, 0.5, 0.5]}).motion.type is MotionType.STATIC


def test_layers_that_contradict_each_other_are_refused() -> None:
    found = refused(
        {"motion": {"end_rect": [0, 0, 1, 1]}},
        {"motion": {"type": "zoom_in"}},
        motion={"motion": {"start_rect": [0.2, 0.2, 0.8, 0.8]}},
    )
    assert "ends on a larger rectangle" in found["keyframes[0].motion.end_rect"].message
    params = {"min_guidance_scale": 3, "max_guidance_scale": 1}
    assert "keyframes[0].generation_params.min_guidance_scale" in refused(
        {"generation_params": params}
    )


def test_rate_control_that_needs_a_bitrate_asks_for_it() -> None:
    codec: dict[str, Any] = {"rate_control": "average"}
    assert "keyframes[0].finish.codec.bitrate_kbps" in refused({"finish": {"codec": codec}})
    both = resolve({"finish": {"codec": codec}}, {"finish": {"codec": {"bitrate_kbps": 8000}}})
    assert both.finish.codec.bitrate_kbps == 8000


@pytest.mark.parametrize(
    ("keyframe", "defaults", "fps"),
    [
        ({"generation_params": {"fps": 24}}, {}, 24),
        ({"generation_params": {"fps": 24}, "finish": {"fps": 60}}, {}, 60),
        ({"generation_params": {"fps": 24}}, {"finish": {"fps": 60}}, 24),
        ({}, {"generation_params": {"fps": 25}}, 25),
    ],
)
def test_the_models_fps_is_the_output_fps_where_none_is_given(
    keyframe: dict[str, Any], defaults: dict[str, Any], fps: float
) -> None:
    assert resolve(keyframe, defaults).finish.fps == fps


@pytest.mark.parametrize(
    ("keyframe", "defaults", "route", "operation"),
    [
        ({}, {}, ("camera_move",), "camera_move"),
        ({"route": "camera_only"}, {}, ("camera_move",), "camera_move"),
        ({"generation_params": {"model": SVD.upper()}}, {}, (SVD,), "image_to_video"),
        ({"generation_params": {"model": "camera_move"}}, {"route": SVD}, ("camera_move",), None),
        ({"route": [SVD, "camera_move"]}, {}, (SVD, "camera_move"), "image_to_video"),
        ({"generation_params": {"model": "unheard-of"}}, {}, ("unheard-of",), "image_to_video"),
    ],
)
def test_route_and_operation_follow_from_what_is_said(
    keyframe: dict[str, Any], defaults: dict[str, Any], route: tuple[str, ...], operation: str
) -> None:
    clip = resolve(keyframe, defaults)
    assert clip.route == route
    assert clip.operation == (operation or "camera_move")


def test_an_operation_that_no_model_of_the_route_does_is_refused() -> None:
    problem = refused({"operation": "talking_avatar", "route": "camera_move"})[
        "keyframes[0].operation"
    ]
    assert "no model of the route (`camera_move`) makes" in problem.message
    assert "`camera_move`" in problem.hint


@pytest.mark.parametrize(
    ("said", "default_route", "route", "operation", "whose"),
    [
        ({}, (), ("camera_move",), "camera_move", "built-in"),
        ({}, ("min_cost",), ("min_cost",), "image_to_video", "project"),
        ({}, ("camera_move",), ("camera_move",), "camera_move", "project"),
        ({"operation": "image_to_video"}, (), ("hybrid",), "image_to_video", "built-in"),
        ({"operation": "image_to_video"}, (SVD,), (SVD,), "image_to_video", "project"),
        ({"operation": "camera_move"}, (SVD,), ("camera_move",), "camera_move", "built-in"),
        ({"route": "min_cost"}, (SVD,), ("min_cost",), "image_to_video", "manifest"),
        (
            {"generation_params": {"model": SVD}},
            ("min_cost",),
            (SVD,),
            "image_to_video",
            "manifest",
        ),
    ],
)
def test_whose_route_it_is(
    said: dict[str, Any],
    default_route: tuple[str, ...],
    route: tuple[str, ...],
    operation: str,
    whose: str,
) -> None:
    keyframe = {"image_path": "a.png", **said}
    parsed = parse_manifest(json.dumps({"keyframes": [keyframe]}).encode())
    clip = resolve_clip(parsed.items[0], parsed.defaults, {}, default_route)
    assert (clip.route, clip.operation.value) == (route, operation)
    assert clip.source["route"] == whose


def test_what_the_projects_default_cannot_make_is_refused() -> None:
    keyframe = {"image_path": "a.png", "operation": "talking_avatar"}
    parsed = parse_manifest(json.dumps({"keyframes": [keyframe]}).encode())
    with pytest.raises(InvalidInput, match="which no model of the route"):
        resolve_clip(parsed.items[0], parsed.defaults, {}, ("camera_move",))
