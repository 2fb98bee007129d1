"""SweepJobs: every hour, look again at each job that has not come to its last end.

Its message may have been lost, or have gone to the dead letters; looking once more is harmless. So
may have been the message of a budget's mark: it is sent again.
"""

from typing import Any

from lambdas.money_wiring import ledger
from lambdas.observability import logger
from lambdas.wiring import Event, jobs_queue, jobs_store, logged, services

SPREAD_SEC = 600


@logged
def handler(_event: Event, _context: Any) -> Event:
    house = services()
    open_jobs = jobs_store(house).open_jobs()
    queue = jobs_queue()
    for place, job_id in enumerate(open_jobs):
        queue.send(job_id, delay_sec=place % SPREAD_SEC)
    ledger(house).warn_lost()
    logger.info("sweep", open_jobs=len(open_jobs))
    return {"open_jobs": len(open_jobs)}
