"""Sidecars that the editor writes: where they should lie, and good for the pipeline."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from shared.clip import ClipRequest, MotionType
from shared.manifest import ManifestItem, resolve_clip
from shared.manifest.v1 import ClipSettings, Keyframe
from tests.studio.hands import OPENED, Hands

pytestmark = pytest.mark.browser


def resolved(keyframe: str, sidecar: Path) -> ClipRequest:
    stem = keyframe.rpartition(".")[0]
    item = ManifestItem(0, stem, keyframe, Keyframe(image_path=keyframe))
    return resolve_clip(item, ClipSettings(), {sidecar.name: sidecar.read_bytes()})


def saved(hands: Hands) -> None:
    hands.browser.wait_for("isSaved(current())")


def test_enter_saves_beside_the_keyframe_and_goes_on(at_folder: Hands, keyframes: Path) -> None:
    at_folder.drag((0.5, 0.5), (0.52, 0.51))
    motion = at_folder.motion()
    at_folder.press("Enter")
    at_folder.browser.wait_for("desk.at === 1")
    request = resolved("dawn.jpg", keyframes / "dawn.motion.json")
    assert request.motion.type is MotionType(motion["type"])
    assert request.motion.end_rect == pytest.approx(motion["end"], abs=1e-6)
    assert request.source["motion"] == "sidecar dawn.motion.json"
    assert at_folder.browser.complaints == []


def test_a_sidecar_in_the_blueprints_words_is_read_and_nothing_in_it_is_lost(
    at_folder: Hands, keyframes: Path
) -> None:
    at_folder.press("ArrowRight")
    at_folder.browser.wait_for("current().name === 'pier.png' && " + OPENED)
    assert at_folder.motion() == {
        "type": "pan_right",
        "start": [0.1, 0.25, 0.6, 0.75],
        "end": [0.3, 0.25, 0.8, 0.75],
        "duration": 5,
        "easing": "ease_in_out",
        "intensity": None,
    }
    assert at_folder.browser.js("document.getElementById('dirty').hidden")
    at_folder.click("input[name=easing][value=linear]")
    at_folder.click("#save")
    saved(at_folder)
    request = resolved("pier.png", keyframes / "pier.motion.json")
    assert (request.prompt, request.finish.fps, request.motion.easing) == (
        "waves roll in",
        25,
        "linear",
    )
    assert request.motion.strategy == "virtual_camera"


def test_save_all_writes_every_sidecar_that_is_not_on_the_disk(
    at_folder: Hands, keyframes: Path
) -> None:
    untouched = (keyframes / "pier.motion.json").read_bytes()
    at_folder.click("#save-all")
    at_folder.browser.wait_for("document.getElementById('message').textContent")
    assert at_folder.text("message") == "2 sidecars are saved."
    assert (keyframes / "pier.motion.json").read_bytes() == untouched
    for name in ("dawn.jpg", "wave 100%.jpg"):
        sidecar = keyframes / f"{name.rpartition('.')[0]}.motion.json"
        assert resolved(name, sidecar).motion.type is MotionType.ZOOM_IN


def test_what_the_server_refuses_is_said(at_folder: Hands, keyframes: Path) -> None:
    (keyframes / "dawn.jpg").unlink()
    at_folder.click("#save")
    at_folder.browser.wait_for("document.getElementById('message').textContent")
    assert "no such keyframe" in at_folder.text("message")
    assert at_folder.browser.js("isSaved(current())") is False


def test_a_saved_race_is_called_one(at_folder: Hands) -> None:
    at_folder.browser.js("setDuration(0.2)")
    at_folder.click("#save")
    saved(at_folder)
    at_folder.browser.wait_for("document.getElementById('message').textContent")
    assert "too fast" in at_folder.text("message")


def test_from_disk_sidecars_come_as_downloads_and_nothing_is_asked_of_a_network(
    hands: Hands, keyframes: Path, tmp_path: Path
) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    hands.browser.command("Page.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
    hands.pick(*sorted(keyframes.iterdir()))
    hands.click("#save-all")
    for name in ("dawn.jpg", "wave 100%.jpg"):
        sidecar = downloads / f"{name.rpartition('.')[0]}.motion.json"
        assert resolved_download(name, sidecar)["image_path"] == name
    assert not (downloads / "pier.motion.json").exists()  # came with its sidecar, unchanged
    assert {url.split(":")[0] for url in hands.browser.requests} <= {"file", "blob", "data"}
    assert hands.browser.complaints == []


def resolved_download(keyframe: str, path: Path, seconds: float = 10.0) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while not path.is_file() and time.monotonic() < end:
        time.sleep(0.05)
    resolved(keyframe, path)
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def test_rectangles_of_different_shapes_are_mended_and_told(
    hands: Hands, keyframes: Path, tmp_path: Path
) -> None:
    bent = {"start_rect": [0, 0, 1, 1], "end_rect": [0.2, 0.2, 0.9, 0.5], "type": "zoom_in"}
    sidecar = tmp_path / "dawn.motion.json"
    sidecar.write_text(json.dumps(bent))
    hands.pick(keyframes / "dawn.jpg", sidecar)
    x1, y1, x2, y2 = hands.motion()["end"]
    assert x2 - x1 == pytest.approx(y2 - y1)
    assert "reshaped" in hands.text("message")


def test_a_picture_that_is_none_is_said_and_does_not_stop_the_others(
    hands: Hands, keyframes: Path
) -> None:
    fake = keyframes / "a.png"
    fake.write_text("not a picture")
    hands.pick(keyframes / "dawn.jpg")
    hands.browser.js("takeFiles([new File(['x'], 'a.png')])")
    hands.browser.wait_for("current().broken")
    assert "cannot be read" in hands.text("broken")
    hands.press("ArrowLeft")
    hands.browser.wait_for("current().name === 'dawn.jpg' && " + OPENED)
