"""The clip's workflow: which error leads where, how often is tried again, and who is told."""

import json
from typing import Any

import pytest

from shared.errors import BatchCancelled, InvalidInput, QualityFailed, Transient
from shared.pipeline.passed import TRIED_AGAIN, passed
from shared.pipeline.step import Step
from stacks.error_families import LAMBDA_FAULTS, family
from tests.workflow.answers import (
    ITEM,
    RUN,
    Failing,
    always,
    answering,
    generated_clip,
    good_clip,
    routed,
)
from tests.workflow.definitions import SPECS, clip_definition
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
        job = {"job_id": ""} if state == "FinishClip" else {}
        assert engine.payload(state) == {**ITEM, "clip_key": "abc", **job}


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


def generate(engine: Engine, *steps: dict[str, Any], barren: tuple[str, ...] = ()) -> Any:
    """Run a clip that a model makes; the task that waits is told as soon as it is queued.

    The first of `steps` is PrepareClip's answer, the others RouteClip's; jobs of `barren` bring
    nothing.
    """
    generated_clip(engine, *steps)
    engine.barren.update(barren)
    return engine.run(clip_definition(), ITEM, meanwhile=engine.finish_jobs)


GENERATE, AGAIN = routed("generate", job_id="job-1"), routed("generate", job_id="job-2")


def test_a_clip_of_a_model_is_finished_as_soon_as_its_job_has_brought_it(engine: Engine) -> None:
    ended = generate(engine, GENERATE)
    assert (ended.status, ended.output) == ("SUCCEEDED", {})
    assert ended.states == [
        *("PrepareClip", "ChooseStep", "Generate"),
        *("FinishClip", "InspectClip", "JudgeClip", "PublishClip", "NotifyClip"),
    ], "eight states, and so nine transitions, are paid"
    assert [sorted(body) for body in engine.jobs_seen] == [["job_id", "run", "token"]]
    assert engine.jobs_seen[0]["run"] == RUN
    assert engine.jobs_seen[0]["job_id"] == "job-1"
    assert engine.payload("FinishClip") == {**ITEM, "clip_key": "xyz", "job_id": "job-1"}


def test_the_router_is_given_the_clips_facts_alone(engine: Engine) -> None:
    generate(engine, GENERATE, AGAIN, routed("finish"), barren=("job-1", "job-2"))
    given = [payload for name, payload in engine.calls if name == "RouteClip"]
    assert given == [{**ITEM, "clip_key": "xyz", "failed_inspection": ""}] * 2


def test_the_next_model_is_tried_until_one_has_made_the_clip(engine: Engine) -> None:
    ended = generate(engine, GENERATE, AGAIN, barren=("job-1",))
    assert [body["job_id"] for body in engine.jobs_seen] == ["job-1", "job-2"]
    assert len({body["token"] for body in engine.jobs_seen}) == 2
    assert ended.states.count("Generate") == 2
    assert engine.pauses == [], "a job without a clip is an answer, and not asked for again"
    assert engine.payload("FinishClip")["job_id"] == "job-2"


def test_a_clip_that_failed_inspection_goes_back_to_the_router(engine: Engine) -> None:
    generated_clip(engine, GENERATE, AGAIN)
    verdicts = iter(["fail", "pass"])
    engine.functions["InspectClip"] = lambda _payload: {"verdict": next(verdicts)}
    ended = engine.run(clip_definition(), ITEM, meanwhile=engine.finish_jobs)
    given = [payload for name, payload in engine.calls if name == "RouteClip"]
    assert [each["failed_inspection"] for each in given] == ["job-1"]
    assert ended.states.count("FinishClip") == 2
    assert engine.payload("FinishClip")["job_id"] == "job-2"
    assert engine.tries("PublishClip") == 1


def test_when_nobody_may_try_again_a_person_looks_at_it(engine: Engine) -> None:
    why = "2 clip(s) failed inspection"
    generated_clip(engine, GENERATE, routed("hold", job_id="job-1", reason=why))
    engine.functions["InspectClip"] = answering({"verdict": "fail"})
    engine.run(clip_definition(), ITEM, meanwhile=engine.finish_jobs)
    recorded = engine.payload("RecordClipEnd")
    assert recorded["outcome"] == "needs_review"
    assert recorded["error"]["Cause"] == why


def test_a_clip_that_a_person_has_approved_is_published(engine: Engine) -> None:
    good_clip(engine, verdict="approved")
    run_clip(engine)
    assert engine.tries("PublishClip") == 1


def test_what_is_there_already_is_not_made_again(engine: Engine) -> None:
    ended = generate(engine, routed("finish", job_id="job-1"))
    assert "Generate" not in ended.states
    assert engine.tries("PublishClip") == 1


def test_a_model_may_be_replaced_by_a_camera_move(engine: Engine) -> None:
    generate(engine, GENERATE, routed("finish"), barren=("job-1",))
    assert engine.payload("FinishClip") == {**ITEM, "clip_key": "xyz", "job_id": ""}


def test_a_job_that_nobody_is_sure_of_holds_its_clip(engine: Engine) -> None:
    why = "nobody can say whether wavespeed accepted job job-1."
    held = routed("hold", job_id="job-1", reason=why)
    ended = generate(engine, GENERATE, held, barren=("job-1",))
    recorded = engine.payload("RecordClipEnd")
    assert recorded["outcome"] == "needs_review"
    assert recorded["error"] == {"Error": "JobHeld", "Cause": why}
    assert recorded["clip_key"] == "xyz"
    assert engine.tries("FinishClip") == 0
    assert (ended.status, ended.output) == ("SUCCEEDED", {})


@pytest.mark.parametrize("state", ["PrepareClip", "RouteClip"])
def test_a_clip_that_no_model_makes_is_rejected_with_the_reasons(
    engine: Engine, state: str
) -> None:
    generated_clip(engine, GENERATE)
    engine.barren.add("job-1")
    engine.functions[state] = always("ModelUnavailable")
    ended = engine.run(clip_definition(), ITEM, meanwhile=engine.finish_jobs)
    recorded = engine.payload("RecordClipEnd")
    assert engine.tries(state) == 1
    assert (recorded["outcome"], recorded["error"]["Error"]) == ("rejected", "ModelUnavailable")
    assert (ended.status, ended.output) == ("SUCCEEDED", {})


@pytest.mark.parametrize("limit", ["TimeoutSeconds", "HeartbeatSeconds"])
def test_a_wait_that_is_over_asks_the_router(engine: Engine, limit: str) -> None:
    """Nobody tells the task; what became of the job, its row says."""
    machine = clip_definition()
    wait = machine["States"]["Generate"]
    del wait["TimeoutSeconds"], wait["HeartbeatSeconds"]
    wait[limit] = 1
    generated_clip(engine, GENERATE, routed("finish", job_id="job-1"))
    ended = engine.run(machine, ITEM)
    assert ended.status == "SUCCEEDED"
    assert len(engine.messages(engine.jobs)) == 1  # not queued again by itself
    assert (engine.tries("RouteClip"), engine.tries("PublishClip")) == (1, 1)


def test_a_wait_that_breaks_off_asks_the_router(engine: Engine) -> None:
    generated_clip(engine, GENERATE, routed("finish", job_id="job-1"))
    machine = clip_definition()
    machine["States"]["Generate"]["Retry"] = []
    ended = engine.run(machine, ITEM, meanwhile=engine.break_waits)
    assert ended.status == "SUCCEEDED"
    assert (engine.tries("RouteClip"), engine.tries("PublishClip")) == (1, 1)


def test_a_queue_that_refuses_is_asked_with_pauses_before_the_router_is(engine: Engine) -> None:
    """Without them, RouteClip and Generate would turn as fast as they can."""
    generated_clip(engine, GENERATE, routed("finish", job_id="job-1"))
    engine.clients.sqs.delete_queue(QueueUrl=engine.jobs)
    ended = run_clip(engine)
    assert len(engine.pauses) == 6
    assert (engine.tries("RouteClip"), engine.tries("PublishClip")) == (1, 1)
    assert ended.status == "SUCCEEDED"


def counted(engine: Engine) -> int:
    """Transitions as the functions count them for the bill, from how each call ended."""
    names = {spec.state: spec.name for spec in SPECS}
    total, seen = 0, ""
    for (state, payload), answer in zip(engine.calls, engine.answers, strict=True):
        step = Step(answer["step"]) if answer and "step" in answer else None
        total += passed(names[state], step, failed=answer is None)
        failed = payload.get("failed_inspection", "")
        total += TRIED_AGAIN if failed != seen and failed else 0
        seen = failed or seen
    return total


@pytest.mark.parametrize("verdicts", [["pass"], ["fail", "pass"], ["fail", "fail"]])
@pytest.mark.parametrize("barren", [(), ("job-1",)])
@pytest.mark.parametrize(
    "steps",
    [
        [routed("finish")],
        [routed("planned")],
        [GENERATE, AGAIN, routed("hold", job_id="job-2", reason="why")],
        [GENERATE, routed("hold", job_id="job-1", reason="why")],
    ],
)
def test_every_state_that_is_billed_is_counted(
    engine: Engine, steps: list[dict[str, Any]], barren: tuple[str, ...], verdicts: list[str]
) -> None:
    generated_clip(engine, *steps)
    engine.barren.update(barren)
    answers = iter(verdicts)
    engine.functions["InspectClip"] = lambda _payload: {"verdict": next(answers)}
    engine.functions["FinishClip"] = Failing("Transient", 1, answering({}))
    ended = engine.run(clip_definition(), ITEM, meanwhile=engine.finish_jobs)
    assert ended.status == "SUCCEEDED"
    assert counted(engine) == len(ended.states) + len(engine.pauses) + 1, ended.states


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
