"""What a person at the terminal sees: steps, and a table at the end."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.batch import ClipStatus

console = Console(stderr=True, highlight=False)
"""People read stderr; stdout carries the JSON document, if one is asked for."""

COLOURS = {
    ClipStatus.DONE: "green",
    ClipStatus.REJECTED: "red",
    ClipStatus.FAILED: "red",
    ClipStatus.CANCELLED: "yellow",
    ClipStatus.NEEDS_REVIEW: "yellow",
    ClipStatus.PLANNED: "green",
}


def status_text(status: str) -> str:
    colour = COLOURS.get(ClipStatus(status), "cyan")
    return f"[{colour}]{status.replace('_', ' ')}[/]"


def step(text: str) -> None:
    """One line about what is going on."""
    console.print(f"[dim]·[/] {escape(text)}")


def print_clips(runs: list[dict[str, Any]]) -> None:
    """The end of it: every clip with its status and why."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("clip", "status", "", ""):
        table.add_column(heading, overflow="fold")
    for run in runs:
        for clip in run["clips"]:
            table.add_row(
                escape(clip["stem"]),
                status_text(clip["status"]),
                _size(clip),
                escape(_note(clip)),
            )
    if table.row_count:
        console.print(table)
    for run in runs:
        for problem in run["problems"]:
            place = f"[bold]{escape(problem['path'])}[/]: " if problem["path"] else ""
            hint = f" [dim]{escape(problem['hint'])}[/]" if problem.get("hint") else ""
            console.print(f"[red]✗[/] {place}{escape(problem['message'])}{hint}")


def _note(clip: dict[str, Any]) -> str:
    """Why it is not done, or what is to be known of it."""
    review = clip.get("review")
    approved = [f"Approved by {review['by']}."] if review else []
    return " ".join([*approved, *(clip.get("reasons") or clip.get("warnings") or ())])


def _size(clip: dict[str, Any]) -> str:
    video = clip.get("video")
    if not video:
        return ""
    return f"{video['width']}×{video['height']}, {video['duration_sec']:g} s"


def print_end(runs: list[dict[str, Any]], out: Path | None) -> None:
    """Where the clips are and what they cost."""
    for run in runs:
        done = run["counts"].get("done", 0)
        cost = run["cost_so_far_usd"]
        earlier = cost.get("earlier_runs", 0)
        of_it = f"; {earlier:.6f} of it in earlier runs" if earlier else ""
        console.print(
            f"[bold]{escape(run['project_id'])}/{escape(run['batch_id'])}[/] {run['state']}: "
            f"{done} of {run['counts']['total']} clip(s) done, USD {cost['total']:.6f} "
            f"(models {cost['model']:.2f}, AWS at list price {cost['aws']:.6f}{of_it})"
        )
        if run["message"]:
            console.print(f"  {escape(run['message'])}")
    if out is not None:
        console.print(f"clips    {out}")
        for name in ("_ERRORS.md", "_PLAN.md"):
            if (out / name).is_file():
                console.print(f"answer   {out / name}")
        if (out / "report.html").is_file():
            console.print(f"report   {out / 'report.html'}")
