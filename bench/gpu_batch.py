"""A batch of clips through the worker: is the GPU ever idle, and what does a finished clip cost?

    python -m bench.gpu_batch                             # on whatever device there is
    python -m bench.gpu_batch --models ltx-video-0.9.8-13b --keep FILE.json
    python -m bench.gpu_batch --read FILE.json --write    # the page of runs that were kept

The real worker takes the jobs from a queue in memory, claims them by signed callbacks, reads the
keyframe and writes result and report over HTTP. One of its processes generates, the other brings
the frames to 30 a second, encodes and uploads. The first clip warms up and is the cold start; the
others are on the clock.

On a GPU models have their real size and random weights, made there. What they paint is no picture
and would be encoded in no picture's time, so a moving photograph is handed on in its place; RIFE
interpolates with random weights. On a processor all is tiny: the way is the same, and no figure
means anything. `--gpus 0,1` gives each half a GPU of its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.seconds import keep
from bench.timeline import Window, generating_window, idle_share, timeline, whole_window
from gpu_functions.generators.contract import (
    FramesUnusable,
    GeneratedFrames,
    GenerationRequest,
    Generator,
    OnStep,
    Recipe,
    Room,
    Shape,
)
from gpu_functions.generators.rooms import in_memory
from gpu_functions.interpolation.tools import RIFE_FILE
from gpu_functions.interpolation.tools import Tools as InterpolationTools
from gpu_functions.runner.models import Models
from gpu_functions.runner.retime import Retime
from gpu_functions.runner.run import Tools
from gpu_functions.worker.foreman import Foreman, deliverers_for
from gpu_functions.worker.scratch import own_scratch
from shared.catalog import find_model
from shared.catalog.clip_seconds import Basis, ClipSeconds
from shared.catalog.recipes import recipes_for
from shared.gpu_jobs.decide import decide
from shared.gpu_jobs.document import GpuJob, Settings, Target
from shared.gpu_jobs.gpu import modal_prices, tiers, usd_per_second
from shared.gpu_jobs.report import Report, RunOutcome, Span
from shared.jobs.request import Delivery
from tests.gpu.requests import small_request
from tests.gpu_jobs.desk import gpu_job
from tests.runner.town import RunnerTown, runner_town

CHECKOUT = Path(__file__).parents[1]
PARTS = CHECKOUT / "docs" / "benchmarks"
PAGE = PARTS / "gpu-batch.md"
KEYFRAME = CHECKOUT / "examples" / "first-batch" / "coffee.png"
COMMAND = "python -m bench.gpu_batch"
CPU = "cpu"
CLIPS, FPS, DURATION_SEC, DELIVERED = 10, 30, 4.0, (1024, 576)
TOY_MODEL, TOY_STEPS, TOY_SECONDS = "wan2.2-ti2v-5b", 60, 0.5
LEASE_SEC, PATIENCE_SEC = 30.0, 1200.0
COLD_SHARED_BY = 50


@dataclass(frozen=True)
class Batch:
    """One batch that ran.

    Attributes
    ----------
    runs : reports of the clips on the clock, in the order of their generation; `cold`: the first.
    busy_percent : what the driver says: samples of the share of time in which a kernel ran.
    relative : name in `bench.gpu_sizes` of what stood for the model, if anything did.
    note : how it differs from the model's own way.
    plain : the catalogue's model, recipe and guidance: its seconds are kept for estimates.
    """

    model: str
    clip: str
    gpus: Sequence[str]
    gpu_class: str
    device: str
    runs: Sequence[Report]
    cold: Report
    busy_percent: Sequence[tuple[float, float]] = ()
    relative: str = ""
    note: str = ""
    plain: bool = True
    day: str = ""
    libraries: str = ""

    @property
    def name(self) -> str:
        """What really ran."""
        return f"{self.model}, {self.relative} in its place" if self.relative else self.model

    @property
    def maker(self) -> str:
        return self.gpus[0]

    @property
    def clip_sec(self) -> float:
        """Wall seconds a clip, from the first one's call of the model to the last one's upload."""
        return whole_window(self.runs).seconds / len(self.runs)

    @property
    def generating_sec(self) -> float:
        return statistics.median(run.seconds["generating"] for run in self.runs)

    @property
    def handing_on_sec(self) -> float:
        stages = ("interpolating", "encoding", "uploading")
        return statistics.median(sum(run.seconds[each] for each in stages) for run in self.runs)

    @property
    def driver_idle(self) -> float | None:
        """The share of the generating window in which no kernel ran, by the driver's samples."""
        window = generating_window(self.runs)
        inside = [
            share for at, share in self.busy_percent if window.began + 1 <= at <= window.ended
        ]
        return 1 - statistics.fmean(inside) / 100 if inside else None

    def idle(self, window: Window) -> float:
        return idle_share(self.runs, self.maker, window)


@dataclass
class Message:
    """A message of the queue in memory."""

    body: str
    hidden_until: float = 0.0
    done: bool = False

    def hide(self, seconds: float) -> None:
        self.hidden_until = time.monotonic() + seconds

    def delete(self) -> None:
        self.done = True


@dataclass
class Line:
    """The queue: in memory, so that waiting for AWS is no part of what is measured."""

    messages: list[Message]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pull(self, *, wait_sec: int, hide_sec: float) -> Message | None:
        until = time.monotonic() + wait_sec
        while time.monotonic() < until:
            with self.lock:
                for each in self.messages:
                    if not each.done and time.monotonic() >= each.hidden_until:
                        each.hide(hide_sec)
                        return each
            time.sleep(0.02)
        return None


class RealSize:
    """A generator whose random weights are made on the GPU, and whose frames are a photograph's.

    Parameters
    ----------
    relative : name in `bench.gpu_sizes` of a relative that stands for the model.
    """

    def __init__(self, generator: Any, relative: str) -> None:
        self._generator, self._relative = generator, relative
        self._film: dict[tuple[int, ...], NDArray[np.uint8]] = {}

    def load(self, weights: Path, recipe: Recipe, device: str) -> None:
        from bench import gpu_sizes  # noqa: PLC0415 - torch is for the child
        from bench.gpu import of_drawn, real_pipeline  # noqa: PLC0415

        real = {"real": getattr(gpu_sizes, self._relative)} if self._relative else {}
        pipeline = real_pipeline(self._generator.row.id, recipe, device, **real)
        self._generator.hold(pipeline, of_drawn(recipe), device)

    def generate(
        self, request: GenerationRequest, on_step: OnStep, room: Room = in_memory
    ) -> GeneratedFrames:
        film = self._moving(request)

        def filmed(_: Shape, pieces: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
            return room(film.shape, _instead(pieces, film))

        try:
            made = self._generator.generate(request, on_step, filmed)
        except FramesUnusable:  # random weights may well decode to one colour, in the same time
            made = GeneratedFrames(frames=room(film.shape, [film]), fps=request.fps)
        return replace(made, deviations=())

    def _moving(self, request: GenerationRequest) -> NDArray[np.uint8]:
        """A slow move over the keyframe; made once."""
        shape = (request.num_frames, request.height, request.width)
        if shape not in self._film:
            count, height, width = shape
            with Image.open(KEYFRAME) as picture:
                wide = picture.convert("RGB").resize((width + count, height + count))
            pixels = np.asarray(wide)
            frames = [pixels[i : i + height, i : i + width] for i in range(count)]
            self._film[shape] = np.stack(frames)
        return self._film[shape]


def _instead(
    pieces: Iterable[NDArray[np.uint8]], film: NDArray[np.uint8]
) -> Iterator[NDArray[np.uint8]]:
    """So many frames of the film for each piece, when the piece is there."""
    at = 0
    for piece in pieces:
        yield film[at : at + len(piece)]
        at += len(piece)


@dataclass(frozen=True)
class BatchTools:
    """A child's tools; travels to it by pickle.

    Attributes
    ----------
    weights : folder with RIFE's file, and on a processor the tiny model's folder.
    levers : beside those of the recipe.
    """

    weights: Path
    scratch: Path
    gpu_class: str
    relative: str = ""
    levers: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, device: str) -> Tools:
        def opened(model: str) -> Generator:
            from gpu_functions.generators.registry import open_generator  # noqa: PLC0415

            generator = open_generator(model)
            return generator if device == CPU else RealSize(generator, self.relative)

        models = Models(
            weights=lambda model: self.weights / model,
            device=device,
            open_generator=opened,
            recipes_for=self._recipes,
        )
        retime = Retime(InterpolationTools(weights=self.weights, device=device))
        return Tools(
            models=models, interpolate=retime, warm_up=retime.warm_up, scratch=self.scratch
        )

    def _recipes(self, model: str, gpu_class: str) -> tuple[Recipe, ...]:
        return tuple(
            recipe.model_copy(update={"levers": {**recipe.levers, **self.levers}})
            for recipe in recipes_for(model, gpu_class)
        )


def jobs_of(model: str, clips: int, device: str, options: argparse.Namespace) -> list[GpuJob]:
    """The documents of a batch, one clip warming up before it; addresses are the towns' affair."""
    data = KEYFRAME.read_bytes()
    made = []
    for place in range(clips + 1):
        town = RunnerTown()
        town.files["keyframe.png"] = data
        settings, target = _toy(model) if device == CPU else _real(model, place, options)
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
        weights = _weights(folder / "weights", model, device)
        towns, messages = [], []
        for job in jobs_of(model, options.clips, device, options):
            town = stack.enter_context(runner_town())
            town.row = gpu_job(model).model_copy(update={"job_id": job.job_id})
            town.files["keyframe.png"] = KEYFRAME.read_bytes()
            said = town.job(**_facts(job))
            towns.append(town)
            messages.append(Message(said.message()))
        tools = BatchTools(weights, scratch, options.gpu_class, options.relative, options.levers)
        foreman = Foreman(
            Line(messages),
            tuple(gpus),
            tools,
            deliverers=deliverers_for(gpus),
            lease_sec=LEASE_SEC,
            poll_sec=1,
        )
        samples = stack.enter_context(_driver(gpus))
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


def _weights(folder: Path, model: str, device: str) -> Path:
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
    return folder


@contextmanager
def _driver(gpus: Sequence[str]) -> Iterator[list[tuple[float, float]]]:
    """The driver's samples of the first GPU: moment, percent of the time with a kernel."""
    samples: list[tuple[float, float]] = []
    if CPU in gpus:
        yield samples
        return
    asked = "--query-gpu=utilization.gpu"
    command = ["nvidia-smi", "-i", gpus[0], asked, "--format=csv,noheader,nounits", "-lms", "200"]
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def listen() -> None:
        for line in asking.stdout or ():
            if line.strip().isdigit():
                samples.append((time.time(), float(line)))

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    try:
        yield samples
    finally:
        asking.terminate()
        asking.wait()
        listening.join()


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
        plain=not (options.relative or options.levers or options.guidance),
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


def seconds_row(batch: Batch) -> ClipSeconds:
    """What the batch says of a clip's seconds, for the estimates."""
    has = batch.cold.settings
    steps = [
        (span.ended - span.began) / (has["steps"] - 1)
        for run in batch.runs
        for span in run.spans
        if span.what == "denoising" and has["steps"] > 1
    ]
    return ClipSeconds(
        basis=Basis.MEASURED,
        model=batch.model,
        gpu_class=batch.gpu_class,
        recipe=batch.cold.recipe,
        width=has["width"],
        height=has["height"],
        frames=has["num_frames"],
        steps=has["steps"],
        clip_sec=round(batch.generating_sec, 3),
        step_sec=round(statistics.median(steps), 4) if steps else None,
        hand_off_sec=round(batch.handing_on_sec, 3),
        peak_gib=batch.cold.peak_vram_gb,
        device=batch.device,
        on=datetime.fromisoformat(batch.day).date(),
        source=f"{COMMAND} --write",
        note=", ".join(
            part for part in ("random weights, prompts already read", batch.note) if part
        ),
    )


def report(batches: Sequence[Batch]) -> Iterator[str]:
    toy = all(batch.maker == CPU for batch in batches)
    yield "# A batch through the worker\n"
    yield f"    {COMMAND} --write\n"
    if toy:
        yield "**Toy sizes on a processor.** No GPU was there: the tests' tiny models, which share"
        yield "their cores with the hand-off. The figures say that clips overlap, and nothing about"
        yield "a GPU's idle share or the price of a clip.\n"
    else:
        yield "Real sizes, random weights, a photograph handed on in the frames' place, RIFE with"
        yield "random weights; prompts already read. The queue is in memory and the files go over"
        yield "HTTP on the same machine.\n"
    yield "Clips in a row, after one that warms up. **Idle**: the share of the time in which no"
    yield "clip had the GPU, from the first call of the model to the end of the last frames; *with"
    yield "the tail*: until the last upload, when nothing follows. *By the driver*: 100 % less its"
    yield "samples of the time in which a kernel ran. **s/clip**, **clips/min** and **USD/clip**"
    yield "have everything in them, the tail too.\n"
    heads = ("model", "clip", "recipe", "generating, s", "handing on, s", "s/clip", "clips/min")
    more = ("idle", "with the tail", "by the driver", "USD/clip", "peak GiB")
    yield f"| {' | '.join((*heads, *more))} |"
    yield f"|---|---|---|{'---:|' * (len(heads) + len(more) - 3)}"
    for batch in batches:
        yield f"| {' | '.join(_cells(batch))} |"
    yield f"\nThe cold start, apart, and what it adds to a clip in a batch of {COLD_SHARED_BY}:\n"
    cold = ("model", "ready, s", "load, s", "first step, s", "a usual step, s", "in all, s")
    yield f"| {' | '.join((*cold, 'USD', 'USD/clip'))} |"
    yield f"|---|{'---:|' * 7}"
    for batch in batches:
        yield f"| {' | '.join(_cold_cells(batch))} |"
    yield "\n*ready*: from the start of the process until it took its first job."
    if toy:
        yield "*load*: diffusers' import, and the model's files. *first step*: prompt, picture too."
    else:
        yield "*load*: diffusers' import, and random weights made on the GPU, **not** read from a"
        yield "disk. *first step*: prompt and picture too, and compiling where the recipe compiles."
    for gpu_class in sorted({batch.gpu_class for batch in batches if batch.maker != CPU}):
        price = modal_prices()[tiers()[gpu_class].modal[0]]
        rate = f"{price.usd_per_hour} an hour"
        yield f"\nDollars of `{gpu_class}` are of an {price.kind} at Modal, {rate}."
    for place, batch in enumerate(batches):
        yield f"\n![Timeline of {batch.name}]({picture_of(place).name})"
    yield from ("", *_notes(batches))
    first = batches[0]
    yield f"\nMeasured {first.day} on {first.device}, {first.libraries}."


def _cells(batch: Batch) -> Iterator[str]:
    yield from (batch.name, batch.clip, f"`{batch.cold.recipe}`")
    yield from (f"{batch.generating_sec:.2f}", f"{batch.handing_on_sec:.2f}")
    yield from (f"{batch.clip_sec:.2f}", f"{60 / batch.clip_sec:.1f}")
    yield f"{batch.idle(generating_window(batch.runs)):.1%}"
    yield f"{batch.idle(whole_window(batch.runs)):.1%}"
    yield "–" if batch.driver_idle is None else f"{batch.driver_idle:.1%}"
    yield _usd(batch, batch.clip_sec)
    yield "–" if batch.cold.peak_vram_gb is None else f"{batch.cold.peak_vram_gb:.1f}"


def _cold_cells(batch: Batch) -> Iterator[str]:
    cold = batch.cold.cold_start
    assert cold is not None
    yield batch.name
    yield from (f"{each:.2f}" for each in (cold.ready_sec, cold.load_sec, cold.first_step_sec))
    yield "–" if cold.step_sec is None else f"{cold.step_sec:.3f}"
    yield f"{cold.total_sec:.1f}"
    yield from (_usd(batch, cold.total_sec), _usd(batch, cold.total_sec / COLD_SHARED_BY))


def _usd(batch: Batch, seconds: float) -> str:
    """At Modal's price of the first GPU of the class, one for each that was used."""
    if batch.maker == CPU:
        return "–"
    price = modal_prices()[tiers()[batch.gpu_class].modal[0]]
    return f"{float(usd_per_second(price.kind)) * seconds * len(set(batch.gpus)):.4f}"


def _notes(batches: Sequence[Batch]) -> Iterator[str]:
    for batch in batches:
        ways = ", ".join(sorted({run.interpolation for run in batch.runs}))
        gpus = ", ".join(batch.gpus)
        sizes = [run.made.size_bytes for run in batch.runs if run.made]
        parts = [
            f"{len(batch.runs)} clips on GPU {gpus}",
            f"interpolated by {ways}",
            f"{statistics.fmean(sizes) / 1e6:.1f} MB a clip",
        ]
        yield f"- {batch.name}: {'; '.join([*parts, *filter(None, [batch.note])])}."


def picture_of(place: int) -> Path:
    """Where the timeline of a page's batch lies."""
    return PARTS / f"gpu-batch-{place + 1}.svg"


def picture(batch: Batch) -> str:
    idle = batch.idle(generating_window(batch.runs))
    where = batch.device if batch.maker != CPU else f"toy size on {batch.device}"
    title = f"{batch.name}, {len(batch.runs)} clips on {where}, {batch.day}: GPU idle {idle:.1%}"
    return timeline(batch.runs, title if batch.maker != CPU else title.replace("GPU idle", "idle"))


def dumped(batches: Sequence[Batch]) -> str:
    def plain(batch: Batch) -> dict[str, Any]:
        facts = {
            name: value for name, value in asdict(batch).items() if name not in ("runs", "cold")
        }
        runs = [run.model_dump(mode="json") for run in batch.runs]
        return {**facts, "runs": runs, "cold": batch.cold.model_dump(mode="json")}

    return json.dumps([plain(batch) for batch in batches], indent=1) + "\n"


def read(path: Path) -> list[Batch]:
    """Batches that were kept on another machine."""
    made = []
    for facts in json.loads(path.read_text("utf-8")):
        runs = [Report.model_validate(each) for each in facts.pop("runs")]
        cold = Report.model_validate(facts.pop("cold"))
        samples = [(float(at), float(share)) for at, share in facts.pop("busy_percent")]
        made.append(Batch(**facts, runs=runs, cold=cold, busy_percent=samples))
    return made


def write(batches: Sequence[Batch]) -> None:
    """The page, its pictures, and on a GPU the seconds of the catalogue."""
    for place, batch in enumerate(batches):
        picture_of(place).write_text(picture(batch), encoding="utf-8")
    PAGE.write_text("\n".join(report(batches)) + "\n", encoding="utf-8")
    measured = [seconds_row(batch) for batch in batches if batch.plain and batch.maker != CPU]
    if measured:
        keep(measured)


def main() -> int:
    """Run batches, print, and perhaps keep and write."""
    parser = argparse.ArgumentParser(description="A batch of clips through the worker.")
    parser.add_argument("--models", default="", help="ids, with commas between")
    parser.add_argument(
        "--gpus", default="", help="as the worker's; the first one there by default"
    )
    parser.add_argument(
        "--clips", type=int, default=CLIPS, help="on the clock, after one to warm up"
    )
    parser.add_argument("--steps", type=int, help="instead of the model's own")
    parser.add_argument("--guidance", type=float, help="instead of the model's own")
    parser.add_argument("--resolution", default="", help="a short side such as 576p")
    parser.add_argument("--delivered", default=DELIVERED, type=_size, help="such as 1024x576")
    parser.add_argument("--relative", default="", help="name in bench.gpu_sizes of a stand-in")
    parser.add_argument("--levers", default={}, type=json.loads, help="JSON, beside the recipe's")
    parser.add_argument("--note", default="", help="how the batch differs from the model's own")
    parser.add_argument("--keep", type=Path, help="write what was measured to this file")
    parser.add_argument("--read", type=Path, action="append", help="instead of running anything")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} and its pictures")
    options = parser.parse_args()
    if options.read:
        batches = [
            replace(batch, note=options.note or batch.note)
            for path in options.read
            for batch in read(path)
        ]
    else:
        batches = _run_all(options)
    if options.keep:
        options.keep.write_text(dumped(batches), encoding="utf-8")
    print("\n".join(report(batches)))
    if options.write:
        write(batches)
    return 0


def _run_all(options: argparse.Namespace) -> list[Batch]:
    import torch  # noqa: PLC0415

    from bench.gpu import gpu_class_of  # noqa: PLC0415

    there = torch.cuda.is_available()
    gpus = options.gpus.split(",") if options.gpus else ["0" if there else CPU]
    options.gpu_class = gpu_class_of(CPU if CPU in gpus else "cuda")
    if CPU in gpus:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    models = options.models or (TOY_MODEL if CPU in gpus else "ltx-video-0.9.8-13b")
    batches = []
    for model in models.split(","):
        batches.append(run_batch(model, gpus, options))
        sys.stderr.write(f"| {' | '.join(_cells(batches[-1]))} |\n")
    return batches


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


if __name__ == "__main__":
    sys.exit(main())
