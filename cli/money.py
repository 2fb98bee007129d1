"""`dropreel spend`, `approve`, `deny`: where the money went, and who may spend it."""

import getpass
import re
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.books import AsJson, Profile, Region, console, open_books, plain_table, print_json
from cli.errors import WrongUse
from shared.budget.approval import ApprovalState
from shared.budget.money import usd_text
from shared.budget.spend import By, Spend, account_summary, spend_by
from shared.keys import Folder
from shared.manifest.names import APPROVED, DENIED
from shared.nearest import did_you_mean
from shared.pipeline.approvals import DECIDED_BY

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")

Batch = Annotated[str, typer.Argument(help="PROJECT/BATCH")]


def spend(
    project: Annotated[str | None, typer.Argument(help="All when left out.")] = None,
    by: Annotated[By, typer.Option(help="What to sum by.")] = By.PROJECT,
    month: Annotated[str | None, typer.Option(help="One month, for example 2026-11.")] = None,
    as_json: AsJson = False,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show what was spent, by project, provider, model or month, beside what was estimated."""
    if month is not None and not MONTH.fullmatch(month):
        raise WrongUse(f"`{month}` is no month; write it like 2026-11.")
    ledger = open_books(profile, region).ledger
    known = [each.name for each in ledger.projects()]
    if project is not None and project not in known:
        guess = did_you_mean(project, known)
        raise WrongUse(f"Project `{project}` has no budget, so nothing was spent for it. {guess}")
    names = [project] if project is not None else known
    accounts = [
        account
        for name in names
        for account in ledger.accounts(name)
        if month in (None, account.month)
    ]
    entries = [row for each in accounts for row in ledger.entries(each.project_id, each.month)]
    lines = spend_by(entries, by)
    if as_json:
        documents = [line.to_dict() for line in lines]
        print_json({"by": by, "lines": documents, "months": [account_summary(a) for a in accounts]})
        return
    console.print(_spend_table(by, lines))
    for account in accounts:
        console.print(
            f"[dim]{escape(account.project_id)} {account.month}: "
            f"{usd_text(account.settled)} spent, {usd_text(account.reserved)} set aside, "
            f"{usd_text(account.free)} free of {usd_text(account.budget)}[/]"
        )


def _spend_table(by: By, lines: list[Spend]) -> Table:
    table = plain_table(by.value, "attempts", "billed", "estimated", "spent", "off by", "set aside")
    for line in lines:
        off = line.off_by_percent
        unknown = f" ({usd_text(line.unknown)} unknown)" if line.unknown else ""
        table.add_row(
            escape(line.name),
            str(line.attempts),
            str(line.billed),
            usd_text(line.estimated),
            usd_text(line.spent),
            "" if off is None else f"{off:+.0f} %",
            f"{usd_text(line.reserved)}{unknown}",
        )
    return table


def approve(batch: Batch, profile: Profile = None, region: Region = None) -> None:
    """Accept the price of a batch that waits."""
    _mark(batch, APPROVED, profile, region)


def deny(batch: Batch, profile: Profile = None, region: Region = None) -> None:
    """Refuse the price of a batch that waits."""
    _mark(batch, DENIED, profile, region)


def _mark(batch: str, marker: str, profile: str | None, region: str | None) -> None:
    """Drop the marker, as a person could by hand; the pipeline reads it from there."""
    parts = batch.strip("/").split("/")
    if len(parts) != 2 or not all(parts):
        raise WrongUse(f"`{batch}` is not PROJECT/BATCH, for example my-film/day-1.")
    folder = Folder(*parts)
    target, ledger = open_books(profile, region)
    now = datetime.now(UTC).isoformat()
    waiting = [
        each
        for each in ledger.approvals(folder)
        if each.state is ApprovalState.WAITING and each.expires_at > now
    ]
    if not waiting:
        raise WrongUse(
            f"No price of {batch} waits for an answer; `dropreel status {batch}` says where it is."
        )
    target.objects.write(
        target.drop_bucket,
        folder.key(marker),
        b"",
        content_type="text/plain",
        metadata={DECIDED_BY: getpass.getuser()},
    )
    for each in waiting:
        console.print(f"{marker} {escape(batch)}: {usd_text(each.estimate)}")
