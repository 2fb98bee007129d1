"""`dropreel inspect`: is a video safe to watch? Any file, no manifest."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli import show
from cli.errors import WrongUse
from cli.footage import readable_footage
from shared.safety.box import Unreadable
from shared.safety.curves import thinned
from shared.safety.flash.area import Profile
from shared.safety.footage import inspect_footage, unreadable
from shared.safety.report import Curve, FootageReport, InspectionReport, Verdict

EXIT_CODES = {Verdict.PASS: 0, Verdict.WARN: 0, Verdict.FAIL: 1, Verdict.UNREADABLE: 3}
_COLOURS = {
    Verdict.PASS: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "red",
    Verdict.UNREADABLE: "red",
}
_SHOWN_INTERVALS = 4


def inspect(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    profile: Annotated[
        Profile, typer.Option(help="Whose flash rule decides; the other one warns.")
    ] = Profile.BROADCAST,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    heatmap: Annotated[
        Path | None, typer.Option(help="Write a PNG of where it flashes, if anything is flagged.")
    ] = None,
) -> None:
    """Look for flashes, red flashes, brightness swings, rushes of cuts and stripes.

    Exit codes: 0 pass or warn, 1 fail, 2 wrong use, 3 unreadable.
    """
    if heatmap is not None and not heatmap.parent.is_dir():
        raise WrongUse(f"There is no folder {heatmap.parent} to write the heat map into.")
    measured: list[Curve] = []
    report = inspect_video(video, profile, heatmap, measured)
    if as_json:
        print(_document(report, measured).model_dump_json(indent=2))
    else:
        _print(report)
        if heatmap is not None and heatmap.is_file():
            show.console.print(f"heat map {escape(str(heatmap))}")
    raise typer.Exit(EXIT_CODES[report.verdict])


def inspect_video(
    video: Path,
    profile: Profile,
    heatmap: Path | None = None,
    curves: list[Curve] | None = None,
) -> InspectionReport:
    """The report on a file; raises `WrongUse` where there is none."""
    try:
        with readable_footage(video) as footage:
            return inspect_footage(footage, profile, heatmap=heatmap, curves=curves)
    except Unreadable as error:
        return unreadable(f"{error}.")


def _document(report: InspectionReport, measured: list[Curve]) -> FootageReport:
    facts = {name: getattr(report, name) for name in InspectionReport.model_fields}
    return FootageReport(**facts, curves=tuple(map(thinned, measured)))


def _print(report: InspectionReport) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("check", "verdict", "value", "limit", ""):
        table.add_column(heading)
    for check in report.checks:
        colour, words = _COLOURS[check.verdict], check.name.replace("_", " ")
        numbers = (_number(check.value), _number(check.limit), check.unit)
        table.add_row(words, f"[{colour}]{check.verdict}[/]", *numbers)
    show.console.print(table)
    for check in report.checks:
        if check.verdict is not Verdict.PASS:
            where = ", ".join(f"{a:.2f}–{b:.2f} s" for a, b in check.intervals[:_SHOWN_INTERVALS])
            more = len(check.intervals) - _SHOWN_INTERVALS
            dim = f" [dim]{where}{f' and {more} more' if more > 0 else ''}[/]"
            sentence = f"[{_COLOURS[check.verdict]}]•[/] {escape(check.message)}"
            show.console.print(sentence + (dim if where else ""), soft_wrap=True)
    colour = _COLOURS[report.verdict]
    show.console.print(
        f"[bold {colour}]{report.verdict}[/]  {report.frame_count} frames in {report.seconds:.1f} s"
    )


def _number(value: float | str | None) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, (int, float)) else value
