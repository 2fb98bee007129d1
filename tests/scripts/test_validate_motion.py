"""`scripts/utils/validate_motion.py` (seed B077)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.conftest import Run

SCRIPT = "utils/validate_motion.py"


def sidecar(folder: Path, **motion: Any) -> Path:
    path = folder / "img_001.motion.json"
    path.write_text(json.dumps({"motion": motion}))
    return path


def test_a_safe_move_passes_with_its_numbers(run_script: Run, keyframes: Path) -> None:
    path = sidecar(
        keyframes, type="zoom_in", start_rect=[0, 0, 1, 1], end_rect=[0.1, 0.1, 0.9, 0.9]
    )
    ended = run_script(SCRIPT, path, "--json")
    assert ended.returncode == 0, ended.stderr
    (clip,) = json.loads(ended.stdout)["clips"]
    assert clip["safe"]
    assert 0 < clip["mean_speed"] < clip["peak_speed"] < clip["speed_limit"] == 0.2
    assert clip["minimum_duration_sec"] == pytest.approx(
        clip["duration_sec"] * clip["peak_speed"] / 0.2, rel=1e-4
    )


@pytest.mark.parametrize(
    ("motion", "code"),
    [
        ({"start_rect": [0, 0, 0.4, 0.4], "end_rect": [0.6, 0, 1, 0.4]}, "too_fast"),
        ({"start_rect": [0, 0, 0.5, 0.9], "end_rect": [0.1, 0, 0.6, 0.9]}, "fine"),
        ({"start_rect": [0, 0, 1, 1], "end_rect": [0.1, 0.2, 0.9, 0.7]}, "aspect_unstable"),
        ({"start_rect": [0, 0, 1.2, 1]}, "out_of_range"),
        ({"type": "spin"}, "unknown_word"),
    ],
)
def test_dangerous_moves_are_flagged(
    run_script: Run, keyframes: Path, motion: dict[str, Any], code: str
) -> None:
    ended = run_script(SCRIPT, sidecar(keyframes, **motion), "--json")
    (clip,) = json.loads(ended.stdout)["clips"]
    codes = {problem["code"] for problem in clip["problems"]} or {"fine"}
    assert codes == {code}
    assert ended.returncode == (0 if code == "fine" else 1)


def test_a_folder_is_looked_at_through_its_manifest(run_script: Run, keyframes: Path) -> None:
    sidecar(keyframes, type="pan_right", start_rect=[0, 0, 0.4, 0.4], end_rect=[0.6, 0, 1, 0.4])
    entries = [
        {"image_path": "img_001.png"},
        {"image_path": "img_002.png", "motion": {"type": "zoom_out"}},
        {"image_path": "img_404.png"},
        {"image_path": "img_005.png", "motion": {"typ": "zoom_out"}},
    ]
    (keyframes / "manifest.json").write_text(json.dumps({"keyframes": entries}))
    ended = run_script(SCRIPT, keyframes)
    assert ended.returncode == 1
    assert "✗ img_001.png: pan_right, 4 s, peak 0.589 of 0.20 widths/s" in ended.stdout
    assert "Make it 11.8 s or longer" in ended.stdout
    assert "✓ img_002.png: zoom_out" in ended.stdout
    assert "there is no such keyframe" in ended.stdout
    assert "Did you mean `type`?" in ended.stdout


def test_a_folder_without_a_manifest_and_several_paths(run_script: Run, keyframes: Path) -> None:
    ended = run_script(SCRIPT, keyframes, sidecar(keyframes, type="static"), "--json")
    assert ended.returncode == 0, ended.stdout
    assert [clip["keyframe"] for clip in json.loads(ended.stdout)["clips"]] == [
        "img_001.png",
        "img_002.png",
        "img_001.png",
    ]


def test_a_sidecar_alone_cannot_be_judged(run_script: Run, tmp_path: Path) -> None:
    ended = run_script(SCRIPT, sidecar(tmp_path, type="static"))
    assert ended.returncode == 1
    assert "no keyframe of that stem" in ended.stdout


def test_what_cannot_be_looked_at_is_wrong_use(run_script: Run, keyframes: Path) -> None:
    for path in (keyframes / "nothing.motion.json", keyframes / "img_001.png", keyframes.parent):
        ended = run_script(SCRIPT, path)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("✗ ")
