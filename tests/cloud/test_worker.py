"""Clips that a worker of one's own makes: drop → queue → worker → callback → finish → library.

The worker is the real one, on the processor; its models are tiny and have random weights.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_cloud.sessions import environment_for
from tests.cloud.town import Town, wait_until
from tests.pipeline.house import picture

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.gpu,
    pytest.mark.skipif(
        not (importlib.util.find_spec("torch") or os.environ.get("CI")), reason="needs `make gpu`"
    ),
]

WAN, LTX = "wan2.2-i2v-a14b", "ltx-video-0.9.8-13b"
LEASE_SEC = 6
PATIENCE_SEC = 300.0
"""A model on a processor, beside everything else that a test machine does."""

QUEUE = "WorkerRtx4090QueueUrl"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.gpu.tiny import build_tiny  # noqa: PLC0415 - torch

    folder = tmp_path_factory.mktemp("weights")
    for model in (WAN, LTX):
        build_tiny(model, folder / model)
    return folder


@contextmanager
def worker(
    town: Town, weights: Path, log: Path, gpus: str = "cpu"
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as its owner starts it; at the end of the block it is told to stop, and does."""
    url = town.deployment.outputs[QUEUE]
    command = [sys.executable, "-m", "gpu_functions.worker", "--queue", url, "--gpus", gpus]
    command += ["--weights", str(weights), "--small", "--lease-sec", str(LEASE_SEC)]
    environment = {**os.environ, **environment_for(town.deployment.endpoint)}
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            yield process
            if process.poll() is None:
                process.terminate()
                assert process.wait(120) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()
            print(log.read_text())


def clip(name: str, model: str, **more: Any) -> dict[str, Any]:
    return {
        "image_path": name,
        "operation": "image_to_video",
        "route": [model],
        "motion": {"type": "zoom_in", "duration_sec": 1.0},
        "finish": {"fps": 24},
        **more,
    }


def drop(town: Town, batch: str, *clips: dict[str, Any]) -> None:
    pictures: dict[str, bytes | dict[str, Any]] = {
        each["image_path"]: picture(640, 360, seed=90) for each in clips
    }
    town.drop(batch, pictures)
    town.put(batch, "manifest.json", {"keyframes": list(clips)})


def records(town: Town, batch: str) -> list[dict[str, Any]]:
    """What was heard of the batch's jobs on our GPUs."""
    table = town.session.resource("dynamodb").Table(town.deployment.state_table)
    rows = table.scan()["Items"]
    jobs = {
        row["pk"]
        for row in rows
        if row["sk"] == "job" and json.loads(row["document"])["batch_id"] == batch
    }
    return [json.loads(row["document"]) for row in rows if row["sk"] == "gpu" and row["pk"] in jobs]


def is_published(town: Town, batch: str, stem: str) -> bool:
    return f"{stem}.video_meta.json" in town.library(batch)


def accepted(town: Town, batch: str, *stems: str) -> None:
    """Wait for the clips, and take a person's word for them.

    Models with random weights paint noise, and the inspection is right that it is no clip of the
    keyframe; everything else about it must be well.
    """
    for stem in stems:  # one after the other: each word begins the batch's run anew
        town.ended(batch, patience_sec=PATIENCE_SEC)
        shown = town.clips(batch)[stem]
        assert shown["status"] == "needs_review", town.answer(batch, "_ERRORS.md")
        town.put(batch, f"{stem}.review.json", {"verdict": "approve", "by": "the test"})
        wait_until(
            partial(is_published, town, batch, stem),
            f"{stem} in the library",
            lambda: town.answer(batch, "_status.json"),
            patience_sec=PATIENCE_SEC,
        )


def test_two_families_go_the_whole_way_on_a_box_with_two_gpus(
    town: Town, weights: Path, tmp_path: Path
) -> None:
    batch = "own-box"
    with worker(town, weights, tmp_path / "worker.log", gpus="cpu,cpu"):
        words = {"prompt": "gulls over a harbour"}
        drop(town, batch, clip("a.png", WAN, **words), clip("b.png", LTX, **words))
        accepted(town, batch, "a", "b")
    for stem, model in (("a", WAN), ("b", LTX)):
        meta = json.loads(town.published(batch, f"{stem}.video_meta.json"))
        settings, run = meta["generation_settings"], meta["generation_settings"]["run"]
        assert (settings["model"], settings["engine"]) == (model, "worker")
        assert (run["gpu_class"], run["recipe"]) == ("rtx4090", "cpu_float32")
        assert run["gpu"].startswith("CPU"), "what was asked for and what it ran on"
        assert isinstance(run["settings"]["seed"], int), "decided, though nobody asked"
        assert run["gpu_seconds"] > 0
        assert run["interpolation"] == "minterpolate"
        assert meta["video"]["frame_count"] == 24
        assert meta["cost"]["model_usd"] == 0
        changed = {each["field"] for each in meta["deviations"]}
        assert {"generated_size", "generated_width"} <= changed
        assert f"{stem}.mp4" in town.library(batch)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_worker_that_is_killed_in_the_middle_is_replaced_and_the_clip_is_made_once(
    town: Town, weights: Path, tmp_path: Path
) -> None:
    batch = "killed-box"
    with worker(town, weights, tmp_path / "first.log") as first:
        drop(town, batch, clip("a.png", LTX, prompt="gulls", generation_params={"seed": 0}))
        wait_until(lambda: bool(records(town, batch)), "a claim", patience_sec=PATIENCE_SEC)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with worker(town, weights, tmp_path / "second.log"):
            accepted(town, batch, "a")
    claims = sorted(record["claims"] for record in records(town, batch))
    assert claims == [1, 2], (
        "taken over once, and once more with another seed (it failed inspection)"
    )
    assert {name for name in town.library(batch) if name.endswith(".mp4")} == {
        "a.mp4",
        "a.proxy.mp4",
    }
