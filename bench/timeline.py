"""Spans of several runs on one axis: the share of time that a GPU is idle, and a picture of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from shared.gpu_jobs.report import Report, Span

GENERATING = ("first_step", "denoising", "decoding", "generating")
LANES: Mapping[str, tuple[str, ...]] = {
    "fetches": ("fetching",),
    "generates": ("loading", *GENERATING),
    "hands on": ("interpolating", "encoding", "uploading"),
}
COLOURS: Mapping[str, str] = {
    "fetching": "#8c8c8c",
    "loading": "#d0d0d0",
    "first_step": "#74a9cf",
    "denoising": "#2b6cb0",
    "generating": "#2b6cb0",
    "decoding": "#1a936f",
    "interpolating": "#b07aa1",
    "encoding": "#f2a541",
    "uploading": "#c9b037",
}
WIDTH, LEFT, RIGHT, LANE, BAR, TOP = 1200, 150, 20, 44, 30, 56
Place = Callable[[float], float]
"""Epoch seconds → x."""

SECONDS_APART = (1, 2, 5, 10, 20, 30, 60, 120, 300)


@dataclass(frozen=True)
class Window:
    """From when to when it is looked at; epoch seconds."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def generating_window(runs: Sequence[Report]) -> Window:
    """From the first run's call of its model to the end of the last one's frames."""
    spans = [span for run in runs for span in run.spans if span.what in GENERATING]
    return Window(min(span.began for span in spans), max(span.ended for span in spans))


def whole_window(runs: Sequence[Report]) -> Window:
    """The same, to the last upload's end."""
    return Window(
        generating_window(runs).began, max(span.ended for run in runs for span in run.spans)
    )


def idle_share(runs: Sequence[Report], gpu: str, window: Window) -> float:
    """The share of the window in which no run had the GPU.

    Parameters
    ----------
    gpu : its index, as spans have it.
    """
    busy, reached = 0.0, window.began
    spans = sorted(
        (span for run in runs for span in run.spans if span.on == gpu),
        key=lambda span: span.began,
    )
    for span in spans:
        start, end = max(span.began, reached), min(span.ended, window.ended)
        if end > start:
            busy += end - start
            reached = end
    return 1 - busy / window.seconds


def timeline(runs: Sequence[Report], title: str) -> str:
    """The runs as SVG, one colour a stage, one lane for what goes on at the same time."""
    began = min(span.began for run in runs for span in run.spans)
    ended = max(span.ended for run in runs for span in run.spans)
    per_second = (WIDTH - LEFT - RIGHT) / max(ended - began, 1e-6)
    height = TOP + LANE * len(LANES) + 74

    def x(moment: float) -> float:
        return LEFT + (moment - began) * per_second

    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    fonts = 'font-family="sans-serif" font-size="13"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {fonts}>',
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            f'<text x="{RIGHT}" y="26" font-size="16">{escape(title)}</text>',
            *_axis(began, ended, x),
            *(line for name in LANES for line in _lane(name, runs, x)),
            *_legend(runs, height),
            "</svg>\n",
        )
    )


def _axis(began: float, ended: float, x: Place) -> Iterator[str]:
    apart = next((each for each in SECONDS_APART if (ended - began) / each <= 14), 600)
    bottom = TOP + LANE * len(LANES)
    for tick in range(0, int(ended - began) + 1, apart):
        at = x(began + tick)
        yield f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{bottom}" stroke="#e4e4e4"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{tick} s</text>'


def _lane(name: str, runs: Sequence[Report], x: Place) -> Iterator[str]:
    row = list(LANES).index(name)
    top = TOP + row * LANE
    gpus = {span.on for run in runs for span in run.spans if span.what in LANES[name]} - {""}
    where = f" ({', '.join(_gpu(gpu) for gpu in sorted(gpus))})" if gpus else ""
    yield f'<text x="{RIGHT}" y="{top + BAR / 2 + 5}">{escape(name + where)}</text>'
    for place, run in enumerate(runs):
        spans = [span for span in run.spans if span.what in LANES[name]]
        yield from (_bar(span, top, x) for span in spans)
        widest = max(spans, key=lambda span: span.ended - span.began, default=None)
        if widest is not None and x(widest.ended) - x(widest.began) > 14:
            middle = (x(widest.began) + x(widest.ended)) / 2
            yield (
                f'<text x="{middle:.1f}" y="{top + BAR / 2 + 5}" fill="white" '
                f'text-anchor="middle">{place}</text>'
            )


def _gpu(name: str) -> str:
    return name if name == "cpu" else f"GPU {name}"


def _bar(span: Span, top: float, x: Place) -> str:
    left, wide = x(span.began), max(0.6, x(span.ended) - x(span.began))
    seconds = f"{span.what.replace('_', ' ')}: {span.ended - span.began:.2f} s"
    return (
        f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{BAR}" '
        f'fill="{COLOURS[span.what]}"><title>{seconds}</title></rect>'
    )


def _legend(runs: Sequence[Report], height: int) -> Iterator[str]:
    there = {span.what for run in runs for span in run.spans}
    left = float(LEFT)
    for what in (each for each in COLOURS if each in there):
        label = what.replace("_", " ")
        yield f'<rect x="{left}" y="{height - 34}" width="14" height="14" fill="{COLOURS[what]}"/>'
        yield f'<text x="{left + 20}" y="{height - 22}">{label}</text>'
        left += 38 + 8 * len(label)
