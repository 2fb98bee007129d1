"""ReserveBudget: set a batch's money aside, and ask a person where its price needs it."""

from typing import Any

from lambdas.jobs_wiring import routed_services
from lambdas.money_wiring import till
from lambdas.wiring import Event, logged, run_ref
from shared.pipeline.reserve import reserve_budget


@logged
def handler(event: Event, _context: Any) -> Event:
    house = routed_services()
    answer = reserve_budget(house, till(house), run_ref(event))
    return answer.model_dump(mode="json", exclude_none=True)
