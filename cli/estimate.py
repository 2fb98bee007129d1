"""`dropreel estimate`: what a folder would cost, clip by clip, and what a month of work would.

The pipeline's own use cases run over the folder in memory, so routes are ranked as the cloud would
rank them; nothing leaves this machine and nothing is spent.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml  # type: ignore[import-untyped]
from rich.markup import escape

from cli.books import AsJson, console, plain_table, print_json
from cli.errors import WrongUse
from cli.folder import DropFolder, read_folder
from cli.memory import MemoryObjects, MemoryRows, NoAudit
from shared.budget.claims import blueprint_claims
from shared.budget.estimate import BatchEstimate, ClipEstimate, candidate_price, estimate_batch
from shared.budget.money import MicroUsd, usd_text
from shared.budget.scenarios import MonthEstimate, Scenarios, month_of_scenario, scenario_prices
from shared.catalog.catalog import load_catalog
from shared.errors import InvalidInput
from shared.nearest import did_you_mean
from shared.pipeline.accept import accept_drop
from shared.pipeline.check import check_manifest
from shared.pipeline.draft import draft_clip, rank_draft, read_order
from shared.pipeline.keyframes import await_keyframes
from shared.pipeline.plan import plan_batch
from shared.pipeline.services import ClipItem, Limits, RunRef, Services
from shared.routing import Policy
from shared.state import ClipRow, RunRow

SCENARIOS = Path(__file__).parents[1] / "shared" / "budget" / "scenarios.yaml"


def estimate(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder as it would be dropped; or only scenarios.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="One scenario; all when left out, `none` for none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a folder would cost, and what a month of the usage scenarios would."""
    known = read_scenarios()
    chosen = _chosen(known, scenario)
    batch = estimate_folder(folder, known) if folder else None
    months = _months(chosen)
    if as_json:
        print_json(_document(batch, months, known))
        return
    if batch is not None:
        _show_batch(batch)
    if months:
        _show_months(months)


def read_scenarios(path: Path = SCENARIOS) -> Scenarios:
    """The scenarios that ship with the code."""
    return Scenarios.model_validate(yaml.safe_load(path.read_text("utf-8")))


def estimate_folder(folder: Path, scenarios: Scenarios) -> BatchEstimate:
    """Rank and price every clip of a folder, as if every engine were there.

    Raises
    ------
    InvalidInput : the manifest cannot be used.
    """
    dropping = read_folder(folder)
    services = Services(
        drop_bucket="drop",
        work_bucket="work",
        library_bucket="library",
        objects=MemoryObjects(),
        rows=MemoryRows(),
        audit=NoAudit(),
        limits=Limits(keyframe_wait_sec=0.001),
        engines=_every_engine(),
    )
    clips = [clip for run in _started(services, dropping) for clip in _clips(services, run)]
    return estimate_batch(clips, scenarios.aws_usage_per_clip.per_clip())


def _every_engine() -> frozenset[str]:
    # your own GPU box would make everything free: it is nobody's until it is attached
    engines = {engine for row in load_catalog().models for engine in row.engines}
    return frozenset(engines - {"worker"})


class _Recorder:
    """Takes the runs that AcceptDrop starts."""

    def __init__(self) -> None:
        self.started: list[RunRow] = []

    def start(self, row: RunRow) -> None:
        self.started.append(row)


def _started(services: Services, dropping: DropFolder) -> list[RunRef]:
    recorder = _Recorder()
    manifests = []
    for file in (*dropping.files, *dropping.manifests):
        data = file.path.read_bytes() if file.path else file.data
        key = dropping.batch.key(file.name)
        ref = services.objects.write("drop", key, data, content_type="application/octet-stream")
        if file in dropping.manifests:
            manifests.append(ref)
    for ref in manifests:
        accept_drop(services, recorder, ref)
    return [
        RunRef(
            project_id=row.project_id,
            batch_id=row.batch_id,
            run_id=row.run_id,
            manifest=row.source,
            dry_run=True,
        )
        for row in recorder.started
    ]


def _clips(services: Services, run: RunRef) -> Iterator[ClipEstimate]:
    check_manifest(services, run)
    await_keyframes(services, run)
    plan_batch(services, run)
    for row in services.rows.clips(run.folder, run.run_id):
        yield _clip(services, run, row)


def _clip(services: Services, run: RunRef, row: ClipRow) -> ClipEstimate:
    if row.status.ended:
        return ClipEstimate(row.stem, 0.0, (), (), " ".join(row.result.reasons))
    order = read_order(services, ClipItem(run=run, stem=row.stem, index=row.index))
    seconds, route = order.request.motion.duration_sec, order.request.route
    try:
        draft = draft_clip(services, run.project_id, order)
        seconds = draft.request.motion.duration_sec
        ranking = rank_draft(services, run.project_id, draft)
        ranking.best_or_raise()
    except InvalidInput as error:
        return ClipEstimate(row.stem, seconds, route, (), error.message)
    candidates = tuple(candidate_price(each) for each in ranking.candidates)
    return ClipEstimate(row.stem, seconds, ranking.route, candidates)


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
    engines = _every_engine()
    months = []
    for each in known.scenarios:
        for route in known.routes:
            price, why_not = scenario_prices(each, route, Policy(), engines)
            months.append(month_of_scenario(known, each, route, price, aws, why_not))
    return months


def _document(
    batch: BatchEstimate | None, months: list[MonthEstimate], known: Scenarios
) -> dict[str, Any]:
    return {
        "currency": "USD",
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
            table.add_row(escape(clip.stem), f"[red]{escape(clip.why_not)}[/]", "", "", "", "")
            continue
        first, price = clip.candidates[0], clip.price
        more = len(clip.candidates) - 1
        table.add_row(
            escape(clip.stem),
            escape(first.candidate) + (f" [dim]+{more}[/]" if more else ""),
            usd_text(price.expected),
            usd_text(price.low),
            usd_text(price.high),
            first.price_used.verification,
        )
    console.print(table)
    total = batch.total
    console.print(
        f"[bold]{usd_text(total.expected)}[/] expected, {usd_text(total.low)} to "
        f"{usd_text(total.high)}, of it {usd_text(batch.aws)} for AWS; "
        f"{usd_text(batch.to_reserve)} would be set aside"
    )


def _show_months(months: list[MonthEstimate]) -> None:
    table = plain_table("a month of", "route", "clips", "models", "AWS", "storage", "downloads", "")
    for month in months:
        table.add_row(
            escape(month.scenario.name),
            escape(month.route),
            f"{month.scenario.clips:g}",
            _cents(month.models.expected) if month.candidate else "[red]nobody can[/]",
            _cents(month.aws),
            _cents(month.storage),
            _cents(month.downloads),
            f"[bold]{_cents(month.total.expected)}[/]" if month.candidate else "",
        )
    console.print(table)
    console.print(
        "[dim]Storage is for what one month adds; kept for a year it costs twelve times that in "
        "the twelfth month. Assumed numbers: see --json and shared/budget/scenarios.yaml.[/]",
        soft_wrap=True,
    )


def _cents(amount: MicroUsd) -> str:
    """Whole cents: a month's guess is no more exact than that."""
    return usd_text(round(amount, -4))
