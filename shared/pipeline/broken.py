"""SettleBrokenRun: the execution itself came to grief; the creator must not wait for ever."""

from shared.batch import BatchState, ClipStatus
from shared.pipeline.runs import change_run
from shared.pipeline.services import RunRef, Services
from shared.pipeline.status import write_status
from shared.ports import DropQueue
from shared.state import RunRow

WORDS = {
    "ABORTED": "stopped by ops",
    "TIMED_OUT": "stopped: it took too long",
    "FAILED": "stopped by a fault on our side; ops have been told",
}


def settle_broken_run(services: Services, queue: DropQueue, run: RunRef, status: str) -> bool:
    """Mark a run that Step Functions gave up as failed (or cancelled, when ops aborted it).

    Returns whether the run was still open. A redrive takes it up again from where it stood: every
    state that it enters sets the run's state anew.
    """
    row = services.rows.run(run.folder, run.drop.relative)
    if row is None or row.run_id != run.run_id:
        return False
    was_open = not row.state.ended
    if was_open:
        row = _end(services, run, status) or row
    write_status(services, run.folder, force=True)
    # also when an earlier try ended the run and got no further than that
    if row.pending is not None:
        queue.drop_again(row.pending, retake=run.run_id)
    return was_open


def _end(services: Services, run: RunRef, status: str) -> RunRow | None:
    aborted = status == "ABORTED"
    end = BatchState.CANCELLED if aborted else BatchState.FAILED
    clip_end = ClipStatus.CANCELLED if aborted else ClipStatus.FAILED
    clips = services.rows.clips(run.folder, run.run_id)
    for clip in clips:
        if not clip.status.ended:
            services.rows.save_clip(clip.moved(clip_end, reasons=("stopped with its batch.",)))
    message = f"{WORDS.get(status, status.lower())}. Drop the manifest again for another try."
    return change_run(
        services,
        run,
        lambda row: row.with_costs_of(clips).changed(
            state=end, message=message, undone=True, ended_at=services.now().isoformat()
        ),
    )
