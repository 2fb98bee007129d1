"""A folder of keyframes, the editor's server over it, and a browser that looks at it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from cli.motion_editor.folder import open_folder
from cli.motion_editor.server import PAGE, EditorServer
from tests.report.chromium import INSTALL_HINT, Browser, find_chromium
from tests.report.conftest import landscape
from tests.studio.hands import OPENED, Hands


@pytest.fixture(scope="session")
def editor_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    binary = find_chromium()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL_HINT)
        pytest.skip(INSTALL_HINT)
    with Browser(binary, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def keyframes(tmp_path: Path) -> Path:
    """Three shapes of keyframe; the second has a sidecar in the blueprint's flat spelling."""
    folder = tmp_path / "coast"
    folder.mkdir()
    for seed, (name, size) in enumerate(
        {
            "dawn.jpg": (960, 540),
            "pier.png": (800, 600),
            "wave 100%.jpg": (540, 960),
        }.items()
    ):
        landscape(seed, size).save(folder / name)
    sidecar = {
        "keyframe": "pier.png",
        "motion_type": "pan_right",
        "start_frame": [0.1, 0.25, 0.6, 0.75],
        "end_frame": [0.3, 0.25, 0.8, 0.75],
        "duration_sec": 5,
        "motion": {"strategy": "virtual_camera"},
        "prompt": "waves roll in",
        "finish": {"fps": 25},
    }
    (folder / "pier.motion.json").write_text(json.dumps(sidecar))
    return folder


@pytest.fixture
def server(keyframes: Path) -> Iterator[EditorServer]:
    with EditorServer(open_folder(keyframes)) as running:
        thread = Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def hands(editor_browser: Browser) -> Iterator[Hands]:
    """The page from disk, with nothing on the desk."""
    editor_browser.look(1280, 800)
    editor_browser.complaints.clear()
    editor_browser.requests.clear()
    editor_browser.open(PAGE.as_uri())
    yield Hands(editor_browser)
    _leave(editor_browser)


@pytest.fixture
def at_folder(editor_browser: Browser, server: EditorServer) -> Iterator[Hands]:
    """The page as `dropreel motion` serves it, on its first keyframe."""
    editor_browser.look(1280, 800)
    editor_browser.complaints.clear()
    editor_browser.requests.clear()
    editor_browser.open(server.address)
    editor_browser.wait_for(OPENED)
    yield Hands(editor_browser)
    _leave(editor_browser)


def _leave(browser: Browser) -> None:
    # Unsaved work asks before it goes; nobody is here to answer. And lets go of the connection.
    browser.js("window.onbeforeunload = null")
    browser.open("about:blank")
