"""PlanBatch: pin the files and write the list of clips."""

from typing import Any

from lambdas.jobs_wiring import planning_services
from lambdas.wiring import Event, logged, run_ref
from shared.pipeline.plan import plan_batch


@logged
def handler(event: Event, _context: Any) -> Event:
    return {"plan": plan_batch(planning_services(), run_ref(event)).model_dump(mode="json")}
