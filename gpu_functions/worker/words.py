"""What foreman and child say to each other over their pipe. All of it can be pickled."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_functions.runner.notes import Notes
from shared.gpu_jobs.document import Addresses, GpuJob
from shared.gpu_jobs.messages import Stage, Verdict
from shared.gpu_jobs.report import Report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Frames:
    """Generated frames on their way to the other half; `path` is a NumPy file of ours.

    Sound is small, and travels as it is.
    """

    path: Path
    fps: str
    used: int
    sound: "NDArray[np.float32] | None" = None
    sound_rate: int | None = None


# from the foreman


@dataclass(frozen=True)
class Make:
    """Generate. `fetched`: the inputs, where the foreman has them already and found no report."""

    job: GpuJob
    addresses: Addresses
    notes: Notes
    fetched: Mapping[str, bytes] | None = None


@dataclass(frozen=True)
class Deliver:
    """Interpolate, encode, upload, and report. `writes`: the report too, else who ordered will."""

    job: GpuJob
    addresses: Addresses
    notes: Notes
    frames: Frames
    writes: bool = True


@dataclass(frozen=True)
class Stop:
    """Stop what you are at."""

    verdict: Verdict


@dataclass(frozen=True)
class Fresh:
    """The addresses that you asked for."""

    addresses: Addresses


# from the child


@dataclass(frozen=True)
class Ready:
    """I am there; what I work on."""

    gpu: str


@dataclass(frozen=True)
class At:
    """How far I am."""

    stage: Stage
    percent: int


@dataclass(frozen=True)
class Refresh:
    """My addresses have ended."""


@dataclass(frozen=True)
class Generated:
    """The first half is done."""

    notes: Notes
    frames: Frames


@dataclass(frozen=True)
class Ended:
    """The report, written if that was asked for; None when the job became somebody else's."""

    report: Report | None


@dataclass(frozen=True)
class Fault:
    """Nothing came of it, and it may be tried again. `lost`: this process is of no use any more."""

    why: str
    lost: bool = False
