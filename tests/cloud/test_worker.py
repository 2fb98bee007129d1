"""Clips that a worker of one's own makes: drop → queue → worker → callback → finish → library.

The worker is the real one, on the processor; its models are tiny and have random weights.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.town import Town
from tests.pipeline.house import picture

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.gpu,
    pytest.mark.skipif(
        not (importlib.util.find_spec("torch") or os.environ.get("CI")), reason="needs `make gpu`"
    ),
]

SVD = "stable-video-diffusion-xt-1.1"
LEASE_SEC = 6
PATIENCE_SEC = 300.0
"""A model on a processor, beside everything else that a test machine does."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.gpu.tiny import build_tiny  # noqa: PLC0415 - torch

    folder = tmp_path_factory.mktemp("weights")
    for model in (SVD,):
        build_tiny(model, folder / model)
    return folder


@contextmanager
def worker(
    town: Town, weights: Path, log: Path, gpus: str = "cpu"
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as its owner starts it."""
    url = town.deployment.outputs["WorkerRtx4090QueueUrl"]
    command = [sys.executable, "-m", "gpu_functions.worker", "--queue", url, "--gpus", gpus]
    command += ["--weights", str(weights), "--small", "--lease-sec", str(LEASE_SEC)]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": town.deployment.endpoint,
        "AWS_REGION": town.deployment.region,
        "AWS_DEFAULT_REGION": town.deployment.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
            print(log.read_text())


def drop(town: Town, batch: str, route: list[str], **clip: Any) -> None:
    town.drop(batch, {"a.png": picture(640, 360, seed=90)})
    keyframe = {
        "image_path": "a.png",
        "operation": "image_to_video",
        "route": route,
        "motion": {"duration_sec": 1.0},
        "resolution": "auto",
        "finish": {"fps": 24},
        **clip,
    }
    town.put(batch, "manifest.json", {"keyframes": [keyframe]})


def test_a_clip_is_made_by_a_worker(town: Town, weights: Path, tmp_path: Path) -> None:
    batch = "svd-worker"
    with worker(town, weights, tmp_path / "worker.log"):
        drop(town, batch, [SVD])
        town.ended(batch, patience_sec=PATIENCE_SEC)
    assert town.run(batch)["counts"] == {"total": 1, "done": 1}, town.answer(batch, "_ERRORS.md")
    meta = json.loads(town.published(batch, "a.video_meta.json"))
    print(json.dumps(meta, indent=1))
    assert meta["video"]["frame_count"] == 24
