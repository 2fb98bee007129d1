"""Reaching the ledger of a deployment from the command line, and showing what is in it."""

import json
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer
from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from cli.errors import WrongUse
from cli.target import STORAGE_STACK, Account, Target, find_target
from shared.aws.ledger import DynamoLedger
from shared.aws.rows import DynamoRows

Profile = Annotated[
    str | None, typer.Option(help="AWS profile; without it the embedded cloud is used.")
]
Region = Annotated[str | None, typer.Option(help="AWS region of the deployment.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

console = Console(highlight=False)


class Cloud:
    """How the commands find their cloud; tests put another one here."""

    find: Callable[[Account], Target] = staticmethod(find_target)


class Books(NamedTuple):
    """A deployment and the ledger in its table."""

    target: Target
    ledger: DynamoLedger


def open_books(profile: str | None, region: str | None) -> Books:
    """The ledger of the deployment that is meant.

    Raises
    ------
    WrongUse : the deployment is from before there was a ledger.
    """
    target = Cloud.find(Account(profile, region))
    return Books(target, DynamoLedger(target.client("dynamodb"), _table_name(target)))


def _table_name(target: Target) -> str:
    try:
        (stack,) = target.client("cloudformation").describe_stacks(StackName=STORAGE_STACK)[
            "Stacks"
        ]
    except ClientError as error:
        raise WrongUse(f"Cannot read stack `{STORAGE_STACK}`: {error}") from error
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    table: str | None = outputs.get("StateTableName")
    if not table:
        raise WrongUse(f"Stack `{STORAGE_STACK}` names no state table; deploy it again.")
    return table


def open_rows(profile: str | None, region: str | None) -> DynamoRows:
    """The rows of the deployment that is meant."""
    target = Cloud.find(Account(profile, region))
    return DynamoRows(target.resource("dynamodb").Table(_table_name(target)))


def plain_table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    return table


def print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))
