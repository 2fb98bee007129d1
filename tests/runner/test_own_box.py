"""What docs/gpu.md tells the owner of a box is so: the rights, the unit, the command in it."""

import configparser
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from gpu_functions.worker.__main__ import _options, main
from shared.aws.pull import PullQueue

QUEUE, ACCOUNT, REGION = "workers", "123456789012", "us-east-1"


@pytest.fixture(scope="module")
def page() -> str:
    return (Path(__file__).parents[2] / "docs" / "gpu.md").read_text("utf-8")


def block(page: str, language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
def owner(page: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Keys of a user with the page's policy and no other; everybody else may do everything."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    policy = block(page, "json")
    for name, value in (("REGION", REGION), ("ACCOUNT", ACCOUNT), ("QUEUE", QUEUE)):
        policy = policy.replace(f":{name}", f":{value}")
    with mock_aws():
        boto3.client("sqs", region_name=REGION).create_queue(QueueName=QUEUE)
        iam = boto3.client("iam")
        iam.create_user(UserName="box")
        arn = iam.create_policy(PolicyName="box", PolicyDocument=policy)["Policy"]["Arn"]
        iam.attach_user_policy(UserName="box", PolicyArn=arn)
        key = iam.create_access_key(UserName="box")["AccessKey"]
        yield {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }


def test_the_policy_lets_a_worker_do_its_work(owner: dict[str, str]) -> None:
    everybody = boto3.client("sqs", region_name=REGION)
    url = everybody.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    everybody.send_message(QueueUrl=url, MessageBody="{}")
    _with_rights(owner, url)


@set_initial_no_auth_action_count(0)
def _with_rights(keys: dict[str, str], url: str) -> None:
    sqs: Any = boto3.client("sqs", region_name=REGION, **keys)
    message = PullQueue(sqs, url).pull(wait_sec=0, hide_sec=30)
    assert message is not None
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=message._receipt, VisibilityTimeout=60
    )
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message._receipt)
    for forbidden in (
        lambda: sqs.send_message(QueueUrl=url, MessageBody="{}"),
        lambda: sqs.purge_queue(QueueUrl=url),
        lambda: boto3.client("s3", region_name=REGION, **keys).list_buckets(),
    ):
        with pytest.raises(ClientError, match=r"(?i)not authorized|denied"):
            forbidden()  # type: ignore[no-untyped-call]


def test_the_policy_names_one_queue_and_no_wildcard(page: str) -> None:
    (statement,) = json.loads(block(page, "json"))["Statement"]
    assert statement["Resource"].startswith("arn:aws:sqs:")
    assert "*" not in json.dumps(statement)


def test_the_unit_starts_a_worker_that_understands_its_arguments(page: str) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    unit.read_string(block(page, "ini"))
    python, *words = unit["Service"]["ExecStart"].split()
    assert python.endswith("python")
    assert words[:2] == ["-m", "gpu_functions.worker"]
    options = _options().parse_args(words[2:])
    assert (options.queue, options.gpus) == ("${QUEUE}", ("0", "1"))
    assert unit["Service"]["KillMode"] == "mixed", "SIGTERM to the foreman alone"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_understands_the_unit(page: str, tmp_path: Path) -> None:
    unit = tmp_path / "dropreel-worker.service"
    here = block(page, "ini").replace("User=dropreel\n", "")
    unit.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", here))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in found.stderr.splitlines() if "dropreel-worker" in line]
    assert ours == []


def test_a_gpu_that_is_not_there_is_said_before_anything_starts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--queue", "http://127.0.0.1:9/queue", "--weights", str(tmp_path)]
    assert main([*arguments, "--gpus", "0,97"]) == 2
    said = capfd.readouterr().err
    assert "There is no GPU" in said
    assert "Traceback" not in said


def test_a_scratch_folder_that_is_none_and_a_lease_of_no_seconds_are_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    arguments = ["--queue", "http://127.0.0.1:9/queue", "--weights", str(tmp_path), "--gpus", "cpu"]
    assert main([*arguments, "--scratch", str(tmp_path / "file")]) == 2
    for wrong in ("0", "-5", "nan", "inf", "soon"):
        with pytest.raises(SystemExit):
            main([*arguments, "--lease-sec", wrong])
    said = capfd.readouterr().err
    assert "File exists" in said
    assert "'nan': write 1 to 43200 seconds" in said
    assert "Traceback" not in said
