"""The runner at Modal: GPUs rented for as long as a job runs.

    modal deploy -m gpu_functions.modal_app
    modal run -m gpu_functions.modal_app::pull --model wan2.2-ti2v-5b     weights, on a processor
    modal run -m gpu_functions.modal_app::check --model wan2.2-ti2v-5b    one warm-up, and its facts
    modal run -m gpu_functions.modal_app::prepare --model wan2.2-ti2v-5b  its usual sizes, compiled

Everything that matters is in `gpu_functions.runner`; here stands only on what it runs. Each model
has containers of its own, so that a warm one has the right weights loaded.
"""

import asyncio
import os
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import modal

from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.gpu import GpuTier, tiers
from shared.gpu_jobs.modal import OF_MODAL

MINUTES = 60
PYTHON = "3.12"
TORCH = "torch==2.13.0"
REQUIREMENTS = Path(__file__).parents[1] / "requirements"
OURS = ("av", "httpx", "numpy", "pillow", "pydantic")
"""What the runner itself needs, at the versions that everything else was tested with."""

WEIGHTS = os.environ.get("DROPREEL_WEIGHTS", "/weights")
COMPILED = os.environ.get("DROPREEL_COMPILED", "/compiled")
LEASE_SEC = 120.0

weights = modal.Volume.from_name("dropreel-weights", create_if_missing=True)
compiled = modal.Volume.from_name("dropreel-compiled", create_if_missing=True)
hugging_face = modal.Secret.from_name("dropreel-hugging-face")
"""`HF_TOKEN`, for gated repositories; may be an empty secret."""


def _pins(*names: str) -> list[str]:
    """`name==version` from the lock, without the conditions that are not this machine's."""
    lines = (REQUIREMENTS / "dev.lock").read_text().splitlines()
    found = {
        line.partition("==")[0]: line.partition(";")[0].strip() for line in lines if "==" in line
    }
    return [found[name] for name in names]


def _image() -> modal.Image:
    base = modal.Image.debian_slim(python_version=PYTHON)
    if modal.is_local():  # in a container there is no lock to read, and nothing to build
        # triton builds its launchers with a C compiler
        base = (
            base.apt_install("gcc", "libc6-dev")
            .uv_pip_install(TORCH, *_pins(*OURS))
            .uv_pip_install(requirements=[str(REQUIREMENTS / "gpu.lock")])
        )
    return base.env(
        {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}
    ).add_local_python_source("gpu_functions", "shared", ignore=["**/*.pyc"])


image = _image()
app = modal.App("dropreel", image=image)


def on(tier: GpuTier, *, at_most: int) -> dict[str, Any]:
    """What a class of GPU is at Modal.

    One input a container, since a video fills a GPU. One retry, for a GPU that was lost: a
    preempted run is begun anew by Modal itself, and its claim is known to be the same.
    """
    return {
        "gpu": list(tier.modal),
        "volumes": {WEIGHTS: weights.with_mount_options(read_only=True), COMPILED: compiled},
        "env": {"HF_HUB_OFFLINE": "1", "DROPREEL_GPU_CLASS": tier.gpu_class},
        "timeout": tier.job_limit_sec,
        "startup_timeout": 15 * MINUTES,
        "scaledown_window": 4 * MINUTES,
        "max_containers": at_most,
        "retries": 1,
        "enable_memory_snapshot": True,
    }


def see_new_weights(model: str) -> None:
    """A container sees the volume as it was when it started, not what was pulled since."""
    from gpu_functions.weights.check import weights_problems  # noqa: PLC0415
    from gpu_functions.weights.folder import weights_folder  # noqa: PLC0415

    there = weights_problems(model, weights_folder(Path(WEIGHTS), model))
    if not modal.is_local() and any(there):
        weights.reload()


class _Gpu:
    """What all classes of GPU have in common."""

    model: str

    @modal.enter(snap=True)
    def import_libraries(self) -> None:
        """Twenty thousand small files: read once, kept in the memory snapshot."""
        from gpu_functions.worker.child import quiet_logging  # noqa: PLC0415

        quiet_logging()
        import diffusers  # noqa: PLC0415
        import torch  # noqa: F401, PLC0415

        diffusers.utils.logging.disable_progress_bar()

    @modal.enter(snap=False)
    def meet_the_gpu(self) -> None:
        """After the snapshot, since none was there before."""
        began = time.perf_counter()
        import torch  # noqa: PLC0415

        from gpu_functions.runner.device import place_of  # noqa: PLC0415
        from gpu_functions.worker.overlapped import Overlapped  # noqa: PLC0415
        from gpu_functions.worker.tools import WorkerTools  # noqa: PLC0415

        small = os.environ.get("DROPREEL_SMALL") == "1"
        device = "cuda:0" if torch.cuda.is_available() else "cpu"
        tools_for = WorkerTools.of(Path(WEIGHTS), small=small, compiled=Path(COMPILED))
        kept = None if modal.is_local() else compiled.commit
        self.tools = replace(tools_for, kept=kept)(device)
        self.overlapped = Overlapped(place_of(device), tools_for)
        # what came before, Modal's own clock alone can tell: this process may be a restored one
        self.tools.models.ready_sec = time.perf_counter() - began

    @modal.exit()
    def send_children_away(self) -> None:
        """Those that hand on."""
        self.overlapped.stop()

    @modal.method()
    def run(self, document: dict[str, Any]) -> dict[str, Any]:
        """One job, from its document to its report; both are plain values."""
        from gpu_functions.runner.rented import run_rented  # noqa: PLC0415

        see_new_weights(self.model)
        call = modal.current_function_call_id() or uuid.uuid4().hex
        job = GpuJob.model_validate(document)
        return run_rented(job, f"{OF_MODAL}{call}", self.tools, lease_sec=LEASE_SEC)

    @modal.method()
    async def run_beside(self, document: dict[str, Any]) -> dict[str, Any]:
        """As `run`, while other jobs are in this container: called with input concurrency.

        It is no plain function, for Modal shuts the container down when one of several plain calls
        is cancelled. A cancelled job's thread hears of it at its next beat or step, and ends.
        """
        return await asyncio.to_thread(self._run_beside, document, modal.current_function_call_id())

    def _run_beside(self, document: dict[str, Any], call: str | None) -> dict[str, Any]:
        from gpu_functions.runner.rented import run_rented  # noqa: PLC0415

        see_new_weights(self.model)
        job = GpuJob.model_validate(document)
        return run_rented(
            job,
            f"{OF_MODAL}{call or uuid.uuid4().hex}",
            self.tools,
            lease_sec=LEASE_SEC,
            halves=self.overlapped,
            clock=self.overlapped.clock,
        )

    @modal.method()
    def warm(self) -> dict[str, Any]:
        """Load the model, and tell what that took."""
        from gpu_functions.runner.device import device_name, peak_gib  # noqa: PLC0415

        see_new_weights(self.model)
        models = self.tools.models
        recipe = models.recipes(self.model, os.environ.get("DROPREEL_GPU_CLASS", "cpu"))[0]
        started = time.perf_counter()
        models.ready(self.model, recipe)
        return {
            "model": self.model,
            "gpu": device_name(models.device),
            "recipe": recipe.name,
            "load_seconds": round(time.perf_counter() - started, 1),
            "peak_vram_gb": peak_gib(models.device),
        }

    @modal.method()
    def compile(self, sizes: list[str]) -> list[dict[str, Any]]:
        """Make clips of these sizes (`832x480x81`; the usual ones if none), and keep the code."""
        from gpu_functions.runner.preparing import prepare, sizes_to_prepare  # noqa: PLC0415
        from shared.catalog.catalog import find_model  # noqa: PLC0415

        see_new_weights(self.model)
        row = find_model(self.model)
        if row is None:
            raise ValueError(f"the catalogue has no model `{self.model}`")
        wanted = sizes_to_prepare(row, sizes)
        gpu_class = os.environ.get("DROPREEL_GPU_CLASS", "cpu")
        return [
            {"size": str(each.size), "recipe": each.recipe}
            | {"first_sec": each.first_sec, "again_sec": each.again_sec}
            for each in prepare(self.tools.models, row, gpu_class, wanted)
        ]


@app.cls(**on(tiers()["rtx4090"], at_most=10))
class Rtx4090(_Gpu):
    """24 GB class; Modal rents no 4090, an L40S is the same generation."""

    model: str = modal.parameter()


@app.cls(**on(tiers()["a100"], at_most=6))
class A100(_Gpu):
    """80 GB class without fp8."""

    model: str = modal.parameter()


@app.cls(**on(tiers()["h100"], at_most=4))
class H100(_Gpu):
    """80 GB class with fp8."""

    model: str = modal.parameter()


CLASSES: dict[str, Any] = {"rtx4090": Rtx4090, "a100": A100, "h100": H100}


@app.function(
    volumes={WEIGHTS: weights}, secrets=[hugging_face], timeout=180 * MINUTES, cpu=4, memory=8192
)
def pull(model: str, revision: str = "") -> str:
    """Fill the volume with a model's weights: no GPU waits for it.

    `revision` is a commit, or `part=commit,part=commit` for a model of several repositories; left
    out, the pinned or recorded one counts, then the newest, which is recorded.
    """
    from gpu_functions.weights.folder import weights_folder  # noqa: PLC0415
    from gpu_functions.weights.pull import named_revisions, pull_weights  # noqa: PLC0415
    from shared.catalog.catalog import find_model  # noqa: PLC0415

    row = find_model(model)
    if row is None or not row.recipes:
        raise ValueError(f"no model of our own GPUs is called `{model}`")
    folder = weights_folder(Path(WEIGHTS), row.id)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        pull_weights(row, folder, revisions=named_revisions(revision.split(",")), tell=print)
    finally:
        weights.commit()  # what was fetched stays, and the next run goes on from there
    return str(folder)


@app.local_entrypoint()
def check(model: str, gpu: str = "rtx4090") -> None:
    """Warm one container up, twice: the first time is what a cold start costs."""
    box = CLASSES[gpu](model=model)
    for time_of in ("cold", "warm"):
        started = time.perf_counter()
        facts = box.warm.remote()
        print(f"{time_of}: {time.perf_counter() - started:.1f} s in all, {facts}")


@app.local_entrypoint()
def prepare(model: str, gpu: str = "h100", sizes: str = "") -> None:
    """Have a model's sizes compiled before a batch; `--sizes 832x480x81,480x832x81` for others."""
    wanted = [each.strip() for each in sizes.split(",") if each.strip()]
    for facts in CLASSES[gpu](model=model).compile.remote(wanted):
        print(facts)
