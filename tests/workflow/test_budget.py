"""The workflow's money states: set aside, ask, wait, and go on, or not at all."""

from typing import Any

import pytest

from tests.workflow.answers import RUN, always, answering, good_batch, notification
from tests.workflow.definitions import definition
from tests.workflow.engine import Engine, Function

GIVEN = {"run": RUN}


def paid_batch(engine: Engine, *answers: dict[str, Any]) -> None:
    """A batch with a model in its route; ReserveBudget gives one answer after the other."""
    good_batch(engine, ["a"])
    planned = engine.functions["PlanBatch"]({})
    planned["plan"]["paid"] = True
    given = iter(answers)
    engine.functions |= {
        "PlanBatch": answering(planned),
        "ReserveBudget": lambda _payload: next(given),
        "AwaitApproval": engine.keep_token,
    }


class Then:
    """One function after the other."""

    def __init__(self, *functions: Function) -> None:
        self._functions = iter(functions)

    def __call__(self, payload: dict[str, Any]) -> dict[str, Any]:
        return next(self._functions)(payload)


def ask() -> dict[str, Any]:
    return {"next": "ask", **notification("needs_approval")}


def test_a_free_batch_is_not_asked_for_money(engine: Engine) -> None:
    good_batch(engine, ["a"])
    engine.functions["ReserveBudget"] = always("BudgetExceeded")
    assert engine.run(definition(), GIVEN).status == "SUCCEEDED"
    assert engine.tries("ReserveBudget") == 0


def test_a_dry_run_sets_nothing_aside(engine: Engine) -> None:
    paid_batch(engine)
    ended = engine.run(definition(), {"run": {**RUN, "dry_run": True}})
    assert ended.status == "SUCCEEDED"
    assert engine.tries("ReserveBudget") == 0


def test_within_the_budget_it_goes_on_at_once(engine: Engine) -> None:
    paid_batch(engine, {"next": "render"})
    ended = engine.run(definition(), GIVEN)
    assert ended.states.index("ReserveBudget") < ended.states.index("RenderClips")
    assert engine.payload("ReserveBudget") == GIVEN
    assert "AwaitApproval" not in ended.states


@pytest.mark.parametrize("error", ["BudgetExceeded", "ApprovalDenied", "ApprovalExpired"])
def test_a_refusal_closes_the_batch_before_anything_is_made(engine: Engine, error: str) -> None:
    paid_batch(engine)
    engine.functions["ReserveBudget"] = always(error)
    assert engine.run(definition(), GIVEN).status == "SUCCEEDED"
    assert engine.tries("PrepareClip") == 0
    assert engine.payload("CloseBatch") == {"run": RUN, "outcome": "rejected"}


def test_above_the_threshold_people_are_told_and_waited_for(engine: Engine) -> None:
    paid_batch(engine, ask(), {"next": "render"})
    ended = engine.run(definition(), GIVEN, meanwhile=engine.end_waits)
    assert [state for state in ended.states if "Approv" in state or "Reserve" in state] == [
        *("ReserveBudget", "ApprovalNeeded", "NotifyApproval", "AwaitApproval"),
        *("ReserveBudget", "ApprovalNeeded"),
    ]
    told = [message["Body"] for message in engine.messages(engine.inbox)]
    assert notification("needs_approval")["notification"]["message"] in told
    assert engine.tries("PublishClip") == 1


def test_a_wait_that_ended_for_nothing_begins_again_and_tells_nobody_twice(engine: Engine) -> None:
    paid_batch(engine, ask(), {"next": "wait"}, {"next": "render"})
    ended = engine.run(definition(), GIVEN, meanwhile=engine.end_waits)
    assert ended.states.count("AwaitApproval") == 2
    assert ended.states.count("NotifyApproval") == 1


def test_a_wait_that_is_over_asks_the_books(engine: Engine) -> None:
    machine = definition()
    machine["States"]["AwaitApproval"]["TimeoutSeconds"] = 1
    paid_batch(engine, ask(), {"next": "render"})
    ended = engine.run(machine, GIVEN)
    assert ended.status == "SUCCEEDED"
    assert ended.states.count("ReserveBudget") == 2


def test_cancelled_while_it_waits(engine: Engine) -> None:
    paid_batch(engine)
    engine.functions["ReserveBudget"] = Then(answering(ask()), always("BatchCancelled"))
    assert engine.run(definition(), GIVEN, meanwhile=engine.end_waits).status == "SUCCEEDED"
    assert engine.payload("CloseBatch") == {"run": RUN, "outcome": "cancelled"}
