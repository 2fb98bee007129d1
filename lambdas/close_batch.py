"""CloseBatch: reports, answers, bill, and the end of the run."""

from typing import Any

from lambdas.money_wiring import till
from lambdas.observability import count, dollars, seconds
from lambdas.wiring import Event, drop_queue, logged, run_ref, services
from shared.batch import BatchState
from shared.metrics import (
    BATCH_COST_USD,
    BATCHES_FINISHED,
    BATCHES_REJECTED,
    CLIP_COST_USD,
    STAGE_SECONDS,
)
from shared.pipeline.close import close_batch
from shared.pipeline.till import release_budget


@logged
def handler(event: Event, _context: Any) -> Event:
    outcome = BatchState(event["outcome"])
    house, run = services(), run_ref(event)
    release_budget(till(house), run)
    closed = close_batch(house, drop_queue(), run, outcome)
    count(BATCHES_REJECTED if closed.state is BatchState.REJECTED else BATCHES_FINISHED)
    dollars(BATCH_COST_USD, closed.cost_usd)
    if closed.clips:
        dollars(CLIP_COST_USD, closed.cost_usd / closed.clips)
    for stage, total in closed.seconds.items():
        seconds(STAGE_SECONDS, total / max(1, closed.clips), stage=stage)
    return closed.model_dump(mode="json", include={"state", "notification"})
