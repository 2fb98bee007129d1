"""The functions, held against the table of docs/architecture.md."""

import re
from pathlib import Path

import pytest

from stacks.handlers import HandlerSpec, handler_specs
from stacks.settings import Settings
from tests.stacks.assembly import Assembly, listed, text_of

SPECS = {spec.name: spec for spec in handler_specs(Settings())}
BUCKETS = ("drop", "work", "library")


def rows(document: str) -> dict[str, list[str]]:
    """The rows of the handlers table: name → bundle, memory, timeout, reads, writes."""
    found = {}
    for line in document.splitlines():
        row = re.match(r"\| `(\w+)` \| (.*) \|$", line)
        if row and row[2].split(" | ")[0] in ("core", "finish", "inspect"):
            found[row[1]] = row[2].split(" | ")
    return found


def test_the_handlers_are_those_of_the_document(architecture: str) -> None:
    documented = rows(architecture)
    assert set(documented) == set(SPECS)
    for name, (bundle, memory, timeout, *_) in documented.items():
        spec = SPECS[name]
        assert (spec.bundle, spec.timeout_sec) == (bundle, int(timeout)), name
        assert str(spec.memory_mb) in memory, name


@pytest.mark.parametrize("name", SPECS)
def test_a_handler_may_reach_only_what_the_document_says(
    architecture: str, prod: Assembly, name: str
) -> None:
    *_, reads, writes = rows(architecture)[name]
    granted = prod.handler_statements(SPECS[name].state)
    for bucket in BUCKETS:
        documented_read = bucket in reads or (bucket == "drop" and "drop `_…`" in writes)
        documented_write = bucket in writes
        assert _granted(granted, "s3:GetObject", bucket) == documented_read, bucket
        assert _granted(granted, "s3:PutObject", bucket) == documented_write, bucket
    assert _granted(granted, "dynamodb:PutItem", "State") == ("table" in writes)


@pytest.mark.parametrize("name", SPECS)
def test_a_handler_may_wake_only_what_it_calls(project: Path, prod: Assembly, name: str) -> None:
    source = (project / "lambdas" / f"{name}.py").read_text("utf-8")
    granted = prod.handler_statements(SPECS[name].state)
    assert _granted(granted, "sqs:SendMessage", "Drops") == ("drop_queue()" in source)
    assert _granted(granted, "states:StartExecution", "") == ("starter()" in source)


def _granted(statements: list[dict[str, object]], action: str, resource: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and action in listed(statement["Action"])
        and any(resource.lower() in text_of(each).lower() for each in _outside(statement))
        for statement in statements
    )


def _outside(statement: dict[str, object]) -> list[object]:
    """Resources, but for the handler's own dead-letter queue."""
    return [each for each in listed(statement["Resource"]) if "RunEnds" not in text_of(each)]


@pytest.mark.parametrize("name", SPECS)
def test_in_the_drop_bucket_only_answers_are_written(prod: Assembly, name: str) -> None:
    for statement in prod.handler_statements(SPECS[name].state):
        if statement["Effect"] == "Allow" and "s3:PutObject" in listed(statement["Action"]):
            for place in listed(statement["Resource"]):
                assert "GetAttDrop" not in text_of(place) or '"/*/_*"' in text_of(place)


def test_functions_are_small_machines_of_the_same_kind(prod: Assembly) -> None:
    functions = prod.of_type("AWS::Lambda::Function")
    assert len(functions) == len(SPECS)
    for function in functions.values():
        assert function["Runtime"] == "python3.14"
        assert function["Architectures"] == ["arm64"]
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert "LogGroup" in function["LoggingConfig"]


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_function_is_told_what_its_handler_reads(prod: Assembly, spec: HandlerSpec) -> None:
    (function,) = (
        each
        for each in prod.of_type("AWS::Lambda::Function").values()
        if each["Handler"] == spec.entry
    )
    told = function["Environment"]["Variables"]
    needed = {"DROP_BUCKET", "WORK_BUCKET", "LIBRARY_BUCKET", "STATE_TABLE", "STATE_MACHINE_ARN"}
    assert needed <= set(told)
    assert ("DROPS_QUEUE_URL" in told) == spec.drops_again
    assert told["KEYFRAME_WAIT_SEC"] == "900"
    assert told["POWERTOOLS_SERVICE_NAME"] == "dropreel"
    assert told["POWERTOOLS_METRICS_NAMESPACE"] == "Dropreel"


def test_every_log_is_forgotten_one_day(prod: Assembly) -> None:
    groups = prod.of_type("AWS::Logs::LogGroup")
    assert len(groups) == len(SPECS) + 1
    assert {group["RetentionInDays"] for group in groups.values()} == {30}


def test_drops_are_read_in_parts_and_not_handed_out_twice(prod: Assembly) -> None:
    (mapping,) = prod.of_type("AWS::Lambda::EventSourceMapping").values()
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    (queue,) = (q for q in prod.of_type("AWS::SQS::Queue").values() if "RedrivePolicy" in q)
    assert queue["VisibilityTimeout"] == 6 * SPECS["accept_drop"].timeout_sec


def test_a_broken_run_that_cannot_be_settled_is_kept(prod: Assembly) -> None:
    with_queue = {
        function["Handler"]
        for function in prod.of_type("AWS::Lambda::Function").values()
        if "DeadLetterConfig" in function
    }
    assert with_queue == {"lambdas.settle_broken_run.handler"}
