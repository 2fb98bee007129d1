"""The deployed workflow: what it says of itself, and what it can bear."""

import json
from collections.abc import Iterator
from typing import Any

from shared import ports
from shared.errors import BatchCancelled, DropreelError, InvalidInput, QualityFailed, Transient
from stacks.asl import function_placeholder
from stacks.error_families import DECIDED, PASSING, RAISING, family
from stacks.handlers import OUTSIDE_WORKFLOW, handler_specs
from stacks.settings import Settings
from tests.stacks.assembly import Assembly
from tests.workflow.definitions import definition

PAYLOAD_LIMIT = 200_000  # 256 KiB on AWS, with room for what Step Functions adds
CLIPS = 10_000
RUN = {
    "project_id": "p" * 64,
    "batch_id": "b" * 64,
    "run_id": "r" * 80,
    "manifest": {"bucket": "b" * 63, "key": "k" * 1024, "version_id": "v" * 64, "etag": "e" * 40},
    "dry_run": False,
}


def all_states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from all_states(state["ItemProcessor"])


def test_the_template_holds_the_definition_that_is_tested(prod: Assembly) -> None:
    settings = Settings()
    waiting = settings.approval_wait_hours
    tested = definition(
        settings.max_concurrency,
        timeout_hours=settings.batch_timeout_hours + waiting,
        approval_hours=waiting,
    )
    assert prod.definition == tested


def test_every_placeholder_is_filled(prod: Assembly) -> None:
    (machine,) = prod.of_type("AWS::StepFunctions::StateMachine").values()
    inside = [
        function_placeholder(spec.state)
        for spec in handler_specs(Settings())
        if spec.name not in OUTSIDE_WORKFLOW
    ]
    named = {"Partition", "CreatorsTopicArn", "NotificationsDeadLettersUrl", "JobsQueueUrl"}
    named.update(inside)
    assert set(machine["DefinitionSubstitutions"]) == named
    text = machine["DefinitionString"]
    assert all(f"${{{name}}}" in text for name in named)


def test_the_log_tells_everything_but_what_creators_wrote(prod: Assembly) -> None:
    (machine,) = prod.of_type("AWS::StepFunctions::StateMachine").values()
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_every_state_says_what_it_is_for_and_none_waits_for_ever(prod: Assembly) -> None:
    assert prod.definition["TimeoutSeconds"]
    for name, state in all_states(prod.definition):
        assert state["Comment"].endswith("."), name
        if state["Type"] == "Task":
            assert state["TimeoutSeconds"], name
            assert state["Retry"], name


def test_only_the_map_is_jsonpath(prod: Assembly) -> None:
    assert prod.definition["QueryLanguage"] == "JSONPath"
    for name, state in all_states(prod.definition):
        assert state.get("QueryLanguage") == (None if state["Type"] == "Map" else "JSONata"), name


def test_the_states_of_the_document_exist(prod: Assembly, architecture: str) -> None:
    names = {name for name, _ in all_states(prod.definition)}
    section = architecture.split("## State", 1)[1]
    documented = {
        word
        for line in section.splitlines()
        if line.startswith("| ")
        for word in line.split("|")[1].replace(",", " ").split()
        if word[:1].isupper() and word.isalpha() and not word.endswith("item")
    }
    assert documented & names >= {"CheckManifest", "RenderClips", "CloseBatch", "RecordClipEnd"}
    for word in ("RejectClip", "CancelClip", "HoldClip", "FailClip", "RejectBatch", "CancelBatch"):
        assert word in names
        assert word in architecture


def test_a_map_of_ten_thousand_clips_stays_far_below_the_limit(prod: Assembly) -> None:
    render = prod.definition["States"]["RenderClips"]
    assert render["ResultPath"] is None
    assert set(render["ItemSelector"]) == {"run.$", "stem.$", "index.$"}
    ends = [
        state
        for _, state in all_states(render["ItemProcessor"])
        if state.get("End") or state["Type"] == "Succeed"
    ]
    assert {json.dumps(state["Output"]) for state in ends} == {"{}"}
    assert len(json.dumps([{}] * CLIPS)) < PAYLOAD_LIMIT


def test_no_input_grows_with_the_number_of_clips() -> None:
    item = {"run": RUN, "stem": "s" * 255, "index": CLIPS}
    plan = {"bucket": "b" * 63, "key": f"runs/{'r' * 80}/items.json", "count": CLIPS}
    batch = {"run": RUN, "clip_count": CLIPS, "missing": CLIPS, "ready": True, "plan": plan}
    assert len(json.dumps(item)) < PAYLOAD_LIMIT / 50
    assert len(json.dumps(batch)) < PAYLOAD_LIMIT / 50


def test_the_families_are_those_of_the_classes_themselves() -> None:
    """Read from the sources they are the same as when imported."""

    def descendants(root: type[DropreelError]) -> set[str]:
        # runners have errors of their own, which never come near the workflow
        raised = (
            child
            for child in root.__subclasses__()
            if child.__module__.partition(".")[0] in RAISING
        )
        return {root.__name__}.union(*(descendants(child) for child in raised))

    assert ports.Conflict in Transient.__subclasses__()
    for root in (InvalidInput, BatchCancelled, QualityFailed, Transient):
        assert descendants(root) <= set(family(root))
        assert family(root)[0] == root.__name__


def test_no_error_is_both_decided_and_passing() -> None:
    assert not set(DECIDED) & set(PASSING)
