"""What is known of a run so far; it travels from the generating half to the delivering one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.clip import Deviation
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.messages import Stage
from shared.gpu_jobs.report import Made, Report, RunOutcome, Tried


@dataclass(kw_only=True)
class Notes:
    """Filled as the run goes on, read once at its end."""

    runner: str
    gpu: str = ""
    revision: str = ""
    recipe: str = ""
    tried: list[Tried] = field(default_factory=list)
    interpolation: str = ""
    peak_gb: float | None = None
    gpu_seconds: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    deviations: list[Deviation] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Note how long a stage took, whatever came of it."""
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.seconds[stage.value] = round(self.seconds.get(stage.value, 0.0) + took, 3)

    @contextmanager
    def on_gpu(self) -> Iterator[None]:
        """Note for how long the GPU was ours."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.gpu_seconds += time.perf_counter() - started

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
            deviations=(*job.deviations, *self.deviations),
        )
