"""One batch that ran: its reports, what they say, and how it is kept."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.timeline import (
    GENERATING,
    Gap,
    Window,
    gaps,
    generating_window,
    idle_share,
    whole_window,
)
from gpu_functions.runner.device import CPU
from shared.gpu_jobs.report import Report


@dataclass(frozen=True)
class Batch:
    """One batch that ran.

    Attributes
    ----------
    runs : reports of the clips on the clock, in the order of their generation; `cold`: the first.
    busy_percent : what the driver says: samples of the share of time in which a kernel ran.
    relative : name in `bench.gpu_sizes` of what stood for the model, if anything did.
    note : how it differs from the model's own way.
    asleep : seconds that a clip took to generate and to interpolate, where both only slept.
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
    asleep: Sequence[float] = ()
    plain: bool = True
    day: str = ""
    libraries: str = ""

    @property
    def name(self) -> str:
        """What really ran."""
        return f"{self.model}, {self.relative} in its place" if self.relative else self.model

    @property
    def toy(self) -> bool:
        """Its figures say nothing about a GPU."""
        return self.maker == CPU

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

    @property
    def between(self) -> list[Gap]:
        """What lies between two clips."""
        return gaps(self.runs)

    @property
    def ungenerated(self) -> float:
        """The share of the generating window in which no clip was being generated."""
        return idle_share(self.runs, self.maker, generating_window(self.runs), GENERATING)

    def idle(self, window: Window) -> float:
        return idle_share(self.runs, self.maker, window)


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
        asleep = tuple(facts.pop("asleep", ()))
        made.append(Batch(**facts, asleep=asleep, runs=runs, cold=cold, busy_percent=samples))
    return made
