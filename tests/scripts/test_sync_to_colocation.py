"""`scripts/tools/sync_to_colocation.py` (seed B081), against S3 as moto plays it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli.target import Target
from scripts.tools import sync_to_colocation
from shared.aws.objects import S3Objects
from tests.scripts.conftest import Run


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """Two buckets behind the real S3 code; the script is told that this is the cloud."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        client = session.client("s3")
        for bucket in ("drop", "library"):
            client.create_bucket(Bucket=bucket)
        cloud = Target("drop", "library", S3Objects(client), session.client)
        monkeypatch.setattr(sync_to_colocation, "find_target", lambda _: cloud)
        yield cloud


def put(target: Target, bucket: str, key: str, data: bytes) -> None:
    target.objects.write(bucket, key, data, content_type="application/octet-stream")


def ended(**counts: int) -> dict[str, Any]:
    """A run as `_status.json` tells of it."""
    return {
        "run_id": "coast-day-1-1",
        "manifest": "manifest.json",
        "project_id": "coast",
        "batch_id": "day-1",
        "state": "finished",
        "state_text": "Finished",
        "progress_percent": 100,
        "message": "",
        "dry_run": False,
        "problems": [],
        "counts": {"total": 2, **counts},
        "cost_so_far_usd": {"total": 0.0, "model": 0.0, "aws": 0.0},
        "clips": [],
    }


def test_a_folder_is_sent_with_its_manifest(target: Target, keyframes: Path) -> None:
    assert sync_to_colocation.main([str(keyframes), "--batch", "coast/day-1"]) == 0
    keys = {ref.key for ref in target.objects.list("drop", "")}
    assert keys == {
        f"coast/day-1/{name}" for name in ("img_001.png", "img_002.png", "manifest.json")
    }


@pytest.mark.parametrize(("counts", "code"), [({"done": 2}, 0), ({"done": 1, "failed": 1}, 1)])
def test_it_follows_a_batch_and_fetches_what_came_out(
    target: Target, tmp_path: Path, counts: dict[str, int], code: int
) -> None:
    put(
        target, "drop", "coast/day-1/_status.json", json.dumps({"runs": [ended(**counts)]}).encode()
    )
    put(target, "library", "coast/day-1/img_001.mp4", b"film")
    arguments = ["--batch", "coast/day-1", "--monitor", "--download", str(tmp_path / "out")]
    assert sync_to_colocation.main(arguments) == code
    assert (tmp_path / "out" / "img_001.mp4").read_bytes() == b"film"


def test_an_unknown_batch_is_said(target: Target) -> None:
    with pytest.raises(Exception, match="Nothing is known of coast/day-2"):
        sync_to_colocation.main(["--batch", "coast/day-2", "--monitor"])


def test_wrong_use_is_a_sentence(run_script: Run, keyframes: Path) -> None:
    script = "tools/sync_to_colocation.py"
    for arguments, word in (
        ([], "Name a folder"),
        (["--batch", "a/b"], "Say what to do"),
        ([keyframes, "--profile", "no-such-profile"], "no-such-profile"),
    ):
        told = run_script(script, *arguments)
        assert (told.returncode, word in told.stderr, told.stdout) == (2, True, "")
