"""`dropreel validate` and `dropreel manifest`: no cloud needed."""

import json
import shutil

from tests.cli.desk import CHECKOUT, Desk


def test_a_good_folder_is_fine(desk: Desk) -> None:
    folder = desk.batch("good")
    shutil.copy(CHECKOUT / "examples" / "first-batch" / "coffee.png", folder / "a.png")
    done = desk.dropreel("validate", folder)
    assert done.returncode == 0
    assert "everything is fine" in done.stderr
    assert done.stdout == ""


def test_a_folder_with_a_warning_is_not_called_fine(desk: Desk) -> None:
    done = desk.dropreel("validate", desk.batch("doubtful"))
    assert done.returncode == 0
    assert "scores 0." in done.stderr
    assert "fine" not in done.stderr


def test_json_is_one_document_on_stdout(desk: Desk) -> None:
    done = desk.dropreel("validate", desk.batch("good-json"), "--json")
    (run,) = json.loads(done.stdout)["runs"]
    assert run["counts"] == {"total": 1, "planned": 1}


def test_a_broken_manifest_is_told_with_line_and_column(desk: Desk) -> None:
    done = desk.dropreel("validate", desk.batch("broken", manifest='{\n "keyframes": [}'))
    assert done.returncode == 1
    assert "line 2, column 16" in done.stderr


def test_a_missing_keyframe_is_named(desk: Desk) -> None:
    folder = desk.batch("incomplete")
    (folder / "a.png").unlink()
    done = desk.dropreel("validate", folder, "--json")
    assert done.returncode == 1
    (reason,) = json.loads(done.stdout)["runs"][0]["clips"][0]["reasons"]
    assert "keyframe `a.png` is not in the folder." in reason


def test_a_manifest_that_is_written_is_valid_and_tells_how_many(desk: Desk) -> None:
    folder = desk.batch("unwritten")
    (folder / "manifest.json").unlink()
    assert "1 keyframe(s)" in desk.dropreel("manifest", folder).stderr
    assert desk.dropreel("validate", folder).returncode == 0


def test_a_manifest_on_stdout_is_nothing_but_json(desk: Desk) -> None:
    done = desk.dropreel("manifest", desk.batch("printed"), "-o", "-")
    (entry,) = json.loads(done.stdout)["keyframes"]
    assert entry["image_path"] == "a.png"


def test_a_missing_key_is_named(desk: Desk) -> None:
    settings = {"route": ["wavespeed/wan-2.5"], "prompt": "waves", "motion": {"duration_sec": 5}}
    keyframe = {"image_path": "a.png", **settings}
    done = desk.dropreel("validate", desk.batch("routed", manifest={"keyframes": [keyframe]}))
    assert done.returncode == 1
    assert "WAVESPEED_API_KEY, docs/providers.md" in done.stderr


def test_a_model_that_is_gone_is_told_with_what_took_its_place(desk: Desk) -> None:
    keyframe = {"image_path": "a.png", "route": ["openai/sora-2"]}
    done = desk.dropreel("validate", desk.batch("gone", manifest={"keyframes": [keyframe]}))
    assert done.returncode == 1
    assert "google/veo-3.1" in done.stderr
