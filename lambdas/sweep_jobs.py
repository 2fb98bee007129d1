"""SweepJobs: every hour, look again at each job that has not come to its last end.

Its message may have been lost, or have gone to the dead letters; looking once more is harmless.
"""

from typing import Any

from lambdas.jobs_wiring import jobs_queue, jobs_store
from lambdas.observability import logger
from lambdas.wiring import Event, logged, services

SPREAD_SEC = 600


@logged
def handler(_event: Event, _context: Any) -> Event:
    open_jobs = jobs_store(services()).open_jobs()
    queue = jobs_queue()
    for place, job_id in enumerate(open_jobs):
        queue.send(job_id, delay_sec=place % SPREAD_SEC)
    logger.info("sweep", open_jobs=len(open_jobs))
    return {"open_jobs": len(open_jobs)}
