import json
import unicodedata
from pathlib import Path

import pytest

from shared.errors import InvalidInput
from shared.manifest import parse_manifest
from shared.manifest.create import create_manifest


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_folder_becomes_a_manifest_that_reads_well(tmp_path: Path) -> None:
    fill(tmp_path, "b.png", "a.JPG", "a.motion.json", "a.caption", "_status.json", "_x.png")
    fill(tmp_path, "b.poster.jpg", "contact_sheet.jpg", "b.mp4", "__video_keyframes/c.webp")
    manifest = create_manifest(
        tmp_path, project_id="p", batch_id="b", motion="pan_left", duration_sec=5, fps=24
    )
    assert manifest == {
        "schema_version": "1",
        "project_id": "p",
        "batch_id": "b",
        "defaults": {"finish": {"fps": 24}},
        "keyframes": [
            {"image_path": "__video_keyframes/c.webp", "motion": _pan()},
            {"image_path": "a.JPG"},
            {"image_path": "b.png", "motion": _pan()},
        ],
    }
    parsed = parse_manifest(json.dumps(manifest).encode(), folder_project="p", folder_batch="b")
    assert len(parsed.items) == 3


def _pan() -> dict[str, object]:
    return {"type": "pan_left", "duration_sec": 5}


def test_names_are_written_as_other_systems_find_them(tmp_path: Path) -> None:
    fill(tmp_path, unicodedata.normalize("NFD", "é.png"))
    [keyframe] = create_manifest(tmp_path, model="camera_move")["keyframes"]
    assert keyframe["image_path"] == unicodedata.normalize("NFC", "é.png")


def test_two_pictures_of_one_stem_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "a.jpg")
    with pytest.raises(InvalidInput) as caught:
        create_manifest(tmp_path)
    [problem] = caught.value.problems
    assert (problem.path, problem.code) == ("a.png", "duplicate_stem")
    assert "the same name as a.jpg" in problem.message


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no keyframe"):
        create_manifest(tmp_path)
