"""`scripts/02_ai_desktop_motion_tool.py` and `dropreel motion` (seed B076)."""

import http.client
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.scripts.conftest import CHECKOUT, Run

SCRIPT = CHECKOUT / "scripts" / "02_ai_desktop_motion_tool.py"


@pytest.mark.parametrize("command", [[SCRIPT], ["-m", "cli.main", "motion"]], ids=["script", "cli"])
def test_it_serves_the_editor_until_ctrl_c(command: list[str], keyframes: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, *map(str, command), str(keyframes), "--no-browser"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    assert running.stderr
    with running, running.stderr as told:
        try:
            address = next(filter(None, (re.search(r"http://\S+", line) for line in told)))[0]
            place = urlsplit(address)
            line = http.client.HTTPConnection(place.netloc, timeout=10)
            line.request("GET", place.path)
            assert b'data-folder="folder.json"' in line.getresponse().read()
            line.close()
        finally:
            running.send_signal(signal.SIGINT)
            code = running.wait(20)
        assert "stopping" in told.read()
    assert code == 0


def test_an_empty_folder_is_wrong_use(run_script: Run, tmp_path: Path) -> None:
    ended = run_script(SCRIPT.name, tmp_path, "--no-browser")
    assert (ended.returncode, "no keyframe" in ended.stderr) == (2, True)
