import json
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from shared.errors import ManifestInvalid, Problem
from shared.manifest import ParsedManifest, parse_manifest
from shared.manifest.v1 import MAX_KEYFRAMES, NOT_YET_AVAILABLE

SAMPLE = Path(__file__).with_name("blueprint_sample.json").read_bytes()


def parse(document: object, **folder: str) -> ParsedManifest:
    return parse_manifest(json.dumps(document).encode(), **folder)


def refused(document: object, **folder: str) -> dict[str, Problem]:
    with pytest.raises(ManifestInvalid) as caught:
        parse(document, **folder)
    return {problem.path: problem for problem in caught.value.problems}


def problems_of_item(**fields: Any) -> dict[str, Problem]:
    parsed = parse({"keyframes": [{"image_path": "a.png", **fields}]})
    [rejected] = parsed.rejected
    assert parsed.items == ()
    return {problem.path: problem for problem in rejected.problems}


def test_the_blueprints_manifest_is_valid_as_it_stands() -> None:
    parsed = parse_manifest(SAMPLE, folder_project="video_gen_001", folder_batch="20250704_143022")
    [item] = parsed.items
    assert parsed.rejected == ()
    assert (item.index, item.stem) == (0, "img_001")
    assert item.image_path == "__video_keyframes/img_001.png"
    assert item.asked.generation_params is not None
    assert item.asked.generation_params.seed == 42


@pytest.mark.parametrize(
    ("fields", "place", "message", "hint", "code"),
    [
        (
            {"motion": {"type": "zoom-inn"}},
            "motion.type",
            (
                "must be one of static, zoom_in, zoom_out, pan_left, pan_right, pan_up, "
                'pan_down, custom; it is "zoom-inn".'
            ),
            "Did you mean `zoom_in`?",
            "unknown_word",
        ),
        (
            {"motion": {"end_rec": [0, 0, 1, 1]}},
            "motion.end_rec",
            "is not a field of the manifest.",
            "Did you mean `end_rect`?",
            "unknown_field",
        ),
        (
            {"motion": {"end_rect": [0, 0, 640, 1]}},
            "motion.end_rect[2]",
            "must be at most 1; it is 640.",
            "Rectangles are fractions of the picture from 0 to 1, not pixels.",
            "out_of_range",
        ),
        (
            {"motion": {"end_rect": [0, 0, 1]}},
            "motion.end_rect",
            "must be four numbers, x1, y1, x2, y2; there are 3.",
            "The whole picture is [0, 0, 1, 1].",
            "rect_length",
        ),
        (
            {"motion": {"start_rect": [0.9, 0.1, 0.1, 0.8]}},
            "motion.start_rect",
            "x1 must be less than x2, and y1 less than y2; it is [0.9, 0.1, 0.1, 0.8].",
            "Did you mean [0.1, 0.1, 0.9, 0.8]?",
            "rect_inverted",
        ),
        (
            {"motion": {"start_rect": [0.5, 0, 0.5, 1]}},
            "motion.start_rect",
            "the rectangle is 0 wide; the least is 0.01.",
            "Make it larger.",
            "rect_too_small",
        ),
        (
            {"motion": {"start_rect": [0, 0.5, 1, 0.505]}},
            "motion.start_rect",
            "the rectangle is 0.005 high; the least is 0.01.",
            "Make it larger.",
            "rect_too_small",
        ),
        (
            {"motion": {"start_rect": [0, 0, 1, "1"]}},
            "motion.start_rect[3]",
            'must be a number; it is "1".',
            "Write it without quotes: 1.",
            "wrong_type",
        ),
        (
            {"motion": {"start_rect": [0, 0, True, 1]}},
            "motion.start_rect[2]",
            "must be a number; it is true.",
            "",
            "wrong_type",
        ),
        (
            {"motion": {"duration_sec": 90}},
            "motion.duration_sec",
            "must be at most 60; it is 90.",
            "",
            "out_of_range",
        ),
        (
            {"motion": {"duration_sec": 0.1}},
            "motion.duration_sec",
            "must be at least 0.2; it is 0.1.",
            "",
            "out_of_range",
        ),
        ({"motion": 3}, "motion", "must be an object; it is 3.", "", "wrong_type"),
        (
            {"generation_params": {"noise_aug_strenght": 0.02}},
            "generation_params.noise_aug_strenght",
            "is not a field of the manifest.",
            "Did you mean `noise_aug_strength`?",
            "unknown_field",
        ),
        (
            {"generation_params": {"motion_bucket_id": 256}},
            "generation_params.motion_bucket_id",
            "must be at most 255; it is 256.",
            "",
            "out_of_range",
        ),
        (
            {"generation_params": {"noise_aug_strength": 0.2}},
            "generation_params.noise_aug_strength",
            "must be at most 0.1; it is 0.2.",
            "",
            "out_of_range",
        ),
        (
            {"generation_params": {"seed": 2**32}},
            "generation_params.seed",
            "must be at most 4294967295; it is 4294967296.",
            "",
            "out_of_range",
        ),
        (
            {"finish": {"fps": 29}},
            "finish.fps",
            "must be one of 12, 15, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60; it is 29.",
            "The closest is 29.97.",
            "frame_rate",
        ),
        (
            {"finish": {"lut": "../look.cube"}},
            "finish.lut",
            "the path steps through `.` or `..`.",
            "Write the plain path below here.",
            "unsafe_key",
        ),
        (
            {"finish": {"aspect": "wide"}},
            "finish.aspect",
            'must be width:height; it is "wide".',
            'For example "16:9" or "9:16".',
            "aspect",
        ),
        (
            {"finish": {"codec": {"presett": "slow"}}},
            "finish.codec.presett",
            "is not a field of the manifest.",
            "Did you mean `preset`?",
            "unknown_field",
        ),
        (
            {"resolution": "1080"},
            "resolution",
            (
                "must be one of auto, 144p, 240p, 360p, 480p, 540p, 720p, 1080p, 1440p, 2160p; "
                'it is "1080".'
            ),
            "Did you mean `1080p`?",
            "unknown_word",
        ),
        ({"fps": 30}, "fps", "is not known here.", "It belongs in `finish`.", "unknown_field"),
        (
            {"seed": 3},
            "seed",
            "is not known here.",
            "It belongs in `generation_params`.",
            "unknown_field",
        ),
        (
            {"generation_params": {"guidance": 3}},
            "generation_params.guidance",
            "is not known here.",
            "It belongs in the clip's entry of `keyframes`, or in `defaults` for all clips.",
            "unknown_field",
        ),
        (
            {"generation_params": {"steps": 20}},
            "generation_params.steps",
            "is not a field of the manifest.",
            "Did you mean `num_inference_steps`?",
            "unknown_field",
        ),
        ({"route": []}, "route", "must have at least 1 entry.", "", "wrong_length"),
        (
            {"prompt": "x" * 4001},
            "prompt",
            "must not be longer than 4000 characters.",
            "",
            "wrong_length",
        ),
        (
            {"odd name": 1},
            '["odd name"]',
            "is not a field of the manifest.",
            "",
            "unknown_field",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_value_and_remedy(
    fields: dict[str, Any], place: str, message: str, hint: str, code: str
) -> None:
    [problem] = problems_of_item(**fields).values()
    dot = "" if place.startswith("[") else "."
    assert problem.path == f"keyframes[0]{dot}{place}"
    assert problem.message == message
    assert hint in problem.hint
    assert problem.code == code


@pytest.mark.parametrize(
    ("motion", "message", "hint"),
    [
        (("static", [0, 0, 0.5, 0.5], [0, 0, 0.6, 0.6]), "`static` does not move", "`custom`"),
        (("zoom_in", [0.3, 0.3, 0.7, 0.7], [0, 0, 1, 1]), "ends on a larger", "`zoom_out`"),
        (("zoom_out", [0, 0, 1, 1], [0.3, 0.3, 0.7, 0.7]), "ends on a smaller", "`zoom_in`"),
        (("pan_left", [0.5, 0, 1, 0.5], [0, 0, 0.6, 0.6]), "keeps its size", "use `custom`"),
    ],
)
def test_a_move_that_contradicts_itself_is_refused(
    motion: tuple[str, list[float], list[float]], message: str, hint: str
) -> None:
    fields = dict(zip(("type", "start_rect", "end_rect"), motion, strict=True))
    problem = problems_of_item(motion=fields)["keyframes[0].motion.end_rect"]
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize("block", NOT_YET_AVAILABLE)
def test_blocks_of_later_versions_are_refused_by_name(block: str) -> None:
    problem = problems_of_item(**{block: {}})[f"keyframes[0].{block}"]
    assert "is not available yet in this version." in problem.message
    assert problem.code == "not_available_yet"
    assert (
        refused({"defaults": {block: 1}, "keyframes": [{"image_path": "a.png"}]})[
            f"defaults.{block}"
        ].code
        == "not_available_yet"
    )


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("../a.png", "steps through"),
        ("s3://bucket/a.png", "address"),
        ("/a.png", "absolute"),
        ("x/__crop/a.png", "protected"),
        ("a.txt", "not a picture"),
        ("_a.png", "underscore"),
        ("a.poster.jpg", "may not be called"),
        ("a" * 220 + ".png", "longer than 200 bytes"),
    ],
)
def test_a_keyframes_path_must_be_a_plain_picture_below_the_manifest(path: str, part: str) -> None:
    [problem] = problems_of_item(image_path=path).values()
    assert problem.path == "keyframes[0].image_path"
    assert part in problem.message


def test_one_bad_keyframe_does_not_harm_the_others_and_tells_all_its_mistakes() -> None:
    bad = {"image": "b.png", "motion": {"type": "x", "easing": 3}, "finish": {"fps": 1}}
    parsed = parse({"keyframes": [{"image_path": "a.png"}, bad, 7, {}, {"keyframe": "c.png"}]})
    assert [item.stem for item in parsed.items] == ["a", "c"]
    assert [(each.index, each.stem, each.image_path) for each in parsed.rejected] == [
        (1, "b", "b.png"),
        (2, None, None),
        (3, None, None),
    ]
    assert {problem.path for problem in parsed.rejected[0].problems} == {
        "keyframes[1].motion.type",
        "keyframes[1].motion.easing",
        "keyframes[1].finish.fps",
    }
    assert parsed.rejected[1].problems[0].message == "must be an object in braces; it is 7."
    assert "is required" in parsed.rejected[2].problems[0].message


def test_aliases_say_the_same_as_canonical_names() -> None:
    flat = {
        "keyframe": "a.png",
        "motion_type": "zoom_in",
        "motion_intensity": 0.5,
        "start_frame": [0, 0, 1, 1],
        "end_crop": [0.2, 0.2, 0.8, 0.8],
        "duration_sec": 5,
    }
    nested = {
        "image_path": "a.png",
        "motion": {
            "type": "zoom_in",
            "intensity": 0.5,
            "start_rect": [0, 0, 1, 1],
            "end_rect": [0.2, 0.2, 0.8, 0.8],
            "duration_sec": 5,
        },
    }
    mixed = {"image": "a.png", "motion": {**nested["motion"], "motion_type": "zoom_in"}}  # type: ignore[dict-item]
    asked = [parse({"keyframes": [each]}).items[0].asked for each in (flat, nested, mixed)]
    assert asked[0] == asked[1] == asked[2]


def test_an_alias_that_contradicts_its_canonical_name_is_refused() -> None:
    problem = problems_of_item(motion={"type": "static"}, motion_type="zoom_in")
    assert problem["keyframes[0].motion_type"] == Problem(
        "keyframes[0].motion_type",
        'says "zoom_in", but `motion.type` says "static".',
        "Both mean `motion.type`: keep one of them.",
        "conflict",
    )


def test_problems_point_at_the_name_that_was_written() -> None:
    found = problems_of_item(start_frame=[0, 0, 2, 1], motion={"motion_intensity": 2})
    assert set(found) == {"keyframes[0].start_frame[2]", "keyframes[0].motion.motion_intensity"}


def test_null_says_the_same_as_leaving_out() -> None:
    parsed = parse(
        {
            "project_id": None,
            "defaults": None,
            "keyframes": [{"image_path": "a.png", "motion": None, "prompt": None, "route": None}],
        }
    )
    assert len(parsed.items) == 1


def test_stems_must_differ_whatever_case_folder_or_composition() -> None:
    names = ["é.png", f"x/{unicodedata.normalize('NFD', 'É')}.JPG", "b.png"]
    found = refused({"keyframes": [{"image_path": name} for name in names]})
    [(path, problem)] = found.items()
    assert path == "keyframes[1].image_path"
    assert '"é.png" in keyframes[0]' in problem.message
    assert "Rename one of them" in problem.hint


def test_a_rejected_path_claims_no_stem() -> None:
    parsed = parse({"keyframes": [{"image_path": "../a.png"}, {"image_path": "a.png"}]})
    assert [item.stem for item in parsed.items] == ["a"]


def test_all_items_may_be_rejected() -> None:
    parsed = parse({"keyframes": [{"image_path": "a.txt"}]})
    assert (len(parsed.items), len(parsed.rejected)) == (0, 1)


@pytest.mark.parametrize(
    ("document", "path", "part", "hint"),
    [
        ([], "", "must be an object in braces; it is []", 'Put the list into {"keyframes"'),
        (3, "", "must be an object in braces; it is 3", "Begin with `{`."),
        ({}, "keyframes", "is required", '"keyframes": [{"image_path"'),
        ({"keyframes": {}}, "keyframes", "must be a list; it is an object", "For example"),
        ({"keyframes": []}, "keyframes", "at least one entry", "For example"),
        ({"keyframes": [1] * (MAX_KEYFRAMES + 1)}, "keyframes", "10,001 entries", "Split"),
        ({"keyframe": [{}]}, "keyframe", "not a field", "Did you mean `keyframes`?"),
        ({"schema_version": "2"}, "schema_version", 'reads schema "1"', "leave it out"),
        ({"defaults": []}, "defaults", "must be an object; it is []", ""),
        ({"defaults": {"motoin": {}}}, "defaults.motoin", "not a field", "`motion`"),
        ({"defaults": {"image": "a.png"}}, "defaults.image", "not", ""),
        (
            {"defaults": {"type": "static", "motion_type": "custom"}},
            "defaults.motion_type",
            'says "custom", but `type` says "static"',
            "keep one",
        ),
        ({"project_id": "a/b"}, "project_id", "one folder's name", ""),
        ({"motion": {}}, "motion", "is not known here", "It belongs in"),
    ],
)
def test_what_is_wrong_with_the_document_refuses_it(
    document: object, path: str, part: str, hint: str
) -> None:
    problem = refused(document)[path]
    assert part in problem.message
    assert hint in problem.hint


def test_ids_may_repeat_the_folders_but_not_contradict_them() -> None:
    document = {"project_id": "é", "batch_id": "b", "keyframes": [{"image_path": "a.png"}]}
    folder = unicodedata.normalize("NFD", "é")
    parsed = parse(document, folder_project=folder, folder_batch="b")
    assert (parsed.project_id, parsed.batch_id) == (folder, "b")
    problem = refused(document, folder_project="other", folder_batch="B")
    assert set(problem) == {"project_id", "batch_id"}
    assert problem["project_id"].message == 'says "é", but the manifest was dropped into "other".'
    assert "Take the field out" in problem["project_id"].hint


def test_a_refused_document_tells_its_keyframes_mistakes_too() -> None:
    found = refused({"x": 1, "defaults": {"y": 1}, "keyframes": [{"image_path": "a.txt"}]})
    assert set(found) == {"x", "defaults.y", "keyframes[0].image_path"}


def test_the_error_names_the_file_and_counts_the_rest() -> None:
    with pytest.raises(ManifestInvalid, match=r"^drop\.json: y: is not a field .*\(and 1 more\)$"):
        parse_manifest(b'{"y": 1, "keyframes": []}', name="drop.json")


def test_problems_are_capped_and_the_rest_counted() -> None:
    with pytest.raises(ManifestInvalid) as caught:
        parse({f"field_{n}": 1 for n in range(300)})
    assert len(caught.value.problems) == 101
    assert caught.value.problems[-1].message == "and 201 more."


def test_a_keyframe_of_countless_mistakes_is_answered_quickly() -> None:
    params = {f"field_{n}": 1 for n in range(50_000)}
    started = time.monotonic()
    found = problems_of_item(generation_params=params, finish={"lut": "/" * 1_000_000})
    assert time.monotonic() - started < 5
    assert found[""].message == "and 49,901 more."


def test_long_values_are_cut_in_messages() -> None:
    found = problems_of_item(**{"motion": {"type": "x" * 10_000}, "k" * 10_000: 1})
    assert all(len(str(problem)) < 600 for problem in found.values())


def test_a_full_manifest_is_read_in_seconds() -> None:
    motion = {"type": "zoom_in", "start_rect": [0, 0, 1, 1], "end_rect": [0.1, 0.1, 0.9, 0.9]}
    items = [{"image_path": f"{n}.png", "motion": motion} for n in range(MAX_KEYFRAMES)]
    started = time.monotonic()
    assert len(parse({"keyframes": items}).items) == MAX_KEYFRAMES
    assert time.monotonic() - started < 20
