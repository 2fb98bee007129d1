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

from gpu_functions.weights.folder import weights_folder
from local_cloud.sessions import environment_for
from shared.aws.ledger import DynamoLedger
from shared.budget.project import Project
from shared.routing.policy import Policy
from tests.cloud.town import PROJECT, Town, wait_until
from tests.pipeline.house import picture

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.gpu,
    pytest.mark.skipif(
        not (importlib.util.find_spec("torch") or os.environ.get("CI")), reason="needs `make gpu`"
    ),
]

WAN, LTX = "wan2.2-i2v-a14b", "ltx-video-0.9.8-13b"
FOUR_STEPS = "wan2.2-i2v-a14b-4step"
LEASE_SEC = 6
PATIENCE_SEC = 600.0
"""A model on a processor, beside everything else that a test machine does."""

QUEUE = "WorkerRtx4090QueueUrl"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.gpu.tiny import build_tiny  # noqa: PLC0415 - torch

    folder = tmp_path_factory.mktemp("weights")
    for model in ONE_OF_EACH.values():
        build_tiny(model, weights_folder(folder, model))
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


ONE_OF_EACH = {
    "animatediff": "animatediff",
    "cogvideox": "cogvideox1.5-5b-i2v",
    "hunyuan": "hunyuanvideo-i2v",
    "hunyuan15": "hunyuanvideo-1.5-i2v",
    "kandinsky": "kandinsky-5-i2v-pro",
    "ltx": LTX,
    "ltx2": "ltx-2.5",
    "ltx2b": "ltx-video-2b",
    "lightning": FOUR_STEPS,
    "mochi": "mochi-1",
    "svd": "stable-video-diffusion-xt-1.1",
    "wan": WAN,
    "zeroscope": "zeroscope-v2-576w",
}
"""Families by the name of their clip, and models whose weights are put together."""

STRATEGIES = {
    **dict.fromkeys(("lightning", "ltx", "ltx2b", "wan"), "start_end_crop"),
    **dict.fromkeys(("mochi", "zeroscope"), "words"),
}
FROM_WORDS = ("mochi", "zeroscope")
WITHOUT_WORDS = ("svd",)


@pytest.fixture
def lenient(town: Town) -> Iterator[None]:
    """What models with random weights paint is not made again, and Zeroscope's is not sold."""
    books = DynamoLedger(town.session.client("dynamodb"), town.deployment.state_table)
    before = books.project(PROJECT) or Project(
        name=PROJECT, monthly_budget=100_000_000, policy=Policy(allow_unverified_prices=True)
    )
    policy = before.policy.model_copy(update={"regenerations": 0, "commercial": False})
    books.save_project(before.model_copy(update={"policy": policy}))
    yield
    now = books.project(PROJECT)
    assert now is not None
    books.save_project(now.model_copy(update={"policy": before.policy}))


def family_clip(name: str, model: str) -> dict[str, Any]:
    named = {"image_path": f"{name}.png"} if name not in FROM_WORDS else {"name": name}
    made_by = "image_to_video" if name not in FROM_WORDS else "text_to_video"
    words = {} if name in WITHOUT_WORDS else {"prompt": "gulls over a harbour"}
    short = {"type": "zoom_in", "duration_sec": 1.0} if name not in FROM_WORDS else {}
    return {
        **named,
        **words,
        "operation": made_by,
        "route": [model],
        "motion": short or {"duration_sec": 1.0},
        "finish": {"fps": 24},
    }


def test_a_clip_of_every_family_goes_the_whole_way_on_a_box_with_two_gpus(
    town: Town, weights: Path, lenient: None, tmp_path: Path
) -> None:
    batch, clips = "families", [family_clip(*each) for each in ONE_OF_EACH.items()]
    keyframes: dict[str, bytes | dict[str, Any]] = {
        each["image_path"]: picture(640, 360, seed=90) for each in clips if "image_path" in each
    }
    with worker(town, weights, tmp_path / "worker.log", gpus="cpu,cpu"):
        town.drop(batch, keyframes)
        town.put(batch, "manifest.json", {"keyframes": clips})
        town.ended(batch, patience_sec=PATIENCE_SEC)
        states = {stem: each["status"] for stem, each in town.clips(batch).items()}
        assert set(states.values()) <= {"needs_review", "done"}, town.answer(batch, "_ERRORS.md")
        for stem in (stem for stem, state in states.items() if state == "needs_review"):
            town.put(batch, f"{stem}.review.json", {"verdict": "approve", "by": "the test"})
        for stem in ONE_OF_EACH:
            wait_until(
                partial(is_published, town, batch, stem),
                f"{stem} in the library",
                lambda: town.answer(batch, "_status.json"),
                patience_sec=PATIENCE_SEC,
            )
    for stem, model in ONE_OF_EACH.items():
        meta = json.loads(town.published(batch, f"{stem}.video_meta.json"))
        settings = meta["generation_settings"]
        assert (settings["model"], settings["engine"]) == (model, "worker")
        run = settings["run"]
        assert (run["gpu_class"], run["recipe"]) == ("rtx4090", "cpu_float32")
        assert run["gpu"].startswith("CPU"), "what was asked for and what it ran on"
        assert isinstance(run["settings"]["seed"], int), "decided, though nobody asked"
        assert run["gpu_seconds"] > 0
        assert run["interpolation"] == "minterpolate"
        assert meta["cost"]["model_usd"] == 0
        assert "generated_size" in {each["field"] for each in meta["deviations"]}
        assert meta["video"]["frame_count"] == 24
        assert meta["video"]["has_sound"] == (stem == "ltx2")
        assert settings["camera_strategy"] == STRATEGIES.get(stem, "virtual_camera"), stem


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_worker_that_is_killed_in_the_middle_is_replaced_and_the_clip_is_made_once(
    town: Town, weights: Path, lenient: None, tmp_path: Path
) -> None:
    batch = "killed-box"
    with worker(town, weights, tmp_path / "first.log") as first:
        drop(town, batch, clip("a.png", LTX, prompt="gulls", generation_params={"seed": 0}))
        wait_until(lambda: bool(records(town, batch)), "a claim", patience_sec=PATIENCE_SEC)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with worker(town, weights, tmp_path / "second.log"):
            accepted(town, batch, "a")
    assert [record["claims"] for record in records(town, batch)] == [2], "taken over once"
    assert {name for name in town.library(batch) if name.endswith(".mp4")} == {
        "a.mp4",
        "a.proxy.mp4",
    }
