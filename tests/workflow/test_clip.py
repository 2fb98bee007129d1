"""The clip's workflow: which error leads where, how often is tried again, and who is told."""

import json
from typing import Any

import pytest

from shared.errors import BatchCancelled, InvalidInput, QualityFailed, Transient
from stacks.error_families import LAMBDA_FAULTS, family
from tests.workflow.answers import ITEM, Failing, always, answering, good_clip
from tests.workflow.definitions import clip_definition
from tests.workflow.engine import Engine

STEPS = ("PrepareClip", "FinishClip", "InspectClip", "PublishClip")


def run_clip(engine: Engine) -> Any:
    return engine.run(clip_definition(), ITEM)


def test_a_good_clip_is_made_inspected_published_and_told(engine: Engine) -> None:
    good_clip(engine)
    ended = run_clip(engine)
    assert (ended.status, ended.output) == ("SUCCEEDED", {})
    assert [name for name, _ in engine.calls] == list(STEPS)
    (message,) = engine.messages(engine.inbox)
    assert message["Body"] == '{"text": "clip_done"}'
    assert message["MessageAttributes"]["status"]["StringValue"] == "ok"


def test_each_function_is_given_exactly_what_the_contract_says(engine: Engine) -> None:
    good_clip(engine)
    run_clip(engine)
    assert engine.payload("PrepareClip") == ITEM
    for state in STEPS[1:]:
        assert engine.payload(state) == {**ITEM, "clip_key": "abc"}


def test_a_dry_run_ends_after_planning_and_spends_nothing(engine: Engine) -> None:
    good_clip(engine, dry_run=True)
    ended = run_clip(engine)
    assert (ended.status, ended.output) == ("SUCCEEDED", {})
    assert [name for name, _ in engine.calls] == ["PrepareClip"]
    assert engine.messages(engine.inbox) == []


@pytest.mark.parametrize("verdict", ["pass", "warn"])
def test_a_clip_that_passed_is_published(engine: Engine, verdict: str) -> None:
    good_clip(engine, verdict=verdict)
    run_clip(engine)
    assert engine.tries("PublishClip") == 1


@pytest.mark.parametrize("verdict", ["fail", "unreadable"])
def test_a_clip_that_did_not_pass_is_held_for_review(engine: Engine, verdict: str) -> None:
    good_clip(engine, verdict=verdict)
    ended = run_clip(engine)
    assert engine.tries("PublishClip") == 0
    recorded = engine.payload("RecordClipEnd")
    assert recorded["outcome"] == "needs_review"
    assert recorded["clip_key"] == "abc"
    assert verdict in recorded["error"]["Cause"]
    assert ended.output == {}


def test_an_engine_that_is_not_there_is_refused_by_name(engine: Engine) -> None:
    good_clip(engine)
    engine.functions["PrepareClip"] = answering(
        {"clip_key": "abc", "engine": "moon", "dry_run": False}
    )
    run_clip(engine)
    recorded = engine.payload("RecordClipEnd")
    assert recorded["outcome"] == "rejected"
    assert recorded["error"]["Error"] == "ModelUnavailable"
    assert "moon" in recorded["error"]["Cause"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        *((name, "rejected") for name in family(InvalidInput)),
        *((name, "cancelled") for name in family(BatchCancelled)),
        *((name, "needs_review") for name in family(QualityFailed)),
    ],
)
def test_a_decided_error_is_not_tried_again_and_ends_the_clip_its_way(
    engine: Engine, error: str, outcome: str
) -> None:
    good_clip(engine)
    engine.functions["PrepareClip"] = always(error)
    ended = run_clip(engine)
    assert engine.tries("PrepareClip") == 1
    recorded = engine.payload("RecordClipEnd")
    assert (recorded["outcome"], recorded["error"]["Error"]) == (outcome, error)
    assert json.loads(recorded["error"]["Cause"])["errorMessage"] == f"{error} happened"
    assert recorded["clip_key"] == ""
    assert (ended.status, ended.output) == ("SUCCEEDED", {})


@pytest.mark.parametrize("state", STEPS)
def test_every_step_of_a_clip_ends_it_in_good_order(engine: Engine, state: str) -> None:
    good_clip(engine)
    engine.functions[state] = always("EncodeFailed")
    ended = run_clip(engine)
    assert engine.tries(state) == 2
    assert engine.payload("RecordClipEnd")["outcome"] == "failed"
    assert ended.status == "SUCCEEDED"
    assert len(engine.messages(engine.inbox)) == 1


@pytest.mark.parametrize("error", [*family(Transient), *LAMBDA_FAULTS])
def test_what_passes_by_itself_is_tried_six_times_more(engine: Engine, error: str) -> None:
    good_clip(engine)
    engine.functions["FinishClip"] = Failing(error, 6, answering({}))
    run_clip(engine)
    assert engine.tries("FinishClip") == 7
    assert engine.tries("PublishClip") == 1
    assert len(engine.pauses) == 6
    assert max(engine.pauses) <= 60


def test_what_does_not_pass_after_all_fails_the_clip(engine: Engine) -> None:
    good_clip(engine)
    engine.functions["FinishClip"] = always("Transient")
    run_clip(engine)
    assert engine.tries("FinishClip") == 7
    assert engine.payload("RecordClipEnd")["outcome"] == "failed"


def test_an_unknown_error_is_tried_once_more(engine: Engine) -> None:
    good_clip(engine)
    engine.functions["InspectClip"] = Failing(
        "Runtime.ExitError", 1, answering({"verdict": "pass"})
    )
    run_clip(engine)
    assert engine.tries("InspectClip") == 2
    assert engine.tries("PublishClip") == 1


def test_a_refused_notification_is_set_aside_and_the_clip_is_done(engine: Engine) -> None:
    good_clip(engine)
    engine.clients.sns.delete_topic(TopicArn=engine.topic)
    ended = run_clip(engine)
    assert (ended.status, ended.output) == ("SUCCEEDED", {})
    assert ended.states[-2:] == ["NotifyClip", "SetAsideClip"]
    (letter,) = engine.messages(engine.dead_letters)
    kept = json.loads(letter["Body"])
    assert kept["notification"]["subject"] == "Dropreel: clip_done"
    assert kept["error"]["Error"].startswith("SNS.")


def test_not_even_a_lost_dead_letter_stops_the_clip(engine: Engine) -> None:
    good_clip(engine)
    engine.clients.sns.delete_topic(TopicArn=engine.topic)
    engine.clients.sqs.delete_queue(QueueUrl=engine.dead_letters)
    ended = run_clip(engine)
    assert (ended.status, ended.output) == ("SUCCEEDED", {})
    assert ended.states[-1] == "ClipEnded"
