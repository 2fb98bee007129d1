"""The corrected manifest: sure remedies only, nothing made worse, everything told."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ManifestInvalid
from shared.manifest import parse_manifest
from shared.manifest.mend import mend_manifest
from shared.manifest.mended import Mended
from shared.manifest.reading import read_json
from shared.manifest.reference import EXAMPLES
from shared.manifest.tree import read_tree, write_tree
from tests.manifest.test_fuzz import mutated

SAMPLE = Path(__file__).with_name("blueprint_sample.json").read_bytes()


def problems_of(data: bytes) -> list[tuple[str, str]]:
    try:
        parsed = parse_manifest(data)
    except ManifestInvalid as error:
        return [(problem.path, problem.code) for problem in error.problems]
    return [(each.path, each.code) for item in parsed.rejected for each in item.problems]


def mend(document: object, **more: Any) -> Mended | None:
    return mend_manifest(json.dumps(document).encode(), **more)


def entry_of(fields: dict[str, Any], **more: Any) -> Any:
    """The entry as it was mended; None where it was left as it is."""
    mended = mend({"keyframes": [{"image_path": "a.png", **fields}]}, **more)
    if mended is None:
        return None
    assert mended.left == ()
    return {k: v for k, v in json.loads(mended.text)["keyframes"][0].items() if k != "image_path"}


@pytest.mark.parametrize(
    "data", [SAMPLE, *(json.dumps(each).encode() for each in EXAMPLES.values())]
)
def test_a_sound_manifest_has_no_correction(data: bytes) -> None:
    assert mend_manifest(data) is None


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"motoin": {"type": "static"}}, {"motion": {"type": "static"}}),
        ({"motion": {"duration": 4.0}}, {"motion": {"duration_sec": 4.0}}),
        ({"motion": {"start_frmae": [0, 0, 1, 1]}}, {"motion": {"start_frame": [0, 0, 1, 1]}}),
        ({"motion": {"type": "Zoom-In"}}, {"motion": {"type": "zoom_in"}}),
        ({"motion_type": "zoom_inn"}, {"motion_type": "zoom_in"}),
        ({"resolution": 1080}, {"resolution": "1080p"}),
        ({"resolution": "720"}, {"resolution": "720p"}),
        ({"motion": {"duration_sec": "6.0"}}, {"motion": {"duration_sec": 6.0}}),
        ({"generation_params": {"seed": 42.0}}, {"generation_params": {"seed": 42}}),
        ({"seed": 42}, {"generation_params": {"seed": 42}}),
        ({"motion": {"fps": 24}}, {"motion": {}, "finish": {"fps": 24}}),
        (
            {"motion": {"end_rect": [0.9, 0.1, 0.1, 0.8]}},
            {"motion": {"end_rect": [0.1, 0.1, 0.9, 0.8]}},
        ),
        (
            {"motion": {"end_rect": [0.1, 0.1, 1.05, 0.95]}},
            {"motion": {"end_rect": [0.05, 0.1, 1, 0.95]}},
        ),
        (
            {"motion": {"end_rect": ["0.9", "0.1", -0.1, 0.8]}},
            {"motion": {"end_rect": [0, 0.1, 1, 0.8]}},
        ),
        ({"duration_sec": 4, "motion": {"duration_sec": "4.0"}}, {"duration_sec": 4, "motion": {}}),
        (
            {"motoin": {"tpye": "zoom_inn", "start_rec": [0.9, 0, "0.1", 1]}},
            {"motion": {"type": "zoom_in", "start_rect": [0.1, 0, 0.9, 1]}},
        ),
    ],
)
def test_a_fault_with_one_sure_remedy_is_mended(
    wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    assert entry_of(wrong) == right


@pytest.mark.parametrize(
    "wrong",
    [
        {"motion": {"type": "zoom"}},  # in or out?
        {"motion": {"type": "zoom_on"}},
        {"resolution": "180p"},  # digits are no slips
        {"generation_params": {"guidance_scale": 3}},  # min or max?
        {"motion": {"duration_sec": 90}},
        {"motion": {"duration_sec": "6 s"}},
        {"finish": {"fps": 29}},
        {"motion": {"end_rect": [0, 0, 640, 360]}},  # pixels
        {"motion": {"end_rect": [0.5, 0, 0.5, 1]}},
        {
            "motion": {
                "type": "zoom_in",
                "start_rect": [0.3, 0.3, 0.7, 0.7],
                "end_rect": [0, 0, 1, 1],
            }
        },
        {"motion": {"type": "static"}, "motion_type": "zoom_in"},
        {"seed": 1, "generation_params": {"seed": 2}},
        {"finish": {"crf": 20, "codec": {"crf": 21}}},
        {"motoin": {"type": "static"}, "motion": {"type": "custom"}},
        {"duration": "4 s"},  # its name would be sure, its value is not
        {"audio": {}},
        {"image_path": "../a.png"},
        {"image_path": "a.txt"},
    ],
)
def test_what_needs_a_person_is_left_as_it_is(wrong: dict[str, Any]) -> None:
    assert mend({"keyframes": [{"image_path": "a.png", **wrong}]}) is None


def test_a_folder_that_the_manifest_contradicts_is_for_a_person_to_say() -> None:
    document = {"project_id": "film", "keyframes": [{"image_path": "a.png"}]}
    assert mend(document, folder_project="other") is None


@pytest.mark.parametrize(
    ("path", "plain"),
    [("frames\\a.png", "frames/a.png"), ("./a.png", "a.png"), ("x//a.png", "x/a.png")],
)
def test_a_path_gets_its_plain_form(path: str, plain: str) -> None:
    mended = mend({"keyframes": [{"image_path": path}]})
    assert mended is not None
    assert json.loads(mended.text) == {"keyframes": [{"image_path": plain}]}


def test_a_plain_form_that_another_keyframe_has_is_not_taken() -> None:
    assert mend({"keyframes": [{"image_path": "x\\a.png"}, {"image_path": "a.png"}]}) is None


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ([{"image_path": "a.png"}], {"keyframes": [{"image_path": "a.png"}]}),
        ({"keyframe": [{"image": "a.png"}]}, {"keyframes": [{"image": "a.png"}]}),
        ({"keyframes": ["a.png"]}, {"keyframes": [{"image_path": "a.png"}]}),
        (
            {"batchid": "b", "schema_version": 1.0, "keyframes": [{"image": "a.png"}]},
            {"batch_id": "b", "schema_version": "1", "keyframes": [{"image": "a.png"}]},
        ),
        (
            {"defaults": {"easing": "ease in out", "fps": 24}, "keyframes": [{"image": "a.png"}]},
            {
                "defaults": {"easing": "ease_in_out", "finish": {"fps": 24}},
                "keyframes": [{"image": "a.png"}],
            },
        ),
    ],
)
def test_the_document_around_the_keyframes_is_mended_too(wrong: object, right: object) -> None:
    mended = mend(wrong)
    assert mended is not None
    assert json.loads(mended.text) == right
    assert mended.left == ()


def test_slips_of_writing_are_repaired_and_told_with_their_lines() -> None:
    mended = mend_manifest(
        b"""{
  // the first try
  'keyframes': [
    {"image_path": "it's /* no comment.png", /* a
      longer one */ "prompt": None},
    {"image_path": "b, ] .png",},
  ],
}"""
    )
    assert mended is not None
    assert mended.left == ()
    assert json.loads(mended.text) == {
        "keyframes": [
            {"image_path": "it's /* no comment.png", "prompt": None},
            {"image_path": "b, ] .png"},
        ],
    }
    assert [str(change).partition(";")[0].partition(" was")[0] for change in mended.changes] == [
        "lines 2, 4: a comment",
        "line 3: single quotes became double quotes",
        "line 5: `True`, `False` or `None` became JSON's own word",
        "lines 6, 7: the comma before a closing bracket",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"keyframes:\n  - a.png\n",
        b'{"keyframes": [{"image_path": "a.png"}',
        b'{"keyframes": [{"image_path": "a.png" "prompt": "x"}]}',
        b'{"keyframes": [{"image_path": "a.png"}]} /* open',
        b'{"keyframes": [{"image_path": "a.png',
        b"{'keyframes': [{'prompt': 'say \"x\"', 'image_path': 'a.png'}]}",
        b'{"keyframes": [{"image_path": "a.png", "motion": {"intensity": NaN}}]}',
        b'{"keyframes": [{"image_path": "a.png", "image_path": "b.png"}]}',
        b'{"keyframes": [{"image_path": "\xff.png"}]}',
        b"[" * 1000,
    ],
)
def test_text_that_can_be_read_in_two_ways_is_left(data: bytes) -> None:
    assert mend_manifest(data) is None


def test_a_field_given_twice_with_one_value_stands_once() -> None:
    mended = mend_manifest(b'{"keyframes": [{"image": "a.png", "prompt": "x", "image": "a.png"}]}')
    assert mended is not None
    assert mended.text.count("a.png") == 1
    assert [str(change) for change in mended.changes] == [
        "keyframes[0].image: stands once now (it was given twice)"
    ]


def test_a_file_saved_as_utf_16_is_read() -> None:
    mended = mend_manifest('{"keyframes": [{"image_path": "é.png"}]}'.encode("utf-16"))
    assert mended is not None
    assert json.loads(mended.text) == {"keyframes": [{"image_path": "é.png"}]}


def test_order_and_digits_stay_the_creators_own() -> None:
    mended = mend_manifest(
        b'{"keyframes":[{"motion":{"end_rect":[0.90,0.1,1e-1,0.80],"duration_sec":6.000},'
        b'"image_path":"a.png"}],"project_id":"p"}'
    )
    assert mended is not None
    assert mended.text == (
        '{\n  "keyframes": [\n    {\n      "motion": {\n'
        '        "end_rect": [1e-1, 0.1, 0.90, 0.80],\n        "duration_sec": 6.000\n      },\n'
        '      "image_path": "a.png"\n    }\n  ],\n  "project_id": "p"\n}\n'
    )


def test_what_was_changed_and_what_is_left_is_told_at_its_place() -> None:
    mended = mend(
        {
            "keyframes": [
                {"image_path": "a.png"},
                {"image_path": "b.png", "motion": {"type": "zoom_inn"}, "finish": {"fps": 29}},
            ]
        }
    )
    assert mended is not None
    assert [str(change) for change in mended.changes] == [
        (
            'keyframes[1].motion.type: is now "zoom_in"; it was "zoom_inn" '
            "(the only known word like it)"
        )
    ]
    assert [problem.path for problem in mended.left] == ["keyframes[1].finish.fps"]
    assert list(mended.parts) == ["keyframes[1]"]


@pytest.mark.parametrize(
    ("written", "there", "meant"),
    [
        ("a.png", ["a.jpg", "b.png", "a.txt"], "a.jpg"),
        ("résumé.png", ["resume.png"], "resume.png"),
        ("x/a.png", ["x/a.webp", "a.webp"], "x/a.webp"),
        ("a.png", ["A.PNG"], None),  # is found as it is
        ("a.png", ["a.jpg", "a.webp"], None),
        ("a.png", ["b.jpg"], None),
        ("a.png", ["x/a.png"], None),
        ("a.png", [], None),
    ],
)
def test_a_missing_file_is_the_only_one_alike(
    written: str, there: list[str], meant: str | None
) -> None:
    mended = mend({"keyframes": [{"image_path": written}]}, listing=there)
    assert (json.loads(mended.text)["keyframes"][0]["image_path"] if mended else None) == meant


def test_no_file_is_looked_for_where_nobody_listed_them() -> None:
    assert mend({"keyframes": [{"image_path": "a.png"}]}) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"motion": {"duration_sec": 6.3}}),
        ({"duration_sec": 2}, {"duration_sec": 6.3}),
        ({"motion_type": "custom"}, {"motion_type": "custom", "duration_sec": 6.3}),
        ({"motion": {"duration_sec": 2.0}}, {"motion": {"duration_sec": 6.3}}),
        ({"motion": {"type": "static"}}, {"motion": {"type": "static", "duration_sec": 6.3}}),
        ({"motion": {"duration_sec": 6.30}}, None),
    ],
)
def test_a_move_that_passes_is_written_where_the_move_was(
    fields: dict[str, Any], expected: object
) -> None:
    assert entry_of(fields, moves={0: {"duration_sec": 6.3}}) == expected


def test_a_move_replaces_rectangles_by_the_names_they_have() -> None:
    move = {"start_rect": [0, 0, 1, 0.75], "end_rect": [0.1, 0.1, 0.8, 0.625]}
    wrong = {"motion": {"start_crop": [0, 0, 1, 1]}, "end_frame": [0.1, 0.1, 0.9, 0.9]}
    right = {"motion": {"start_crop": [0, 0, 1, 0.75]}, "end_frame": [0.1, 0.1, 0.8, 0.625]}
    assert entry_of(wrong, moves={0: move}) == right


def test_a_move_that_the_manifest_would_not_take_is_left() -> None:
    assert entry_of({}, moves={0: {"duration_sec": 61.0}}) is None


def test_of_a_long_manifest_the_corrected_parts_are_shown() -> None:
    entries: list[dict[str, Any]] = [{"image_path": f"{n:05d}.png"} for n in range(4000)]
    entries[17]["motion"] = {"type": "zoom_inn"}
    mended = mend({"keyframes": entries})
    assert mended is not None
    assert not mended.fits()
    assert json.loads(mended.parts_that_fit()["keyframes[17]"])["motion"] == {"type": "zoom_in"}
    assert mended.parts_that_fit(10) == {}


def test_a_mistake_in_every_keyframe_is_mended_in_seconds() -> None:
    entries = [{"image_path": f"{n}.png", "motion": {"type": "zoomin"}} for n in range(2000)]
    started = time.monotonic()
    mended = mend({"keyframes": entries})
    assert mended is not None
    assert (len(mended.changes), mended.left) == (2000, ())
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("piece", ["// x\n", "/*", "'a',", ",\n", '"\\"', "None,", "[1,],"])
def test_countless_slips_are_answered_quickly(piece: str) -> None:
    started = time.monotonic()
    mend_manifest(b'{"keyframes": [' + piece.encode() * 200_000)
    assert time.monotonic() - started < 10


def test_a_keyframe_of_countless_mistakes_is_left() -> None:
    params = {f"sed_{n}": 1 for n in range(50_000)}
    started = time.monotonic()
    assert mend({"keyframes": [{"image_path": "a.png", "generation_params": params}]}) is None
    assert time.monotonic() - started < 10


def check_promises(data: bytes) -> None:
    """Fewer problems or no correction; mending again changes nothing."""
    mended = mend_manifest(data)
    if mended is None:
        return
    text = mended.text.encode("utf-8", "surrogatepass")
    after = problems_of(text)
    assert mended.changes
    assert [(each.path, each.code) for each in mended.left] == after
    assert problems_of(data)
    if is_read_whole(data):
        assert len(after) < len(problems_of(data))
    again = mend_manifest(text)
    assert again is None or again.text == mended.text


def is_read_whole(data: bytes) -> bool:
    """Could all problems be seen? A slip of writing, or no list of keyframes, hides the others."""
    try:
        document = read_json(data)
    except ManifestInvalid:
        return False
    return isinstance(document, dict) and isinstance(document.get("keyframes"), list)


@settings(max_examples=300)
@given(mutated())
def test_mending_keeps_its_promises(data: bytes) -> None:
    check_promises(data)


NEARLY = ["zoom_inn", "zoom", "Static", "0.5", "4", "ease in", "1080", "./b.png", "é.png"]
FIELDS = ["durtion_sec", "motoin", "typ", "fps", "seed", "start_rec", "end", "image", "motion_type"]


@st.composite
def misspelt(draw: st.DrawFn) -> bytes:
    """Manifests by people in a hurry: nearly right names, words, numbers and rectangles."""
    values = (
        st.sampled_from(NEARLY)
        | st.floats(-0.5, 1.5).map(lambda value: round(value, 2))
        | st.lists(st.floats(-0.3, 1.3).map(lambda v: round(v, 1)), min_size=4, max_size=4)
        | st.dictionaries(
            st.sampled_from([*FIELDS, "type", "easing", "end_rect"]), st.sampled_from(NEARLY)
        )
    )
    names = st.sampled_from([*FIELDS, "motion", "finish", "resolution", "duration_sec", "end_rect"])
    entries = draw(st.lists(st.dictionaries(names, values, max_size=4), min_size=1, max_size=3))
    for index, entry in enumerate(entries):
        entry.setdefault("image_path", f"{index}.png")
    head = draw(
        st.dictionaries(st.sampled_from([*FIELDS, "defaults", "batchid"]), values, max_size=2)
    )
    return json.dumps({**head, "keyframes": entries}).encode()


@settings(max_examples=300)
@given(misspelt())
def test_mending_the_misspelt_keeps_its_promises(data: bytes) -> None:
    check_promises(data)


@settings(max_examples=200)
@given(st.text(alphabet="{}[]\",:'/*\\ \n1aN", max_size=40), st.booleans())
def test_arbitrary_text_is_never_too_much(text: str, wrapped: bool) -> None:
    data = f'{{"keyframes": [{text}]}}' if wrapped else text
    check_promises(data.encode())


@settings(max_examples=200)
@given(mutated())
def test_a_tree_is_written_as_it_was_read(data: bytes) -> None:
    try:
        document = read_json(data)
    except ManifestInvalid:
        return
    assert read_json(write_tree(read_tree(data.decode())).encode()) == document
