"""`dropreel up`, `run`, `status` and `pull`, as in two terminals."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import Desk, is_alive

pytestmark = pytest.mark.cloud

START_LIMIT_SEC = 60


def wait_for_state_file(desk: Desk, up: "subprocess.Popen[str]") -> dict[str, Any]:
    deadline = time.monotonic() + START_LIMIT_SEC
    while not desk.state_file.exists():
        assert up.poll() is None, up.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    state: dict[str, Any] = json.loads(desk.state_file.read_text())
    return state


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> str:
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    return told


@pytest.fixture(scope="module")
def up(desk: Desk) -> Iterator[Desk]:
    process = desk.begin("up")
    state = wait_for_state_file(desk, process)
    yield desk
    end(process, signal.SIGTERM)
    assert process.returncode == 128 + signal.SIGTERM
    assert not desk.state_file.exists()
    assert not is_alive(state["pid"])


def test_a_good_folder_exits_0_and_json_is_all_of_stdout(up: Desk) -> None:
    out = up.home / "out-good"
    done = up.dropreel("run", up.batch("day one"), "--out", out, "--json", "--project", "Ein Film")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["batch"] == {"project_id": "Ein Film", "batch_id": "day-one"}
    assert document["runs"][0]["counts"] == {"total": 1, "done": 1}
    assert set(document["files"]) == {p.name for p in out.iterdir()}
    assert {"a.mp4", "report.html", "delivery.zip"} <= set(document["files"])


def test_a_folder_without_a_manifest_gets_one(up: Desk) -> None:
    folder = up.batch("bare")
    (folder / "manifest.json").unlink()
    done = up.dropreel("run", folder, "--out", up.home / "out-bare")
    assert done.returncode == 0, done.stderr
    assert "there is no manifest" in done.stderr


def test_a_batch_with_a_rejected_clip_exits_1_and_says_why(up: Desk) -> None:
    folder = up.batch(
        "half",
        manifest={
            "defaults": {"resolution": "144p", "motion": {"duration_sec": 0.5}},
            "keyframes": [{"image_path": "a.png"}, {"image_path": "bad.png"}],
        },
    )
    (folder / "bad.png").write_text("no picture")
    done = up.dropreel("run", folder, "--out", up.home / "out-half", "--project", "日本")
    assert done.returncode == 1
    assert "bad.png" in done.stderr
    assert (up.home / "out-half" / "a.mp4").exists()


def test_a_broken_manifest_exits_1_with_its_problems(up: Desk) -> None:
    done = up.dropreel("run", up.batch("broken-run", manifest="{"), "--out", up.home / "out-broken")
    assert done.returncode == 1
    assert "line 1, column 2" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_and_pull_find_what_was_made(up: Desk, tmp_path: Path) -> None:
    assert up.dropreel("run", up.batch("found"), "--out", tmp_path / "one").returncode == 0
    told = up.dropreel("status", "my-film/found", "--json")
    assert json.loads(told.stdout)["runs"][0]["state"] == "finished"
    assert "my-film/found" in up.dropreel("status").stderr
    assert up.dropreel("pull", "my-film/found", "--out", tmp_path / "two").returncode == 0
    assert (tmp_path / "two" / "a.mp4").read_bytes() == (tmp_path / "one" / "a.mp4").read_bytes()


@pytest.mark.parametrize("words", ["status my-film/never", "pull my-film/never", "status x/y/z"])
def test_asking_for_what_is_not_there_exits_2(up: Desk, words: str) -> None:
    done = up.dropreel(*words.split())
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_second_cloud_is_refused_beside_the_first(up: Desk) -> None:
    done = up.dropreel("up")
    assert done.returncode == 2
    assert "already" in done.stderr
