"""The emulator starts alone, ends whole, and says why when it cannot."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from local_cloud.emulator import HOST, LOGS_KEPT, is_healthy, running_emulator
from local_cloud.errors import EmulatorFailed
from local_cloud.sessions import session_for
from tests.local_cloud.contract_stack import until, write_assembly

pytestmark = pytest.mark.cloud
ROOT = Path(__file__).parents[2]


def members(group: int) -> list[int]:
    """The living processes of a group, zombies not counted."""
    listed = subprocess.run(
        ["ps", "-eo", "pgid=,pid=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pgid, pid, state in rows if int(pgid) == group and state[0] != "Z"]


def test_it_answers_on_the_loopback_interface_only_and_is_gone_after_the_block(
    tmp_path: Path,
) -> None:
    with running_emulator(tmp_path) as emulator:
        assert is_healthy(emulator.endpoint)
        port = int(emulator.endpoint.rsplit(":", 1)[1])
        own = socket.gethostbyname(socket.gethostname())
        with socket.socket() as probe:
            if not own.startswith("127."):
                assert probe.connect_ex((own, port)) != 0
        assert "Ready" in emulator.log_path.read_text()
    assert not is_healthy(emulator.endpoint)
    assert not members(emulator.pid)


def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(EmulatorFailed, match="already in use"):
            running_emulator(tmp_path, port=taken.getsockname()[1]).__enter__()


def test_old_logs_do_not_pile_up(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for n in range(9):
        (tmp_path / "logs" / f"cloud-2020010{n}-000000-1.log").touch()
    with running_emulator(tmp_path):
        assert len(list((tmp_path / "logs").glob("*.log"))) == LOGS_KEPT


def test_the_users_account_and_proxies_are_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-user")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with running_emulator(tmp_path) as emulator:
        identity = session_for(emulator.endpoint).client("sts").get_caller_identity()
        environment = Path(f"/proc/{emulator.pid}/environ")
        if environment.exists():
            assert b"production" not in environment.read_bytes()
    assert identity["Account"] == "000000000000"


PARENT = """
    import json, sys, threading
    from pathlib import Path
    from local_cloud.deploy import deploy
    from local_cloud.emulator import running_emulator
    from local_cloud.sessions import session_for

    home, assembly = map(Path, sys.argv[1:])
    with running_emulator(home) as emulator:
        session = session_for(emulator.endpoint)
        deploy(assembly, session, project=home)
        slow = session.client("cloudformation").describe_stack_resource(
            StackName="Contract", LogicalResourceId="WorkOn")["StackResourceDetail"]
        payload = json.dumps({"run": "r", "item": {"stem": "s", "seconds": 25}})
        work = session.client("lambda", read_timeout=60)
        threading.Thread(target=work.invoke, daemon=True, kwargs={
            "FunctionName": slow["PhysicalResourceId"], "Payload": payload}).start()
        print(emulator.pid, flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None])
def test_nothing_outlives_the_parent_not_even_a_handler_at_work(
    tmp_path: Path, how: signal.Signals | None
) -> None:
    assembly = tmp_path / "assembly"
    assembly.mkdir()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path), write_assembly(assembly)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdin
    assert parent.stdout
    group = int(parent.stdout.readline())
    until(lambda: len(members(group)) >= 2)  # the emulator and a busy handler
    if how:
        parent.send_signal(how)
    else:
        parent.stdin.close()
    until(lambda: not members(group), within_sec=5)
    parent.wait(5)
    parent.stdin.close()
    parent.stdout.close()
    assert not list(scratch.glob("dropreel-cloud-*/*"))


def test_handlers_wait_for_their_turn_instead_of_being_refused(tmp_path: Path) -> None:
    assembly = tmp_path / "assembly"
    assembly.mkdir()
    with running_emulator(tmp_path, handlers_at_once=2) as emulator:
        from local_cloud.deploy import deploy  # noqa: PLC0415 - only here

        session = session_for(emulator.endpoint)
        deploy(write_assembly(assembly), session, project=tmp_path)
        name = session.client("cloudformation").describe_stack_resource(
            StackName="Contract", LogicalResourceId="Slow"
        )["StackResourceDetail"]["PhysicalResourceId"]
        pids: list[int] = []

        def call() -> None:
            reply = session.client("lambda").invoke(
                FunctionName=name, Payload=json.dumps({"seconds": 0.2})
            )
            pids.append(json.loads(reply["Payload"].read())["pid"])

        calls = [threading.Thread(target=call) for _ in range(8)]
        for each in calls:
            each.start()
        for each in calls:
            each.join()
    assert len(pids) == 8
    assert len(set(pids)) <= 2
