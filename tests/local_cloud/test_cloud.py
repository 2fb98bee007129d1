"""One call brings the system up, another terminal finds it, a dead one is not believed."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from local_cloud.cloud import attach, embedded_cloud, session_for
from local_cloud.errors import CloudNotRunning, SynthFailed
from local_cloud.state_file import state_path
from tests.local_cloud.contract_stack import write_assembly

APP = """
    import os, shutil
    shutil.copytree("assembly", os.environ["CDK_OUTDIR"], dirs_exist_ok=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    (tmp_path / "cdk.json").write_text("{}")
    (tmp_path / "assembly").mkdir()
    write_assembly(tmp_path / "assembly")
    return tmp_path


@pytest.mark.cloud
def test_another_terminal_finds_what_this_one_started(project: Path) -> None:
    steps: list[str] = []
    with embedded_cloud(project, shared=True, progress=steps.append) as deployment:
        assert attach(project) == deployment
        other = "import sys; from pathlib import Path; from local_cloud.cloud import attach\n"
        other += "print(attach(Path(sys.argv[1])).drop_bucket)"
        found = subprocess.run(
            [sys.executable, "-c", other, project],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == deployment.drop_bucket
        assert state_path(project).stat().st_mode & 0o077 == 0
        session_for(deployment.endpoint).client("s3").head_bucket(Bucket=deployment.drop_bucket)
    assert not state_path(project).exists()
    assert steps == [
        "make the templates (once; half a minute)",
        "start the embedded cloud",
        "deploy Contract",
    ]


@pytest.mark.cloud
def test_a_cloud_of_ones_own_is_not_shared(project: Path) -> None:
    with embedded_cloud(project), pytest.raises(CloudNotRunning, match="dropreel up"):
        attach(project)


@pytest.mark.cloud
def test_waits_are_shortened_as_asked(project: Path) -> None:
    with embedded_cloud(project, wait_scale=0) as deployment:
        states = session_for(deployment.endpoint).client("stepfunctions")
        given = json.dumps({"run": "r", "count": 0, "wait_sec": 3600})
        arn = states.start_execution(stateMachineArn=deployment.state_machine_arn, input=given)
        while states.describe_execution(executionArn=arn["executionArn"])["status"] == "RUNNING":
            pass
        ended = states.describe_execution(executionArn=arn["executionArn"])
    assert ended["status"] == "SUCCEEDED"


@pytest.mark.cloud
def test_a_failed_synthesis_leaves_no_emulator(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(project))  # it names its scratch folder when asked
    (project / "app.py").write_text("raise ValueError('broken stack')\n")
    with pytest.raises(SynthFailed, match="broken stack"):
        embedded_cloud(project, shared=True).__enter__()
    running = subprocess.run(
        ["ps", "-eo", "args="], capture_output=True, text=True, check=True
    ).stdout
    assert str(project) not in running
    assert not state_path(project).exists()


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 1], ids=["alive", "dead"])
def test_a_stale_file_is_not_believed_and_goes(tmp_path: Path, pid: int) -> None:
    state_path(tmp_path).parent.mkdir()
    deployment = {"endpoint": "http://127.0.0.1:9"}
    state = {"endpoint": "http://127.0.0.1:9", "pid": pid, "deployment": deployment}
    state_path(tmp_path).write_text(json.dumps(state))
    with pytest.raises(CloudNotRunning, match="is gone"):
        attach(tmp_path)
    assert not state_path(tmp_path).exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_file_is_not_believed_and_goes(tmp_path: Path, content: str) -> None:
    state_path(tmp_path).parent.mkdir()
    state_path(tmp_path).write_text(content)
    with pytest.raises(CloudNotRunning, match="not readable"):
        attach(tmp_path)
    assert not state_path(tmp_path).exists()
