"""PlanBatch: pin the files and write the list of clips."""

from typing import Any

from lambdas.wiring import Event, logged, run_ref, services
from shared.pipeline.plan import plan_batch


@logged
def handler(event: Event, _context: Any) -> Event:
    return {"plan": plan_batch(services(), run_ref(event)).model_dump(mode="json")}
