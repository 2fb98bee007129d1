"""Both halves in a row, and what every end of them means.

| raised | the end |
| --- | --- |
| `Stopped` (cancel) | report: cancelled |
| `Stopped` (lost, done) | none: somebody else's work counts |
| `InvalidInput` | report: refused |
| `Transient`: GPU lost, S3 or callback silent | none: the job goes back, somebody takes it again |
| everything else, ours or not | report: failed |

Transient faults are raised to the caller, which knows how to give a job back.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gpu_functions.generators.contract import FramesUnusable
from gpu_functions.runner.delivering import Interpolate, deliver
from gpu_functions.runner.device import place_of
from gpu_functions.runner.errors import Stopped
from gpu_functions.runner.files import Files
from gpu_functions.runner.lease import Lease, Watch
from gpu_functions.runner.making import make_frames
from gpu_functions.runner.models import Models
from gpu_functions.runner.notes import Notes
from gpu_functions.runner.small import Small
from shared.errors import DropreelError, InternalFault, InvalidInput, Transient
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.messages import Verdict
from shared.gpu_jobs.report import Made, Report, RunOutcome

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a process runs jobs with; `warm_up` makes `interpolate` ready before it is needed."""

    models: Models
    interpolate: Interpolate
    warm_up: Callable[[], None] = lambda: None
    scratch: Path | None = None
    small: Small | None = None


def in_a_row(job: GpuJob, files: Files, lease: Lease, tools: Tools, notes: Notes) -> Report | None:
    """Both halves here, the second after the first."""

    def work() -> Made:
        take = make_frames(job, files, lease, tools.models, notes, small=tools.small)
        return deliver(job, take, files, lease, tools.interpolate, notes, tools.scratch)

    return ended(job, notes, work)


Halves = Callable[[GpuJob, Files, Lease, Tools, Notes], Report | None]
"""How the two halves are run: to a report that nobody has written yet, or None."""


def run_job(
    job: GpuJob,
    lease: Lease,
    tools: Tools,
    runner: str,
    *,
    rented: bool = False,
    halves: Halves = in_a_row,
) -> Report | None:
    """Run a job whose lease is held, to its report; None when it became somebody else's.

    Parameters
    ----------
    rented : every second of the lease counts as a GPU second, for the GPU is paid while it waits
        for files too.

    Raises
    ------
    Transient : nothing came of it, and nothing is lost: the job may be run again.
    """
    files = Files(job, lease)
    there = known_report(files)
    if there is None:
        notes = Notes(runner=runner, place=place_of(tools.models.device))
        there = halves(job, files, lease, tools, notes)
        if there is None:
            return None
        if rented:
            there = there.model_copy(update={"gpu_seconds": round(lease.seconds, 3)})
        there = written(files, there)
    lease.end()
    return there


def known_report(files: Files) -> Report | None:
    """The report of somebody who was faster, if what lies there is one."""
    there = files.report_there()
    try:
        return Report.model_validate_json(there) if there else None
    except ValidationError:
        return None


def written(files: Files, report: Report) -> Report:
    """Write the report; where somebody was faster, theirs counts."""
    if files.write_report(report):
        return report
    return known_report(files) or report


def ended(job: GpuJob, notes: Notes, work: Callable[[], Made | None]) -> Report | None:
    """Do the work, and say how it ended; see the table above. None too when it is to go on."""
    try:
        made = work()
    except Stopped as stop:
        if stop.verdict is not Verdict.CANCEL:
            return None
        return notes.report(job, RunOutcome.CANCELLED, message="cancelled while it ran")
    except Transient:
        raise
    except InvalidInput as error:
        return notes.report(job, RunOutcome.REFUSED, error=error.code(), message=error.message)
    except DropreelError as error:
        mistake = type(error) is InternalFault  # of the others the message says all
        logger.error("job %s failed: %s", job.job_id, error.message, exc_info=mistake)
        return notes.report(
            job,
            RunOutcome.FAILED,
            error=error.code(),
            message=error.message,
            retryable=isinstance(error, FramesUnusable),  # with another seed
        )
    except Exception as error:  # a model's own code may raise anything
        logger.exception("job %s failed", job.job_id)
        return notes.report(
            job,
            RunOutcome.FAILED,
            error=type(error).__name__,
            message=f"{type(error).__name__}: {error}".partition("\n")[0],
        )
    return notes.report(job, RunOutcome.SUCCEEDED, made=made) if made else None


__all__ = [
    "Halves",
    "Tools",
    "Watch",
    "ended",
    "in_a_row",
    "known_report",
    "run_job",
    "written",
]
