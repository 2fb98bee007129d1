"""A run on a GPU that is paid by the second: plain values in, plain values out.

What comes out is unpickled by somebody who has neither torch nor our classes.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from gpu_functions.generators.contract import GpuLost
from gpu_functions.runner.errors import CallbackRefused, NotOurs
from gpu_functions.runner.lease import Lease
from gpu_functions.runner.run import Halves, Tools, in_a_row, run_job
from gpu_functions.runner.sharing import SharedClock
from gpu_functions.runner.voice import Voice
from shared.errors import Transient
from shared.gpu_jobs.document import GpuJob


def run_rented(
    job: GpuJob,
    runner: str,
    tools: Tools,
    *,
    lease_sec: float = 120.0,
    halves: Halves = in_a_row,
    clock: SharedClock | None = None,
) -> dict[str, Any]:
    """Run a job, and return its report; `{"not_ours": why}` where there is none.

    Parameters
    ----------
    clock : of a process that runs several jobs at once; every second is the job's own without it.

    Raises
    ------
    RuntimeError : nothing came of it, and it may be run again.
    """
    voice = Voice(job.callback) if job.callback else None
    share: AbstractContextManager[Callable[[], float]]
    share = clock.joined() if clock else nullcontext(time.monotonic)
    try:
        with share as now, Lease(job, runner, voice, lease_sec=lease_sec, now=now) as lease:
            report = run_job(job, lease, tools, runner, rented=True, halves=halves)
    except NotOurs as error:
        return {"not_ours": error.verdict.value}
    except CallbackRefused as error:
        return {"not_ours": error.message}
    except GpuLost as error:
        _take_no_more()
        raise RuntimeError(error.message) from None
    except Transient as error:
        raise RuntimeError(error.message) from None
    return report.model_dump(mode="json") if report else {"not_ours": "lost"}


def _take_no_more() -> None:
    """A CUDA context does not recover: let the next job have another container."""
    import modal.experimental  # noqa: PLC0415 - there where this runs

    if not modal.is_local():
        modal.experimental.stop_fetching_inputs()
