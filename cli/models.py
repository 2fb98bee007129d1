"""`dropreel models`: what can make a clip, for how much, and how good it is said to be."""

import json
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.errors import WrongUse
from shared.catalog import ModelKind, load_catalog
from shared.catalog.model import ModelStatus
from shared.catalog.page import plain
from shared.catalog.pricing import Quote
from shared.catalog.query import UNIT_OF_USE, Listed, Sort, list_models
from shared.catalog.territory import is_territory
from shared.clip import Operation
from shared.nearest import did_you_mean

COLOURS = {"legacy": "yellow", "retired": "red", "unavailable": "red"}


def models(
    kind: Annotated[ModelKind | None, typer.Option(help="What they make.")] = None,
    provider: Annotated[str | None, typer.Option(help="For example wavespeed, or local.")] = None,
    operation: Annotated[Operation | None, typer.Option(help="What is to be made.")] = None,
    max_price: Annotated[
        str | None, typer.Option(help="Dollars per unit of use (second, image, …) at most.")
    ] = None,
    sort: Annotated[Sort, typer.Option(help="Order.")] = Sort.COST,
    commercial: Annotated[
        bool, typer.Option("--commercial", help="Only what may be sold, if need be under terms.")
    ] = False,
    territory: Annotated[
        str | None, typer.Option(help="Only what may be used there, for example KR.")
    ] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Also those that are gone.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """List the models of the catalogue with their prices."""
    catalog = load_catalog()
    found = list_models(
        catalog.models,
        today=datetime.now(UTC).date(),
        kind=kind,
        provider=_known_provider(provider, {row.provider for row in catalog.models}),
        operation=operation,
        max_price=_dollars(max_price),
        commercial=commercial,
        territory=_known_territory(territory),
        retired=retired,
        sort=sort,
    )
    if as_json:
        print(json.dumps({"models": [_document(each) for each in found]}, ensure_ascii=False))
        return
    console = Console(highlight=False)
    width = max((len(each.row.id) for each in found), default=0)
    for kind_shown in ModelKind:  # dollars of different units have no common order
        rows = [each for each in found if each.row.kind is kind_shown]
        if rows:
            console.print(f"[bold]{kind_shown.value}[/], USD per {UNIT_OF_USE[kind_shown]}")
            console.print(_table(rows, width, with_value=sort is Sort.VALUE))
            console.print()
    console.print(
        f"[dim]{len(found)} of {len(catalog.models)} models. ? is a reported price, ?? an "
        "unverified one; docs/models.md has the sources. "
        "Models of your own GPUs: at Modal's price, where a clip's seconds are known. "
        "Quality is assumed until measured.[/]",
        soft_wrap=True,
    )


def _known_provider(word: str | None, known: set[str]) -> str | None:
    if word is None or word.casefold() in known:
        return word
    guess = did_you_mean(word, sorted(known))
    raise WrongUse(f"No model is of provider `{word}`. {guess} Known: {', '.join(sorted(known))}.")


def _known_territory(word: str | None) -> str | None:
    """A misspelt country would let every licence pass."""
    if word is None or is_territory(word):
        return word
    raise WrongUse(f"`{word}` is no ISO 3166 country code; write KR, DE or EU, for example.")


def _dollars(text: str | None) -> Decimal | None:
    try:
        amount = None if text is None else Decimal(text.strip().removeprefix("$"))
    except InvalidOperation as error:
        raise WrongUse(f"`{text}` is no number of dollars, for example 0.05.") from error
    if amount is not None and (not amount.is_finite() or amount < 0):
        raise WrongUse(f"`{text}` is no price.")
    return amount


def _table(found: list[Listed], width: int, *, with_value: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("model", no_wrap=True, min_width=width)
    for heading in ("USD", "quality", "value")[: 3 if with_value else 2]:
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("from", "sell?"):
        table.add_column(heading, no_wrap=True)
    table.add_column("note", overflow="fold")
    for each in found:
        row = each.row
        cells = [escape(row.id), _price(each), f"{row.quality.score:.2f}" if row.quality else ""]
        cells += [_value(each)] if with_value else []
        table.add_row(*cells, row.origin, row.commercial.value, _note(each))
    return table


def _value(each: Listed) -> str:
    if each.value is None:
        return ""
    return f"{each.value:.1f}" if each.unit_usd else "∞"


def _note(each: Listed) -> str:
    """What sets a model apart from one that may be had everywhere, today and tomorrow."""
    row = each.row
    status = row.status.value
    parts = [] if row.status is ModelStatus.ACTIVE else [f"[{COLOURS[status]}]{status}[/]"]
    parts += ["[dim]not yet[/]"] if row.not_yet else []
    parts += [f"[yellow]ends {row.ends_on}[/]"] if row.ends_on else []
    parts += [f"[dim]not {' '.join(row.territory_excluded)}[/]"] if row.territory_excluded else []
    return ", ".join(parts)


def _price(each: Listed) -> str:
    if each.unit_usd is None or not isinstance(each.quote, Quote):
        return "[dim]unknown[/]"
    mark = {"reported": "?", "unverified": "??"}.get(each.quote.verification.value, "")
    return f"{plain(each.unit_usd)}[dim]{mark}[/]"


def _document(each: Listed) -> dict[str, Any]:
    quote = each.quote if isinstance(each.quote, Quote) else None
    return {
        **each.row.model_dump(mode="json", exclude_defaults=True),
        "status": each.row.status.value,
        "unit_of_use": UNIT_OF_USE[each.row.kind],
        "usd_per_unit": float(each.unit_usd) if each.unit_usd is not None else None,
        "price_verification": quote.verification.value if quote else None,
        "price_basis": quote.basis if quote else "",
        "value": each.value if each.unit_usd else None,
        "tested": each.row.tested.model_dump(mode="json") if each.row.tested else None,
    }
