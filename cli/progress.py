"""What a person sees while clips are made: bars on a terminal, plain lines anywhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from cli.drop import Follow
from cli.show import console, status_text
from shared.batch import BatchState

SHOWN_CLIPS = 12
ENOUGH_ENDED = 3
"""So many clips must have ended before the others' time is guessed from theirs."""

MINUTE = 60.0
Run = dict[str, Any]


def seconds_left(run: Run, now: datetime) -> float | None:
    """How long the other clips will take at the pace of those that ended; None where it would be
    a guess.

    Clips run side by side and wait for the same slots, so pace is counted over the whole batch. A
    clip that was reused, or refused at once, says nothing of how long making one takes.
    """
    counts = run["counts"]
    made, total = counts.get("done", 0), counts["total"]
    ended = sum(counts.get(each, 0) for each in ENDED)
    begun = run.get("accepted_at")
    over = BatchState(run["state"]).ended
    if over or not begun or made < ENOUGH_ENDED or 5 * made < total or ended >= total:
        return None
    elapsed = (now - datetime.fromisoformat(begun)).total_seconds()
    return float(max(0.0, elapsed / made * (total - ended)))


ENDED = ("done", "rejected", "failed", "cancelled", "needs_review")


def headline(run: Run, now: datetime) -> str:
    """State, clips, money and time of one run, in a line without markup."""
    counts, cost = run["counts"], run["cost_so_far_usd"]["total"]
    parts = [run["message"] or run["state_text"]]
    if counts["total"]:
        parts.append(f"{counts.get('done', 0)} of {counts['total']} clips done")
    parts += [f"USD {cost:.4f} so far"] if cost else []
    left = seconds_left(run, now)
    parts += [f"about {_round(left)} left"] if left is not None else []
    return ", ".join(filter(None, parts))


def _round(seconds: float) -> str:
    minutes = seconds / MINUTE
    return "a minute" if minutes < 1.5 else f"{minutes:.0f} minutes"


class BatchProgress:
    """One bar for the batch, and one for each of the clips that move."""

    def __init__(self, on: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[note]}"),
            console=on,
        )
        self._total = self._progress.add_task("batch", total=100, note="")
        self._clips: dict[str, TaskID] = {}

    @property
    def renderable(self) -> Progress:
        return self._progress

    def update(self, runs: list[Run]) -> None:
        """Show the runs' latest status."""
        if not runs:
            return
        now = datetime.now(UTC)
        percent = sum(run["progress_percent"] for run in runs) / len(runs)
        note = "; ".join(headline(run, now) for run in runs)
        self._progress.update(
            self._total, completed=percent, note=escape(shorten(note, 90, placeholder="…"))
        )
        clips = [clip for run in runs for clip in run["clips"]]
        moving = [clip for clip in clips if 0 < clip["percent"] < 100]
        shown = clips if len(clips) <= SHOWN_CLIPS else moving[:SHOWN_CLIPS]
        self._drop_all_but({clip["stem"] for clip in shown})
        for clip in shown:
            said = status_text(clip["status"])
            if clip.get("setback"):
                said = f"{said} [dim]{escape(shorten(_again(clip), 90, placeholder='…'))}[/]"
            if clip.get("progress_text"):
                said = f"{said} [dim]{escape(clip['progress_text'])}[/]"
            self._progress.update(
                self._task(clip["stem"]), completed=clip["percent"], note=f"{said}{_cost(clip)}"
            )

    def _task(self, stem: str) -> TaskID:
        if stem not in self._clips:
            label = f"  {escape(stem[:32])}"
            self._clips[stem] = self._progress.add_task(label, total=100, note="")
        return self._clips[stem]

    def _drop_all_but(self, stems: set[str]) -> None:
        for stem in self._clips.keys() - stems:
            self._progress.remove_task(self._clips.pop(stem))


def _again(clip: Run) -> str:
    """Why a model makes it once more."""
    return f" again, since {clip['setback']}" if clip.get("setback") else ""


def _cost(clip: dict[str, Any]) -> str:
    return f"  [dim]USD {clip['cost_usd']:.4f}[/]" if clip.get("cost_usd") else ""


class ProgressLines:
    """A line for each thing that changed: for logs, pipes and plain terminals."""

    def __init__(self, on: Console) -> None:
        self._console = on
        self._told: dict[str, str] = {}

    def update(self, runs: list[Run]) -> None:
        now = datetime.now(UTC)
        for run in runs:
            self._tell(f"run {run['run_id']}", f"{run['manifest']}: {headline(run, now)}")
            for clip in run["clips"]:
                words = f"{clip['stem']}: {clip['status'].replace('_', ' ')}{_again(clip)}"
                self._tell(f"{run['run_id']} {clip['stem']}", words)

    def _tell(self, what: str, words: str) -> None:
        if self._told.get(what) != words:
            self._told[what] = words
            self._console.print(words, markup=False, soft_wrap=True)


@contextmanager
def live_progress(on: Console = console) -> Iterator[Follow]:
    """A display for the time of the block; call the yielded function with each status."""
    if not on.is_terminal or on.is_dumb_terminal:
        yield ProgressLines(on).update
        return
    progress = BatchProgress(on)
    with Live(progress.renderable, console=on, refresh_per_second=8):
        yield progress.update
