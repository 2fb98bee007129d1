"""From the documents of a batch's jobs to the last report."""

import argparse
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.gpu_batch.batch import Batch
from bench.gpu_batch.driver import driver_samples
from bench.gpu_batch.queue import MemoryQueue, Message
from bench.gpu_batch.stand_ins import KEYFRAME, BatchTools
from gpu_functions.interpolation.tools import RIFE_FILE
from gpu_functions.runner.device import CPU
from gpu_functions.worker.foreman import Foreman, deliverers_for
from gpu_functions.worker.scratch import own_scratch
from shared.catalog import find_model
from shared.gpu_jobs.decide import decide
from shared.gpu_jobs.document import GpuJob, Settings, Target
from shared.gpu_jobs.report import Report, RunOutcome, Span
from shared.jobs.request import Delivery
from shared.motion.defaults import largest_crop
from shared.pipeline.views import view
from tests.gpu.requests import small_request
from tests.gpu_jobs.desk import gpu_job
from tests.runner.town import RunnerTown, runner_town

FPS, DURATION_SEC = 30, 4.0
TOY_STEPS, TOY_SECONDS = 60, 0.5
LEASE_SEC, PATIENCE_SEC = 30.0, 1200.0
AS_ON_A_GPU = deliverers_for(["0"])


@cache
def keyframe(size: tuple[int, int]) -> bytes:
    """A photograph's view at the clip's size, as the pipeline gives it to a model."""
    with Image.open(KEYFRAME) as picture:
        rgb = np.asarray(picture.convert("RGB"))
    height, width = rgb.shape[:2]
    return view(rgb, largest_crop(width / height, size[0] / size[1]), size)


def jobs_of(model: str, clips: int, device: str, options: argparse.Namespace) -> list[GpuJob]:
    """The documents of a batch, one clip warming up before it; addresses are the towns' affair."""
    data = keyframe(options.delivered)
    made = []
    for place in range(clips + 1):
        town = RunnerTown()
        town.files["keyframe.png"] = data
        settings, target = (
            _toy(model) if device == CPU and not options.asleep else _real(model, place, options)
        )
        settings = settings.model_copy(update={"seed": place})
        facts = {"model": model, "settings": settings, "target": target}
        made.append(town.job(**facts, gpu_class=options.gpu_class, job_id=f"{place:032x}"))
    return made


def _toy(model: str) -> tuple[Settings, Target]:
    request = small_request(model)
    settings = Settings(
        width=request.width,
        height=request.height,
        num_frames=request.num_frames,
        native_fps=str(request.fps),
        seed=0,
        prompt=request.prompt,
        steps=TOY_STEPS,
    )
    count = round(TOY_SECONDS * FPS)
    used = request.num_frames
    target = Target(fps=str(FPS), frame_count=count, duration_sec=TOY_SECONDS, used_frames=used)
    return settings, target


def _real(model: str, place: int, options: argparse.Namespace) -> tuple[Settings, Target]:
    """As the product decides it for a clip of four seconds at 30 frames a second."""
    row = find_model(model)
    assert row is not None
    width, height = options.delivered
    steps = {"num_inference_steps": options.steps} if options.steps else {}
    job = gpu_job(
        model,
        duration_sec=DURATION_SEC,
        prompt="steam over a cup",
        resolution=options.resolution or None,
        params=steps,
        guidance=options.guidance,
        delivery=Delivery(width=width, height=height, fps=str(FPS), duration_sec=DURATION_SEC),
    )
    decided = decide(job, row)
    return decided.settings, decided.target


def run_batch(model: str, gpus: Sequence[str], options: argparse.Namespace) -> Batch:
    """One batch, from an empty process to the last report."""
    device = CPU if CPU in gpus else "cuda"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dropreel-batch-")))
        scratch = stack.enter_context(own_scratch(folder / "scratch"))
        weights = folder / "weights"
        if not options.asleep:
            _write_weights(weights, model, device)
        towns, messages = [], []
        for job in jobs_of(model, options.clips, device, options):
            town = stack.enter_context(runner_town())
            town.row = gpu_job(model).model_copy(update={"job_id": job.job_id})
            town.files["keyframe.png"] = keyframe(options.delivered)
            town.late_sec = options.late
            said = town.job(**_facts(job))
            towns.append(town)
            messages.append(Message(said.message()))
        tools = BatchTools(
            weights,
            scratch,
            options.gpu_class,
            options.relative,
            options.levers,
            options.asleep,
        )
        foreman = Foreman(
            MemoryQueue(messages),
            tuple(gpus),
            tools,
            deliverers=AS_ON_A_GPU if options.asleep else deliverers_for(gpus),
            lease_sec=LEASE_SEC,
            poll_sec=1,
        )
        samples = [] if CPU in gpus else stack.enter_context(driver_samples(gpus[0]))
        working = threading.Thread(target=foreman.run)
        working.start()
        until = time.monotonic() + PATIENCE_SEC
        while not all(each.done for each in messages) and time.monotonic() < until:
            time.sleep(0.1)
        foreman.drain()
        working.join()
    reports = [town.report for town in towns]
    return _batch(model, gpus, [report for report in reports if report], samples, options)


def _facts(job: GpuJob) -> dict[str, Any]:
    names = ("job_id", "model", "gpu_class", "settings", "target")
    return {name: getattr(job, name) for name in names}


def _write_weights(folder: Path, model: str, device: str) -> None:
    """RIFE of random weights; on a processor the tiny model as well, which is read from disk."""
    import torch  # noqa: PLC0415 - the children have their own

    from gpu_functions.interpolation.ifnet import SHAPES, IFNet  # noqa: PLC0415
    from tests.gpu.tiny import build_tiny  # noqa: PLC0415

    file = folder / RIFE_FILE
    file.parent.mkdir(parents=True)
    torch.manual_seed(1)
    torch.save(IFNet(SHAPES["4.26"]).state_dict(), file)
    if device == CPU:
        build_tiny(model, folder / model)


def _batch(
    model: str,
    gpus: Sequence[str],
    reports: Sequence[Report],
    samples: Sequence[tuple[float, float]],
    options: argparse.Namespace,
) -> Batch:
    for report in reports:
        assert report.outcome is RunOutcome.SUCCEEDED, f"{report.error}: {report.message}"
    assert len(reports) == options.clips + 1
    ordered = sorted(reports, key=lambda report: _generating(report).began)
    cold, runs = ordered[0], ordered[1:]
    has = cold.settings
    clip = f"{has['width']}×{has['height']}, {has['num_frames']} frames, {_steps(has)} steps"
    made = cold.made
    assert made is not None
    return Batch(
        model=model,
        clip=f"{clip} → {made.frame_count} at {made.fps}",
        gpus=gpus,
        gpu_class=options.gpu_class,
        device=cold.gpu,
        runs=runs,
        cold=cold,
        busy_percent=samples,
        relative=options.relative,
        note=options.note,
        asleep=options.asleep,
        plain=not (options.relative or options.levers or options.guidance or options.asleep),
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        libraries=_libraries(),
    )


def _steps(settings: Mapping[str, Any]) -> Any:
    return settings["steps"]


def _generating(report: Report) -> Span:
    return next(span for span in report.spans if span.what in ("first_step", "generating"))


def _libraries() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers"))
