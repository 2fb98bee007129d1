"""Whatever is dropped, the answer is a clip or an error of ours."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clip import ClipRequest
from shared.errors import DropreelError, InvalidInput
from shared.manifest import guard_key, parse_manifest, read_json, resolve_clip
from shared.manifest.aliases import (
    CLIP_ALIASES,
    FLAT_MOTION,
    KEYFRAME_ALIASES,
    SCENE_ALIASES,
)
from shared.manifest.names import find_companion_keys, is_image, is_manifest, stem_of
from shared.manifest.reference import EXAMPLES
from shared.manifest.v1 import ClipSettings, Finish, GenerationParams, Head, Keyframe, Scene

SAMPLE = json.loads(Path(__file__).with_name("blueprint_sample.json").read_text())
VALID = [SAMPLE, *EXAMPLES.values()]

NAMES = sorted(
    {*Head.model_fields, *ClipSettings.model_fields, *Finish.model_fields, *FLAT_MOTION}
    | {*GenerationParams.model_fields, *KEYFRAME_ALIASES, "keyframes"}
    | {*Keyframe.model_fields, *Scene.model_fields, *CLIP_ALIASES, *SCENE_ALIASES}
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["zoom_in", "static", "a.png", "camera_move", "../x.png", "1080p", "{x}"])
    | st.sampled_from(["text_to_video", "talking_avatar", "scene_animation", "voice.wav"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=12,
)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return [here]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [here, *(p for key, each in inner for p in places(each, (*here, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid manifest with a few values replaced, dropped or added."""
    document = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from([p for p in places(document) if p] or [("keyframes",)]))
        block = document
        for part in way:
            block = block[part]
        action = draw(st.sampled_from(["replace", "drop", "add"]))
        if action == "drop" and (isinstance(block, list) or last in block):
            del block[last]
        elif action == "add" and isinstance(block, dict):
            block[draw(st.sampled_from(NAMES))] = draw(values)
        else:
            block[last] = draw(values)
    return json.dumps(document).encode()


def answer(data: bytes, sidecar: bytes = b"{}") -> None:
    try:
        parsed = parse_manifest(data, folder_project="video_gen_001")
    except DropreelError as error:
        check_problems(error)
        return
    for rejected in parsed.rejected:
        assert rejected.problems
    for item in parsed.items:
        beside = {f"{item.stem}.motion.json": sidecar, f"{item.stem}.caption": sidecar}
        try:
            clip = resolve_clip(item, parsed.defaults, beside)
        except InvalidInput as error:
            check_problems(error)
        else:
            assert ClipRequest.model_validate_json(clip.model_dump_json()) == clip


def check_problems(error: DropreelError) -> None:
    assert 0 < len(error.problems) <= 101
    for problem in error.problems:
        assert problem.message
        assert len(str(problem)) < 1500
        str(problem).encode("utf-8")


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_arbitrary_bytes(data: bytes) -> None:
    answer(data, data)


@settings(max_examples=150)
@given(values)
def test_arbitrary_json(value: Any) -> None:
    data = json.dumps(value).encode()
    answer(data, data)


@settings(max_examples=150)
@given(st.text(alphabet="{}[]\",:\\ntrue1eE+-.Nai/#'\u00e9\ud800 ", max_size=40))
def test_text_that_is_nearly_json(text: str) -> None:
    try:
        value = read_json(text.encode("utf-8", "surrogatepass"))
    except DropreelError as error:
        check_problems(error)
    else:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")


@settings(max_examples=300)
@given(mutated(), values)
def test_mutated_manifests_and_sidecars(data: bytes, sidecar: Any) -> None:
    answer(data, json.dumps(sidecar).encode())


@settings(max_examples=200)
@given(st.text(max_size=40))
def test_arbitrary_names(name: str) -> None:
    is_manifest(name)
    is_image(name)
    stem_of(name)
    find_companion_keys(name, [name, f"{name}.yaml"])
    try:
        safe = guard_key(name)
    except InvalidInput as error:
        check_problems(error)
    else:
        assert safe == name
        assert ".." not in safe.split("/")
        assert not safe.startswith("/")
