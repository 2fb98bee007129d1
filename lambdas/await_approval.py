"""AwaitApproval: let the workflow wait for a person's answer, with the token that ends its wait."""

from typing import Any

from lambdas.money_wiring import approvals
from lambdas.wiring import Event, logged, run_ref, services


@logged
def handler(event: Event, _context: Any) -> Event:
    house, run = services(), run_ref(event)
    row = house.rows.run(run.folder, run.drop.relative)
    approvals(house).await_answer(run, row, event["token"])
    return {}
