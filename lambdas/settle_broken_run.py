"""SettleBrokenRun: an execution failed, timed out or was aborted; tell the creator so."""

import json
from typing import Any

from lambdas.money_wiring import till
from lambdas.observability import logger
from lambdas.wiring import Event, drop_queue, logged, run_ref, services
from shared.pipeline.broken import settle_broken_run
from shared.pipeline.till import release_budget


@logged
def handler(event: Event, _context: Any) -> Event:
    detail = event["detail"]
    run = run_ref(json.loads(detail["input"]))
    house = services()
    release_budget(till(house), run)
    settled = settle_broken_run(house, drop_queue(), run, detail["status"])
    logger.info("broken run", execution=detail.get("name"), settled=settled)
    return {"settled": settled}
