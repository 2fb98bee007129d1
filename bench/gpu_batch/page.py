"""A batch as a page: tables, the price of a clip, and the timeline as a picture."""

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.gpu_batch.batch import Batch
from bench.gpu_batch.estimates import seconds_row
from bench.gpu_price import usd_a_second
from bench.seconds import keep
from bench.timeline import BETWEEN, generating_window, timeline, whole_window
from shared.gpu_jobs.gpu import price_of_gpu, tiers

PARTS = Path(__file__).parents[2] / "docs" / "benchmarks"
PAGE = PARTS / "gpu-batch.md"
COMMAND = "python -m bench.gpu_batch"
COLD_SHARED_BY = 50


def report(batches: Sequence[Batch]) -> Iterator[str]:
    toy = all(batch.toy for batch in batches)
    asleep = [batch for batch in batches if batch.asleep]
    yield "# A batch through the worker\n"
    yield f"    {COMMAND} --write\n"
    if asleep:
        yield "**A rehearsal on a processor.** The model slept, and so did interpolation; frames of"
        yield "real size went from process to process, and small ones were encoded. What lies"
        yield "between two clips is the worker's own; a GPU's time is not in it.\n"
    elif toy:
        yield "**Toy sizes on a processor.** No GPU was there: the tests' tiny models, which share"
        yield "their cores with the hand-off. The figures say that clips overlap, and nothing about"
        yield "a GPU's idle share or the price of a clip.\n"
    else:
        yield "Real sizes, random weights, a photograph handed on in the frames' place, RIFE with"
        yield "random weights; prompts already read. The queue is in memory and the files go over"
        yield "HTTP on the same machine.\n"
    yield "Clips in a row, after one that warms up. **Idle**: the share of the time in which no"
    yield "clip had the GPU, from the first call of the model to the end of the last frames;"
    yield "*ungenerated*: in which none was being generated, whatever else had the GPU; *with the"
    yield "tail*: until the last upload, when nothing follows. *By the driver*: 100 % less its"
    yield "samples of the time in which a kernel ran. **s/clip**, **clips/min** and **USD/clip**"
    yield "have everything in them, the tail too.\n"
    heads = ("model", "clip", "recipe", "generating, s", "handing on, s", "s/clip", "clips/min")
    more = ("idle", "ungenerated", "with the tail", "by the driver", "USD/clip", "peak GiB")
    yield f"| {' | '.join((*heads, *more))} |"
    yield f"|---|---|---|{'---:|' * (len(heads) + len(more) - 3)}"
    for batch in batches:
        yield f"| {' | '.join(cells(batch))} |"
    yield from _between(batches)
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
    for gpu_class, device in sorted({(each.gpu_class, each.device) for each in batches}):
        if gpu_class not in tiers():
            continue
        price = price_of_gpu(tiers()[gpu_class], device)
        rate = f"{price.usd_per_hour} an hour"
        yield f"\nDollars of `{gpu_class}` are of an {price.kind} at Modal, {rate}."
    for place, batch in enumerate(batches):
        yield f"\n![Timeline of {batch.name}]({picture_of(place).name})"
    yield from ("", *_notes(batches))
    first = batches[0]
    yield f"\nMeasured {first.day} on {first.device}, {first.libraries}."


def cells(batch: Batch) -> Iterator[str]:
    yield from (batch.name, batch.clip, f"`{batch.cold.recipe}`")
    yield from (f"{batch.generating_sec:.2f}", f"{batch.handing_on_sec:.2f}")
    yield from (f"{batch.clip_sec:.2f}", f"{60 / batch.clip_sec:.1f}")
    yield f"{batch.idle(generating_window(batch.runs)):.1%}"
    yield f"{batch.ungenerated:.1%}"
    yield f"{batch.idle(whole_window(batch.runs)):.1%}"
    yield "–" if batch.driver_idle is None else f"{batch.driver_idle:.1%}"
    yield _usd(batch, batch.clip_sec)
    yield "–" if batch.cold.peak_vram_gb is None else f"{batch.cold.peak_vram_gb:.1f}"


def _between(batches: Sequence[Batch]) -> Iterator[str]:
    """Where the time between two clips goes."""
    yield "\nBetween two clips, median milliseconds from the end of one's frames to the call of the"
    yield "model for the next: *fetching* only where the next was claimed too late to be there.\n"
    yield f"| model | in all | most | {' | '.join(BETWEEN)} | the rest |"
    yield f"|---|{'---:|' * (len(BETWEEN) + 3)}"
    for batch in batches:
        between = batch.between
        if not between:
            continue
        every = [gap.seconds for gap in between]
        cells = [_ms(statistics.median(every)), _ms(max(every))]
        cells += [_ms(statistics.median(gap.parts[name] for gap in between)) for name in BETWEEN]
        cells += [_ms(statistics.median(gap.rest for gap in between))]
        yield f"| {batch.name} | {' | '.join(cells)} |"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f}"


def _cold_cells(batch: Batch) -> Iterator[str]:
    cold = batch.cold.cold_start
    assert cold is not None
    yield batch.name
    yield from (f"{each:.2f}" for each in (cold.ready_sec, cold.load_sec, cold.first_step_sec))
    yield "–" if cold.step_sec is None else f"{cold.step_sec:.3f}"
    yield f"{cold.total_sec:.1f}"
    yield from (_usd(batch, cold.total_sec), _usd(batch, cold.total_sec / COLD_SHARED_BY))


def _usd(batch: Batch, seconds: float) -> str:
    """At Modal's price of the GPU, one for each that was used."""
    if batch.toy:
        return "–"
    a_second = float(usd_a_second(batch.gpu_class, batch.device))
    return f"{a_second * seconds * len(set(batch.gpus)):.4f}"


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
    where = batch.device if not batch.toy else f"toy size on {batch.device}"
    title = f"{batch.name}, {len(batch.runs)} clips on {where}, {batch.day}: GPU idle {idle:.1%}"
    return timeline(batch.runs, title if not batch.toy else title.replace("GPU idle", "idle"))


def write(batches: Sequence[Batch]) -> None:
    """The page, its pictures, and on a GPU the seconds of the catalogue."""
    for place, batch in enumerate(batches):
        picture_of(place).write_text(picture(batch), encoding="utf-8")
    PAGE.write_text("\n".join(report(batches)) + "\n", encoding="utf-8")
    measured = [seconds_row(batch) for batch in batches if batch.plain and not batch.toy]
    if measured:
        keep(measured)
