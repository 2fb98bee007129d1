"""Reading and changing a run's row, whoever else is at it."""

import random
import time
from collections.abc import Callable

from shared.batch import BatchState
from shared.errors import BatchCancelled
from shared.meter import summed
from shared.pipeline.services import RunRef, Services
from shared.ports import Conflict
from shared.state import RunRow

TRIES = 8


def current_run(services: Services, ref: RunRef) -> RunRow:
    """The run's row, if this run is still to go on.

    Raises
    ------
    BatchCancelled : CANCEL was dropped, or a newer run took the manifest over.
    """
    row = services.rows.run(ref.folder, ref.drop.relative)
    if row is None or row.run_id != ref.run_id:
        raise BatchCancelled(f"run {ref.run_id} was replaced by a newer run of the same manifest")
    if row.cancel_requested:
        raise BatchCancelled("CANCEL was dropped into the batch's folder")
    return row


def change_run(
    services: Services, ref: RunRef, change: Callable[[RunRow], RunRow]
) -> RunRow | None:
    """Apply a pure change to the run's row, again on the newer row where somebody was faster.

    What the invocation used so far goes onto the row as well.

    Returns the saved row; None when the row belongs to another run by now.
    """
    used = services.meter.take()
    for attempt in range(TRIES):
        row = services.rows.run(ref.folder, ref.drop.relative)
        if row is None or row.run_id != ref.run_id:
            return None
        try:
            usage = summed(row.usage, used)
            return services.rows.save_run(change(row).changed(usage=usage))
        except Conflict:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
    raise Conflict(f"the row of run {ref.run_id} is too busy")


def enter_state(services: Services, ref: RunRef, state: BatchState, **values: object) -> RunRow:
    """Move a run that is still to go on to `state`."""
    row = current_run(services, ref)
    return change_run(services, ref, lambda each: each.changed(state=state, **values)) or row
