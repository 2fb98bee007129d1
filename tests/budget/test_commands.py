"""`dropreel project`, `spend`, `approve`, `deny` against a table and a bucket."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from cli.books import Cloud
from cli.errors import WrongUse
from cli.main import app
from cli.rules import find_rules
from cli.target import STORAGE_STACK, Account, Target
from local_cloud.deploy import Deployment
from shared.aws.ledger import DynamoLedger
from shared.aws.objects import S3Objects
from shared.budget.approval import ask
from shared.keys import Folder
from shared.pipeline.approvals import DECIDED_BY
from tests.budget.conftest import TABLE, OneAtATime
from tests.budget.desk import FILM, Desk, attempt, charge

BUCKET = "drop"


class Stacks:
    """What CloudFormation says of the storage stack."""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        assert StackName == STORAGE_STACK
        output = {"OutputKey": "StateTableName", "OutputValue": TABLE}
        return {"Stacks": [{"Outputs": [output]}]}


class Terminal:
    """The commands, and the deployment that they talk to."""

    def __init__(self, target: Target, ledger: DynamoLedger) -> None:
        self.target, self.ledger = target, ledger

    def run(self, *words: str) -> str:
        return CliRunner().invoke(app, list(words), catch_exceptions=False).stdout

    def json(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*words, "--json"))
        return found

    def refused(self, *words: str) -> str:
        error = CliRunner().invoke(app, list(words)).exception
        assert isinstance(error, WrongUse)
        return error.message


@pytest.fixture
def terminal(dynamo: DynamoLedger, table: OneAtATime, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    storage = boto3.client("s3", region_name="us-east-1")
    storage.create_bucket(Bucket=BUCKET)
    clients = {"cloudformation": Stacks(), "dynamodb": table}
    target = Target(BUCKET, BUCKET, S3Objects(storage), clients.__getitem__)
    monkeypatch.setattr(Cloud, "find", staticmethod(lambda _: target))
    return Terminal(target, dynamo)


def test_a_project_is_set_piece_by_piece(terminal: Terminal) -> None:
    first = terminal.json("project", "set", "film", "--monthly-budget", "$20", "--territory", "KR")
    assert (first["monthly_budget_usd"], first["approve_above_usd"]) == (20.0, None)
    words = "--approve-above 5 --non-commercial --max-per-clip 0.5 --route min_cost --privacy any"
    second = terminal.json("project", "set", "film", *words.split())
    assert (second["monthly_budget_usd"], second["approve_above_usd"]) == (20.0, 5.0)
    assert second["policy"]["territory"] == ["KR"]
    assert second["policy"]["commercial"] is False
    assert second["policy"]["max_price_per_clip_usd"] == 0.5
    assert second["changed_by"]
    assert terminal.json("project", "show", "film") == second
    assert terminal.json("project", "list") == {"projects": [second]}
    third = terminal.json(
        "project", "set", "film", "--approve-above", "never", "--max-per-clip", "none"
    )
    assert third["approve_above_usd"] is None
    assert third["policy"]["max_price_per_clip_usd"] is None
    assert "USD 20.00" in terminal.run("project", "list")
    assert "USD 20.00 a month" in terminal.run("project", "show", "film")


def test_mistakes_are_sentences(terminal: Terminal) -> None:
    assert "dollars" in terminal.refused("project", "set", "film", "--monthly-budget", "lots")
    assert "country code" in terminal.refused("project", "set", "film", "--territory", "Narnia")
    assert "dropreel project set film" in terminal.refused("project", "show", "film")
    assert "PROJECT/BATCH" in terminal.refused("approve", "film")
    assert "waits for an answer" in terminal.refused("approve", "film/day-1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("set film --monthly-budget 1e30", "not an amount of money"),
        ("set film --monthly-budget -1", "not an amount of money"),
        ("set film --max-per-clip nan", "not an amount of money"),
        ("set film --territory XX", "country code"),
        ("set film --deny-origin Chna", "country code"),
        ("set film --allow-origin ??", "country code"),
        ("set a/b --monthly-budget 5", "is no project"),
        ("set _film --monthly-budget 5", "begins with `_`"),
        ("set .. --monthly-budget 5", "cannot be a project"),
    ],
)
def test_a_mistake_about_a_project_is_told_and_changes_nothing(
    words: str, said: str, terminal: Terminal
) -> None:
    assert said in terminal.refused("project", *words.split())
    assert terminal.ledger.projects() == []


def test_where_models_come_from_and_clips_are_shown_can_be_taken_back(terminal: Terminal) -> None:
    words = "--territory KR --territory DE --deny-origin RU --allow-origin US --allow-origin CN"
    policy = terminal.json("project", "set", "film", *words.split())["policy"]
    assert (policy["territory"], policy["origins_denied"]) == (["KR", "DE"], ["RU"])
    assert policy["origins_allowed"] == ["US", "CN"]
    assert "only models" in terminal.run("project", "show", "film")
    words = "--territory none --deny-origin none --allow-origin any"
    policy = terminal.json("project", "set", "film", *words.split())["policy"]
    assert (policy["territory"], policy["origins_denied"]) == ([], [])
    assert policy["origins_allowed"] is None


def test_spending_of_nobody_or_in_no_month_is_a_mistake(terminal: Terminal) -> None:
    terminal.run("project", "set", "film", "--monthly-budget", "5")
    assert "Did you mean `film`?" in terminal.refused("spend", "flim")
    assert "2026-11" in terminal.refused("spend", "--month", "2026-13")


def test_spending_is_shown_by_what_one_asks_for(terminal: Terminal) -> None:
    desk = Desk(terminal.ledger)
    desk.budget(10)
    desk.ledger.reserve(attempt("a", 2))
    desk.ledger.settle("film", "a", charge(3))
    desk.now = datetime(2026, 12, 5, tzinfo=UTC)
    desk.ledger.reserve(attempt("b", 1))
    by_month = terminal.json("spend", "film", "--by", "month")
    assert [(line["name"], line["spent_usd"]) for line in by_month["lines"]] == [
        ("2026-11", 3.0),
        ("2026-12", 0.0),
    ]
    assert [month["free_usd"] for month in by_month["months"]] == [7.0, 9.0]
    everything = terminal.json("spend")
    assert everything["lines"][0]["attempts"] == 2
    december = terminal.json("spend", "--by", "model", "--month", "2026-12")
    assert [line["reserved_usd"] for line in december["lines"]] == [1.0]
    assert "+50 %" in terminal.run("spend", "--by", "provider")


def test_an_answer_is_a_marker_that_says_who(terminal: Terminal) -> None:
    for folder, run in ((FILM, "run-1"), (Folder("film", "day-2"), "run-2")):
        terminal.ledger.save_approval(
            ask(folder, run, estimate=9_000_000, threshold=0, at=datetime.now(UTC), nonce="n")
        )
    assert "APPROVED film/day-1: USD 9.00" in terminal.run("approve", "film/day-1")
    terminal.run("deny", "film/day-2/")
    approved = terminal.target.objects.head(terminal.target.drop_bucket, "film/day-1/APPROVED")
    assert approved
    assert approved.metadata[DECIDED_BY]
    assert terminal.target.objects.head(terminal.target.drop_bucket, "film/day-2/DENIED")
    assert not terminal.target.objects.head(terminal.target.drop_bucket, "film/day-1/DENIED")


def test_what_a_project_asks_of_keyframes_is_kept_and_shown(terminal: Terminal) -> None:
    made = terminal.json(
        "project", "set", "picky", "--score-policy", "reject", "--min-score", "0.5"
    )
    assert made["scoring"] == {"policy": "reject", "min_score": 0.5}
    changed = terminal.json("project", "set", "picky", "--min-score", "0.6")
    assert changed["scoring"] == {"policy": "reject", "min_score": 0.6}
    assert "keyframes below 0.6: reject" in terminal.run("project", "show", "picky")


class Secrets:
    """The providers' secret of a cloud that runs."""

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        return {"SecretString": json.dumps({"FAL_KEY": "k"})}


class Session:
    """Clients of a cloud that runs."""

    def __init__(self, clients: dict[str, Any]) -> None:
        self.client = clients.__getitem__


def test_a_cloud_that_runs_is_asked_for_its_rules(
    terminal: Terminal, table: OneAtATime, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.run("project", "set", "film", "--route", "min_cost", "--monthly-budget", "3")
    running = Deployment("http://127.0.0.1:9", state_table=TABLE)
    session = Session({"secretsmanager": Secrets(), "dynamodb": table})
    monkeypatch.setattr("cli.rules.attach", lambda _: running)
    monkeypatch.setattr("cli.rules.session_for", lambda _: session)
    found = find_rules(Account())
    assert found.project("film").default_route == ("min_cost",)
    assert "api:fal" in found.engines
    assert "api:wavespeed" not in found.engines
    assert not found.doubt("api:fal")


def test_an_accounts_projects_are_read_and_its_keys_are_not(terminal: Terminal) -> None:
    terminal.run("project", "set", "film", "--max-per-clip", "0.5")
    found = find_rules(Account(profile="studio"))
    assert found.project("film").policy.max_price_per_clip_usd is not None
    assert "FAL_KEY" in found.doubt("api:fal")
    assert not found.doubt("camera_move")
