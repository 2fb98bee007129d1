"""`scripts/tools/create_video_manifest.py` (seed B075)."""

import json
from pathlib import Path

from shared.manifest import parse_manifest
from tests.scripts.conftest import Run

SCRIPT = "tools/create_video_manifest.py"


def test_it_writes_a_manifest_beside_the_keyframes(run_script: Run, keyframes: Path) -> None:
    (keyframes / "img_002.motion.json").write_text('{"type": "static"}')
    ended = run_script(SCRIPT, "--keyframes", keyframes, "--model", "Camera_Move")
    assert (ended.returncode, ended.stderr) == (0, "")
    manifest = keyframes / "video_generation_manifest.json"
    parsed = parse_manifest(manifest.read_bytes(), name=manifest.name)
    assert [item.image_path for item in parsed.items] == ["img_001.png", "img_002.png"]
    assert parsed.items[0].asked.motion
    assert parsed.items[1].asked.motion is None  # its sidecar speaks
    assert parsed.defaults.generation_params
    assert parsed.defaults.generation_params.model == "camera_move"


def test_a_manifest_above_the_keyframes_names_the_way_to_them(
    run_script: Run, keyframes: Path
) -> None:
    output = keyframes.parent / "manifest.json"
    assert run_script(SCRIPT, "--keyframes", keyframes, "--output", output).returncode == 0
    paths = [entry["image_path"] for entry in json.loads(output.read_bytes())["keyframes"]]
    assert paths == ["day-1/img_001.png", "day-1/img_002.png"]


def test_mistakes_are_sentences(run_script: Run, keyframes: Path, tmp_path: Path) -> None:
    unknown = run_script(SCRIPT, "--keyframes", keyframes, "--model", "camera_mov")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "Did you mean `camera_move`?" in unknown.stderr
    nowhere = run_script(SCRIPT, "--keyframes", tmp_path / "nowhere")
    assert (nowhere.returncode, "no folder" in nowhere.stderr) == (2, True)
    assert run_script(SCRIPT).returncode == 2
