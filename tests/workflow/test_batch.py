"""The batch's workflow: from the manifest to the last message, and where it stops when it must."""

import json
from typing import Any

import pytest

from shared.errors import BatchCancelled, InvalidInput
from stacks.error_families import family
from tests.workflow.answers import (
    RUN,
    Failing,
    always,
    answering,
    good_batch,
    notification,
)
from tests.workflow.definitions import definition
from tests.workflow.engine import Engine

GIVEN = {"run": RUN}
OPENING = ("CheckManifest", "AwaitKeyframes", "PlanBatch")


def run_batch(engine: Engine) -> Any:
    return engine.run(definition(), GIVEN)


def test_a_good_batch_makes_every_clip_and_is_closed_as_finished(engine: Engine) -> None:
    good_batch(engine, ["a", "b", "c"])
    ended = run_batch(engine)
    assert (ended.status, ended.output) == ("SUCCEEDED", {})
    assert engine.payload("CloseBatch") == {"run": RUN, "outcome": "finished"}
    prepared = [payload for name, payload in engine.calls if name == "PrepareClip"]
    assert sorted((item["index"], item["stem"]) for item in prepared) == [
        (0, "a"),
        (1, "b"),
        (2, "c"),
    ]
    assert all(item["run"] == RUN for item in prepared)
    told = [message["Body"] for message in engine.messages(engine.inbox)]
    assert sorted(told) == sorted(
        notification(text)["notification"]["message"]
        for text in ("accepted", "clip_done", "clip_done", "clip_done", "finished")
    )


def test_the_opening_steps_are_given_the_run_alone(engine: Engine) -> None:
    good_batch(engine, ["a"])
    run_batch(engine)
    for state in OPENING:
        assert engine.payload(state) == GIVEN


def test_missing_keyframes_are_waited_for(engine: Engine) -> None:
    good_batch(engine, ["a"])
    looks = iter([(2, False), (1, False), (0, True)])

    def look(_payload: dict[str, Any]) -> dict[str, Any]:
        missing, ready = next(looks)
        return {"missing": missing, "wait_sec": 1, "ready": ready}

    engine.functions["AwaitKeyframes"] = look
    ended = run_batch(engine)
    assert engine.tries("AwaitKeyframes") == 3
    assert ended.states.count("WaitForKeyframes") == 2
    assert ended.status == "SUCCEEDED"


@pytest.mark.parametrize("state", OPENING)
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("ManifestInvalid", "rejected"),
        ("KeyframeMissing", "rejected"),
        ("BatchCancelled", "cancelled"),
    ],
)
def test_a_decided_error_closes_the_batch_its_way(
    engine: Engine, state: str, error: str, outcome: str
) -> None:
    good_batch(engine, ["a"])
    engine.functions[state] = always(error)
    ended = run_batch(engine)
    assert engine.tries(state) == 1
    assert engine.tries("PrepareClip") == 0
    assert engine.payload("CloseBatch") == {"run": RUN, "outcome": outcome}
    assert ended.status == "SUCCEEDED"


def test_every_error_of_the_families_is_caught_in_a_batch() -> None:
    catches = definition()["States"]["PlanBatch"]["Catch"]
    assert [catch["ErrorEquals"] for catch in catches] == [
        family(InvalidInput),
        family(BatchCancelled),
    ]


@pytest.mark.parametrize("state", [*OPENING, "CloseBatch"])
def test_any_other_error_stops_the_batch_where_it_stands(engine: Engine, state: str) -> None:
    good_batch(engine, ["a"])
    engine.functions[state] = always("KeyError")
    ended = run_batch(engine)
    assert engine.tries(state) == 2
    assert (ended.status, ended.error) == ("FAILED", "KeyError")
    assert ended.states[-1] == state  # a redrive goes on from here


def test_what_passes_by_itself_does_not_stop_a_batch(engine: Engine) -> None:
    good_batch(engine, ["a"])
    engine.functions["CloseBatch"] = Failing("Conflict", 3, answering(notification("finished")))
    assert run_batch(engine).status == "SUCCEEDED"
    assert engine.tries("CloseBatch") == 4


def test_one_bad_clip_does_not_stop_its_batch(engine: Engine) -> None:
    good_batch(engine, ["bad", "good"])
    prepare = engine.functions["PrepareClip"]

    def picky(payload: dict[str, Any]) -> dict[str, Any]:
        return (
            always("KeyframeUnreadable")(payload) if payload["stem"] == "bad" else prepare(payload)
        )

    engine.functions["PrepareClip"] = picky
    assert run_batch(engine).status == "SUCCEEDED"
    assert engine.tries("PublishClip") == 1
    assert engine.payload("RecordClipEnd")["stem"] == "bad"
    assert engine.payload("CloseBatch")["outcome"] == "finished"


def test_refused_notifications_are_set_aside_and_the_batch_goes_on(engine: Engine) -> None:
    good_batch(engine, ["a"])
    engine.clients.sns.delete_topic(TopicArn=engine.topic)
    ended = run_batch(engine)
    assert (ended.status, ended.output) == ("SUCCEEDED", {})
    kept = [json.loads(letter["Body"]) for letter in engine.messages(engine.dead_letters)]
    assert {each["notification"]["subject"] for each in kept} == {
        "Dropreel: accepted",
        "Dropreel: clip_done",
        "Dropreel: finished",
    }
