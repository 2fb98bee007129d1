"""`dropreel estimate`: what a folder would cost, clip by clip, and what a month of work would.

The folder is rehearsed as `validate` does it, so routes are ranked and priced as the cloud that
`run` would use would do it. What it would refuse is told, and priced all the same where it can be:
over the whole catalogue, where only a key is missing. Nothing is spent.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml  # type: ignore[import-untyped]
from rich.markup import escape

from cli import show
from cli.books import AsJson, Profile, Region, console, plain_table, print_json
from cli.errors import SOME_NOT, WrongUse
from cli.memory import every_engine
from cli.rehearsal import Rehearsal, rehearse
from cli.rules import find_rules
from cli.target import Account
from shared.budget.claims import blueprint_claims
from shared.budget.estimate import BatchEstimate, ClipEstimate, candidate_price, estimate_batch
from shared.budget.money import MicroUsd, usd_text
from shared.budget.scenarios import MonthEstimate, Scenarios, month_of_scenario, scenario_prices
from shared.errors import InvalidInput
from shared.nearest import did_you_mean
from shared.pipeline.draft import draft_clip, rank_draft, read_order
from shared.pipeline.services import ClipItem, RunRef, Services
from shared.routing import Policy
from shared.state import ClipRow

SCENARIOS = Path(__file__).parents[1] / "shared" / "budget" / "scenarios.yaml"


def estimate(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder as it would be dropped; or only scenarios.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="One scenario; all when left out, `none` for none.")
    ] = None,
    as_json: AsJson = False,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Say what a folder would cost, and what a month of the usage scenarios would."""
    known = read_scenarios()
    chosen = _chosen(known, scenario)
    rehearsal, batch = None, None
    if folder is not None:
        rules = find_rules(Account(profile, region))
        rehearsal = rehearse(folder, rules, with_budget=False)
        batch = price_folder(rehearsal, known)
    months = _months(chosen)
    if as_json:
        print_json(_document(batch, rehearsal, months, known))
    else:
        if batch is not None and batch.clips:
            _show_batch(batch)
        if rehearsal is not None:
            show.print_clips(rehearsal.remarks())
        if months:
            _show_months(months)
    if rehearsal is not None and not rehearsal.well:
        raise typer.Exit(SOME_NOT)


def read_scenarios(path: Path = SCENARIOS) -> Scenarios:
    """The scenarios that ship with the code."""
    return Scenarios.model_validate(yaml.safe_load(path.read_text("utf-8")))


def price_folder(rehearsal: Rehearsal, scenarios: Scenarios) -> BatchEstimate:
    """The price of every clip of a folder that was rehearsed."""
    services = rehearsal.services
    clips = [
        _clip(services, run, row)
        for run in rehearsal.runs
        for row in services.rows.clips(run.folder, run.run_id)
    ]
    return estimate_batch(clips, scenarios.aws_usage_per_clip.per_clip())


def _clip(services: Services, run: RunRef, row: ClipRow) -> ClipEstimate:
    """The price of a clip; of one that is refused too, where it can be told."""
    why_not = " ".join(row.result.reasons)
    if services.objects.head(services.work_bucket, run.work.request(row.index)) is None:
        return ClipEstimate(row.stem, 0.0, (), (), why_not)
    order = read_order(services, ClipItem(run=run, stem=row.stem, index=row.index))
    try:
        draft = draft_clip(services, run.project_id, order)
        ranking = rank_draft(services, run.project_id, draft)
        if not ranking.candidates:
            everybody = replace(services, engines=services.engines | every_engine())
            ranking = rank_draft(everybody, run.project_id, draft)
    except InvalidInput:
        seconds = order.request.motion.duration_sec
        return ClipEstimate(row.stem, seconds, order.request.route, (), why_not)
    seconds = draft.request.motion.duration_sec
    candidates = tuple(candidate_price(each) for each in ranking.candidates)
    return ClipEstimate(row.stem, seconds, ranking.route, candidates, why_not)


def _chosen(known: Scenarios, name: str | None) -> Scenarios:
    if name is None:
        return known
    found = known.find(name)
    if found is None and name != "none":
        names = [each.name for each in known.scenarios]
        guess = did_you_mean(name, names)
        raise WrongUse(f"There is no scenario `{name}`. {guess} Known: {', '.join(names)}.")
    return known.model_copy(update={"scenarios": (found,) if found else ()})


def _months(known: Scenarios) -> list[MonthEstimate]:
    aws: MicroUsd = estimate_batch((), known.aws_usage_per_clip.per_clip()).aws_per_clip
    engines = every_engine()
    months = []
    for each in known.scenarios:
        for route in known.routes:
            price, why_not = scenario_prices(each, route, Policy(), engines)
            months.append(month_of_scenario(known, each, route, price, aws, why_not))
    return months


def _document(
    batch: BatchEstimate | None,
    rehearsal: Rehearsal | None,
    months: list[MonthEstimate],
    known: Scenarios,
) -> dict[str, Any]:
    documents = rehearsal.documents if rehearsal is not None else []
    return {
        "currency": "USD",
        "problems": [problem for run in documents for problem in run["problems"]],
        "batch": batch.to_dict() if batch is not None else None,
        "months": [month.to_dict() for month in months],
        "aws_usage_per_clip": known.aws_usage_per_clip.model_dump(),
        "prices": [price.model_dump(mode="json") for price in known.prices],
        "blueprint_claims": [claim._asdict() for claim in blueprint_claims()],
    }


def _show_batch(batch: BatchEstimate) -> None:
    table = plain_table("clip", "first candidate", "expected", "from", "to", "price")
    for clip in batch.clips:
        if not clip.candidates:
            table.add_row(escape(clip.stem), "[red]refused[/]", "", "", "", "")
            continue
        first, price = clip.candidates[0], clip.price
        more = len(clip.candidates) - 1
        table.add_row(
            escape(clip.stem),
            escape(first.candidate)
            + (f" [dim]+{more}[/]" if more else "")
            + (" [red]refused[/]" if clip.why_not else ""),
            usd_text(price.expected),
            usd_text(price.low),
            usd_text(price.high),
            first.price_used.verification,
        )
    console.print(table)
    for said, stems in _rests_on(batch).items():
        console.print(f"[dim]{escape(', '.join(stems))}: {escape(said)}[/]", soft_wrap=True)
    total = batch.total
    console.print(
        f"[bold]{usd_text(total.expected)}[/] expected, {usd_text(total.low)} to "
        f"{usd_text(total.high)}, of it {usd_text(batch.aws)} for AWS; "
        f"{usd_text(batch.to_reserve)} would be set aside"
    )


def _rests_on(batch: BatchEstimate) -> dict[str, list[str]]:
    """How the amounts that nobody asked for are known, and of which clips."""
    found: dict[str, list[str]] = {}
    for clip in batch.clips:
        if clip.candidates and (basis := clip.candidates[0].price_used.basis):
            found.setdefault(basis, []).append(clip.stem)
    return found


def _show_months(months: list[MonthEstimate]) -> None:
    table = plain_table("a month of", "route", "clips", "models", "AWS", "total", "from", "to")
    for month in months:
        flag = "*" if month.scenario.assumptions() else ""
        total = month.total
        table.add_row(
            escape(month.scenario.name) + flag,
            escape(month.route),
            f"{month.scenario.clips:,g}",
            _cents(month.models.expected) if month.candidate else "[red]nobody can[/]",
            _cents(month.aws + month.storage + month.downloads),
            *(
                (f"[bold]{_cents(total.expected)}[/]", _cents(total.low), _cents(total.high))
                if month.candidate
                else ("", "", "")
            ),
        )
    console.print(table)
    console.print(
        "[dim]USD. * rests on assumed numbers; --json names each, and the parts of what AWS gets. "
        "Storage is for what one month adds: kept for a year it costs twelve times that in the "
        "twelfth month. The numbers are in shared/budget/scenarios.yaml.[/]",
        soft_wrap=True,
    )


def _cents(amount: MicroUsd) -> str:
    """Whole cents: a month's guess is no more exact than that."""
    return f"{round(amount, -4) / 1_000_000:,.2f}"
