"""What a person at the terminal sees: progress while it runs, a table at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

from cli.drop import Follow
from shared.batch import ClipStatus

console = Console(stderr=True, highlight=False)
"""People read stderr; stdout carries the JSON document, if one is asked for."""

SHOWN_CLIPS = 12
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


class BatchProgress:
    """One bar for the batch, and one for each of the clips that move."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self._total = self._progress.add_task("batch", total=100, note="")
        self._clips: dict[str, TaskID] = {}

    @property
    def renderable(self) -> Progress:
        return self._progress

    def update(self, runs: list[dict[str, Any]]) -> None:
        """Show the runs' latest status."""
        if not runs:
            return
        percent = sum(run["progress_percent"] for run in runs) / len(runs)
        note = "; ".join(filter(None, (run["message"] or run["state_text"] for run in runs)))
        note = escape(shorten(note, 44, placeholder="…"))
        self._progress.update(self._total, completed=percent, note=note)
        clips = [clip for run in runs for clip in run["clips"]]
        moving = [clip for clip in clips if 0 < clip["percent"] < 100]
        shown = clips if len(clips) <= SHOWN_CLIPS else moving[:SHOWN_CLIPS]
        self._drop_all_but({clip["stem"] for clip in shown})
        for clip in shown:
            self._progress.update(
                self._task(clip["stem"]),
                completed=clip["percent"],
                note=status_text(clip["status"]),
            )

    def _task(self, stem: str) -> TaskID:
        if stem not in self._clips:
            label = f"  {escape(stem[:32])}"
            self._clips[stem] = self._progress.add_task(label, total=100, note="")
        return self._clips[stem]

    def _drop_all_but(self, stems: set[str]) -> None:
        for stem in self._clips.keys() - stems:
            self._progress.remove_task(self._clips.pop(stem))


@contextmanager
def live_progress() -> Iterator[Follow]:
    """A live display for the time of the block; call the yielded function with each status."""
    progress = BatchProgress()
    with Live(progress.renderable, console=console, refresh_per_second=8):
        yield progress.update


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
                escape(" ".join(clip.get("reasons", ()) or clip.get("warnings", ()))),
            )
    if table.row_count:
        console.print(table)
    for run in runs:
        for problem in run["problems"]:
            place = f"[bold]{escape(problem['path'])}[/]: " if problem["path"] else ""
            hint = f" [dim]{escape(problem['hint'])}[/]" if problem.get("hint") else ""
            console.print(f"[red]✗[/] {place}{escape(problem['message'])}{hint}")


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
        console.print(
            f"[bold]{escape(run['project_id'])}/{escape(run['batch_id'])}[/] {run['state']}: "
            f"{done} of {run['counts']['total']} clip(s) done, USD {cost['total']:.6f} "
            f"(models {cost['model']:.2f}, AWS at list price {cost['aws']:.6f})"
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
