"""The functions, held against the table of docs/architecture.md."""

import re
from pathlib import Path

import pytest

from stacks.handlers import HandlerSpec, handler_specs
from stacks.settings import Settings
from tests.stacks.assembly import Assembly, listed, text_of

SPECS = {spec.name: spec for spec in handler_specs(Settings())}
BUCKETS = ("drop", "work", "library")

# Who may do what outside buckets and table, and by which calls its source shows that it does.
CALLS = {
    ("sqs:SendMessage", "Drops"): ("drop_queue()", "jobs_engine()"),
    ("sqs:SendMessage", "Jobs"): ("jobs_queue()", "jobs_engine()"),
    ("sqs:SendMessage", "Worker"): ("jobs_engine()",),
    ("states:StartExecution", ""): ("starter()",),
    ("states:SendTaskSuccess", ""): ("jobs_engine()", "approvals("),
    ("states:SendTaskFailure", ""): ("jobs_engine()",),
    ("states:SendTaskHeartbeat", ""): ("jobs_engine()",),
    ("sns:Publish", "Creators"): ("jobs_engine()", "reserve_budget(", "ledger("),
    ("secretsmanager:GetSecretValue", "dropreel/providers-??????"): (
        *("provider_secrets()", "routed_services()", "jobs_engine()", "signing_key()"),
    ),
}


OPEN = ("ReceiveCallback", "AnswerApproval")


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
    for (action, resource), calls in CALLS.items():
        assert _granted(granted, action, resource) == any(call in source for call in calls), action


def test_who_is_open_to_the_internet_may_do_least(prod: Assembly) -> None:
    opened = " ".join(
        text_of(each["TargetFunctionArn"]) for each in prod.of_type("AWS::Lambda::Url").values()
    )
    assert opened.count("GetAtt") == len(OPEN)
    for state in OPEN:
        assert state in opened
        (table,) = (
            set(listed(statement["Action"]))
            for statement in prod.handler_statements(state)
            if "State" in text_of(statement["Resource"])
        )
        assert table == {"dynamodb:GetItem", "dynamodb:PutItem"}
        granted = prod.handler_statements(state)
        assert not _granted(granted, "s3:GetObject", "Work")
        assert not _granted(granted, "sqs:SendMessage", "Drops")
    # only an answer to a question ends a wait; a callback never does
    assert not _granted(prod.handler_statements("ReceiveCallback"), "states:SendTaskSuccess", "")


def _granted(statements: list[dict[str, object]], action: str, resource: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and action in listed(statement["Action"])
        and any(resource.lower() in text_of(each).lower() for each in _outside(statement))
        for statement in statements
    )


def _outside(statement: dict[str, object]) -> list[object]:
    """Resources, but for the handler's own dead-letter queue."""
    return [each for each in listed(statement["Resource"]) if "Notifications" not in text_of(each)]


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
    assert ("JOBS_QUEUE_URL" in told) == spec.queues_jobs
    assert ("PROVIDERS_SECRET" in told) == spec.reads_keys
    assert ("CALLBACK_URL" in told) == (spec.name == "advance_job")
    assert told["KEYFRAME_WAIT_SEC"] == "900"
    assert told["POWERTOOLS_SERVICE_NAME"] == "dropreel"
    assert told["POWERTOOLS_METRICS_NAMESPACE"] == "Dropreel"


def test_every_log_is_forgotten_one_day(prod: Assembly) -> None:
    groups = prod.of_type("AWS::Logs::LogGroup")
    assert len(groups) == len(SPECS) + 1
    assert {group["RetentionInDays"] for group in groups.values()} == {30}


@pytest.mark.parametrize(
    ("queue", "reader", "at_once", "hidden", "receives"),
    [("Drops", "accept_drop", 10, 6, 5), ("Jobs", "advance_job", 1, 1, 30)],
)
def test_queues_are_read_in_parts_and_keep_what_is_not_handled_equally_long(
    prod: Assembly, queue: str, reader: str, at_once: int, hidden: int, receives: int
) -> None:
    mappings = prod.of_type("AWS::Lambda::EventSourceMapping").values()
    (mapping,) = (each for each in mappings if queue in text_of(each["EventSourceArn"]))
    assert SPECS[reader].state in text_of(mapping["FunctionName"])
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == at_once
    (properties,) = (
        each
        for name, each in prod.of_type("AWS::SQS::Queue").items()
        if name.startswith(queue) and "RedrivePolicy" in each
    )
    assert properties["VisibilityTimeout"] == hidden * SPECS[reader].timeout_sec
    assert properties["RedrivePolicy"]["maxReceiveCount"] == receives
    assert f"{queue}DeadLetters" in text_of(properties["RedrivePolicy"]["deadLetterTargetArn"])


def test_an_event_that_cannot_be_handled_is_kept(prod: Assembly) -> None:
    with_queue = {
        function["Handler"]
        for function in prod.of_type("AWS::Lambda::Function").values()
        if "DeadLetterConfig" in function
    }
    assert with_queue == {"lambdas.settle_broken_run.handler", "lambdas.sweep_jobs.handler"}
