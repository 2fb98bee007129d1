"""Ctrl-C and a polite `kill` stop everything that a command has started."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.desk import Desk, is_alive

pytestmark = pytest.mark.cloud

START_LIMIT_SEC = 60


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_a_signal_stops_a_run_and_all_that_it_started(
    tmp_path: Path, desk: Desk, number: signal.Signals
) -> None:
    """On a desk where no cloud is up, so that the run has one of its own."""
    process = desk.begin("run", desk.batch(f"stopped-{number.name}"), "--out", tmp_path)
    deadline = time.monotonic() + START_LIMIT_SEC
    while not (groups := emulators_of(process.pid)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in told
    assert not any(is_alive(group) for group in groups)


def emulators_of(parent: int) -> list[int]:
    """Children of a process that lead a group of their own: its embedded clouds."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,pgid="], capture_output=True, text=True, check=True
    )
    rows = [tuple(map(int, re.findall(r"\d+", line))) for line in listed.stdout.splitlines()]
    return [pid for pid, ppid, pgid in rows if ppid == parent and pid == pgid]
