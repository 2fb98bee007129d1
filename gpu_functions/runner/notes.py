"""What is known of a run so far; it travels from the generating half to the delivering one."""

import itertools
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.clip import Deviation
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.messages import Stage
from shared.gpu_jobs.report import ColdStart, Made, Report, RunOutcome, Span, Tried

FIRST_STEP, DENOISING, DECODING = "first_step", "denoising", "decoding"
"""The parts of a generation: to the end of the first step (prompt and picture are read in it), to
the end of the last, and to frames where they are wanted."""


@dataclass
class Piece:
    """A stage under the clock; whether it has the GPU may turn out on its way."""

    on_gpu: bool


@dataclass(frozen=True)
class Loaded:
    """What it took until the model was loaded; see `ColdStart`."""

    ready_sec: float
    load_sec: float


@dataclass(kw_only=True)
class Notes:
    """Filled as the run goes on, read once at its end.

    Attributes
    ----------
    place : index of the GPU of the process that is at it, or `cpu`.
    """

    runner: str
    place: str = ""
    gpu: str = ""
    revision: str = ""
    recipe: str = ""
    tried: list[Tried] = field(default_factory=list)
    interpolation: str = ""
    peak_gb: float | None = None
    gpu_seconds: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    cold_start: ColdStart | None = None
    deviations: list[Deviation] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: Stage, *, on_gpu: bool = False) -> Iterator[Piece]:
        """Note when a stage was, how long it took, and whether it had the GPU."""
        began, piece = time.time(), Piece(on_gpu)
        with self._counted(stage, piece):
            try:
                yield piece
            finally:
                self.add_span(stage.value, began, time.time(), on_gpu=piece.on_gpu)

    @contextmanager
    def generation(self, loaded: Loaded | None = None) -> Iterator[list[float]]:
        """Note a generation and its parts; the end of each step (epoch seconds) is put in the list.

        Parameters
        ----------
        loaded : where the model was loaded for this run, which makes it a cold start.
        """
        began, steps = time.time(), list[float]()
        with self._counted(Stage.GENERATING, Piece(on_gpu=True)):
            try:
                yield steps
            finally:
                parts = (FIRST_STEP, DENOISING, DECODING) if steps else (Stage.GENERATING.value,)
                moments = (began, *steps[:1], *steps[-1:], time.time())
                for part, (start, end) in zip(parts, itertools.pairwise(moments), strict=True):
                    self.add_span(part, start, end, on_gpu=True)
                if loaded is not None and steps:
                    self.cold_start = _cold_start(loaded, began, steps)

    def add_span(self, what: str, began: float, ended: float, *, on_gpu: bool = False) -> None:
        """Note when something was that is no stage."""
        on = self.place if on_gpu else ""
        self.spans.append(Span(what=what, on=on, began=round(began, 4), ended=round(ended, 4)))

    @contextmanager
    def _counted(self, stage: Stage, piece: Piece) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.seconds[stage.value] = round(self.seconds.get(stage.value, 0.0) + took, 3)
            if piece.on_gpu:
                self.gpu_seconds += took

    def deviate(self, name: str, asked: Any, used: Any, reason: str) -> None:
        self.deviations.append(Deviation(field=name, asked=asked, used=used, reason=reason))

    def report(
        self,
        job: GpuJob,
        outcome: RunOutcome,
        *,
        made: Made | None = None,
        error: str = "",
        message: str = "",
        retryable: bool = False,
    ) -> Report:
        return Report(
            job_id=job.job_id,
            outcome=outcome,
            error=error,
            message=message[:2000],
            retryable=retryable,
            made=made,
            model=job.model,
            repo=job.repo,
            revision=self.revision or job.revision,
            runner=self.runner,
            gpu_class=job.gpu_class,
            gpu=self.gpu,
            recipe=self.recipe,
            recipes_tried=tuple(self.tried),
            settings=self.settings,
            interpolation=self.interpolation,
            peak_vram_gb=self.peak_gb,
            gpu_seconds=round(self.gpu_seconds, 3),
            seconds=self.seconds,
            spans=tuple(self.spans),
            cold_start=self.cold_start,
            deviations=(*job.deviations, *self.deviations),
        )


def _cold_start(loaded: Loaded, began: float, steps: list[float]) -> ColdStart:
    usual = [after - before for before, after in itertools.pairwise(steps)]
    return ColdStart(
        ready_sec=round(loaded.ready_sec, 3),
        load_sec=round(loaded.load_sec, 3),
        first_step_sec=round(steps[0] - began, 3),
        step_sec=round(statistics.median(usual), 4) if usual else None,
    )
