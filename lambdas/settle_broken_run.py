"""SettleBrokenRun: an execution failed, timed out or was aborted; tell the creator so."""

import json
from typing import Any

from lambdas.observability import logger
from lambdas.wiring import Event, drop_queue, logged, run_ref, services
from shared.pipeline.broken import settle_broken_run


@logged
def handler(event: Event, _context: Any) -> Event:
    detail = event["detail"]
    run = run_ref(json.loads(detail["input"]))
    settled = settle_broken_run(services(), drop_queue(), run, detail["status"])
    logger.info("broken run", execution=detail.get("name"), settled=settled)
    return {"settled": settled}
