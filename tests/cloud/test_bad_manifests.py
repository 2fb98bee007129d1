"""Manifests that cannot be used: an answer that says where and what, a message, and no clip."""

import json
from typing import Any

import pytest

from tests.cloud.town import Town

pytestmark = pytest.mark.cloud

ONE = '{"image_path": "a.png"}'


def _many(count: int) -> bytes:
    return json.dumps({"keyframes": [{"image_path": f"{i}.png"} for i in range(count)]}).encode()


MANIFESTS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "malformed": (b'{\n "keyframes": [\n  {"image_path": "a.png"\n ]\n}', ("line 4, column 2",)),
    "trailing-comma": (b'{"keyframes": [{"image_path": "a.png"},]}', ("comma", "line 1")),
    "cut-off": (b'{"keyframes": [', ("the file ends",)),
    "empty": (b"", ("empty",)),
    "binary": (bytes(range(256)), ("UTF-8",)),
    "yaml": (b"keyframes:\n  - a.png\n", ("JSON",)),
    "a-list": (f"[{ONE}]".encode(), ("keyframes",)),
    "twice": (f'{{"keyframes": [{ONE}], "keyframes": []}}'.encode(), ("given twice",)),
    "not-a-number": (
        b'{"keyframes": [{"image_path": "a.png", "motion": {"duration_sec": NaN}}]}',
        ("NaN", "duration_sec"),
    ),
    "deep": (b'{"keyframes": ' + b"[" * 5000 + b"]" * 5000 + b"}", ("nested",)),
    "huge": (b'{"keyframes": [' + b" " * 20_000_000 + b"]}", ("MB",)),
    "unknown-field": (f'{{"keyframe": [{ONE}]}}'.encode(), ("`keyframes`",)),
    "wrong-type": (b'{"keyframes": "a.png"}', ("must be a list",)),
    "too-many": (_many(10_001), ("10,001", "10,000")),
    "same-stem": (
        b'{"keyframes": [{"image_path": "a.png"}, {"image_path": "A.jpg"}]}',
        ("same name",),
    ),
    "other-folder": (
        f'{{"project_id": "another", "keyframes": [{ONE}]}}'.encode(),
        ("another", "film"),
    ),
}


@pytest.fixture(scope="module")
def done(town: Town) -> Town:
    for name, (data, _) in MANIFESTS.items():
        town.put(name, "manifest.json", data)
    for name in MANIFESTS:
        town.ended(name)
    return town


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_is_rejected_with_a_clear_answer(done: Town, name: str) -> None:
    run = done.run(name)
    assert run["state"] == "rejected"
    assert run["problems"]
    errors = done.answer(name, "_ERRORS.md")
    for words in MANIFESTS[name][1]:
        assert words in errors
    assert "How to drop again" in errors


@pytest.mark.parametrize("name", MANIFESTS)
def test_its_creator_is_told_why(done: Town, name: str) -> None:
    (message,) = done.told(name, "batch_rejected")
    assert message["attributes"] == {
        "type": "batch_rejected",
        "project": "film",
        "batch": name,
        "status": "rejected",
    }
    assert message["body"]["problems"]
    assert "()" not in message["body"]["text"]


@pytest.mark.parametrize("name", MANIFESTS)
def test_no_clip_was_made(done: Town, name: str) -> None:
    made: dict[str, Any] = done.library(name)
    assert not [each for each in made if each.endswith(".mp4")]
    assert "rejected.json" in made
