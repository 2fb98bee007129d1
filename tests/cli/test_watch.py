"""`dropreel watch`: bars on a terminal, plain lines elsewhere, and honest about time."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from rich.console import Console

from cli import main
from cli.errors import WrongUse
from cli.memory import MemoryObjects
from cli.progress import live_progress, seconds_left
from cli.target import Account, Target
from shared.batch import BatchResult, BatchState, ClipResult, ClipStatus
from shared.report.text import status_document

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BATCH = "film/day-1"


def run(state: BatchState, *clips: ClipResult, minutes: float = 10) -> dict[str, Any]:
    accepted = (NOW - timedelta(minutes=minutes)).isoformat()
    counts: dict[str, int] = {}
    for clip in clips:
        counts[clip.status.value] = counts.get(clip.status.value, 0) + 1
    result = BatchResult(
        project_id="film",
        batch_id="day-1",
        run_id="film-day-1-x",
        manifest="manifest.json",
        state=state,
        accepted_at=accepted,
        clips=clips,
        counts=counts,
    )
    return status_document(result)


def clip(stem: str, status: ClipStatus, **more: Any) -> ClipResult:
    return ClipResult(stem=stem, status=status, **more)


def many(done: int, other: int) -> list[ClipResult]:
    made = [clip(f"d{n}", ClipStatus.DONE) for n in range(done)]
    return made + [clip(f"g{n}", ClipStatus.GENERATING) for n in range(other)]


class Cloud:
    """A deployment whose `_status.json` moves on each time it is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *states: list[dict[str, Any]]) -> None:
        self.objects = MemoryObjects()
        self.states = list(states)
        self.asked: list[Account] = []
        monkeypatch.setattr(main, "find_target", self.find)
        monkeypatch.setattr("cli.drop.time.sleep", self.move)
        self.move(0)

    def find(self, account: Account) -> Target:
        self.asked.append(account)
        return Target("drop", "library", self.objects, lambda _: None)  # type: ignore[arg-type] # in memory

    def move(self, _seconds: float) -> None:
        if not self.states:
            raise KeyboardInterrupt
        document = json.dumps({"runs": self.states.pop(0)}).encode()
        self.objects.write(
            "drop", f"{BATCH}/_status.json", document, content_type="application/json"
        )


def watched(capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[int, str, str]:
    with pytest.raises(typer.Exit) as ended:
        main.watch(BATCH, **options)
    told = capsys.readouterr()
    return ended.value.exit_code, told.out, told.err


def test_it_follows_to_the_end_and_the_exit_code_tells_the_outcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = {"progress_percent": 40, "progress_text": "step 2 of 5"}
    cloud = Cloud(
        monkeypatch,
        [run(BatchState.RENDERING, clip("a", ClipStatus.GENERATING, **steps))],
        [run(BatchState.FINISHED, clip("a", ClipStatus.DONE))],
    )
    code, out, err = watched(capsys, profile="ops", region="eu-west-1")
    assert (code, out) == (0, "")
    assert err.index("a: generating") < err.index("a: done")
    assert "\x1b" not in err, "no colour and no animation where nobody looks"
    assert cloud.asked == [Account("ops", "eu-west-1")]


@pytest.mark.parametrize("status", [ClipStatus.FAILED, ClipStatus.CANCELLED, ClipStatus.REJECTED])
def test_a_clip_that_was_not_made_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: ClipStatus
) -> None:
    why = {"reasons": ("because",)}
    Cloud(monkeypatch, [run(BatchState.FINISHED, clip("a", status, **why))])
    code, out, _ = watched(capsys, as_json=True)
    assert code == 1
    assert json.loads(out)["runs"][0]["clips"][0]["reasons"] == ["because"]


def test_ctrl_c_leaves_the_batch_running_and_says_how_to_stop_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Cloud(monkeypatch, [run(BatchState.RENDERING, clip("a", ClipStatus.GENERATING))])
    with pytest.raises(KeyboardInterrupt):
        main.watch(BATCH)
    told = capsys.readouterr().err
    assert "dropreel watch film/day-1" in told
    assert "dropreel cancel film/day-1" in told


def test_cancel_drops_the_marker_and_only_where_something_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = Cloud(
        monkeypatch,
        [run(BatchState.RENDERING, clip("a", ClipStatus.GENERATING))],
        [run(BatchState.FINISHED, clip("a", ClipStatus.DONE))],
    )
    main.cancel(BATCH)
    assert cloud.objects.head("drop", f"{BATCH}/CANCEL") is not None
    cloud.move(0)
    with pytest.raises(WrongUse, match="Nothing of film/day-1 is going on"):
        main.cancel(BATCH)


def test_a_batch_that_nobody_knows_is_a_mistake_not_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    Cloud(monkeypatch, [])
    with pytest.raises(WrongUse, match="Nothing is known"):
        main.watch(BATCH)


def test_time_left_is_told_only_when_it_can_be_known() -> None:
    assert seconds_left(run(BatchState.RENDERING, *many(0, 8)), NOW) is None
    assert seconds_left(run(BatchState.RENDERING, *many(2, 6)), NOW) is None
    assert seconds_left(run(BatchState.RENDERING, *many(3, 97)), NOW) is None, "3 % tell nothing"
    assert seconds_left(run(BatchState.RENDERING, *many(5, 5)), NOW) == pytest.approx(600)
    assert seconds_left(run(BatchState.CLOSING, *many(10, 0)), NOW) is None
    assert seconds_left(run(BatchState.FINISHED, *many(5, 5)), NOW) is None


def test_a_terminal_shows_each_clips_progress_steps_and_money() -> None:
    screen = io.StringIO()
    terminal = Console(
        file=screen,
        force_terminal=True,
        width=140,
        color_system=None,
        legacy_windows=False,
        _environ={"TERM": "xterm"},
    )
    steps = {"progress_percent": 40, "progress_text": "step 2 of 5"}
    with live_progress(terminal) as update:
        update([run(BatchState.RENDERING, clip("a", ClipStatus.GENERATING, **steps))])
    shown = screen.getvalue()
    assert "step 2 of 5" in shown
    assert "33 %" in shown, "40 % of the way from 15 to 60"


def test_progress_goes_up_a_ladder_from_planned_to_done() -> None:
    order = ["PREPARING", "PLANNED", "GENERATING", "FINISHING", "INSPECTING", "PUBLISHING", "DONE"]
    percents = [ClipStatus[name].percent for name in order]
    assert percents == sorted(percents)
    assert (ClipStatus.PLANNED.percent, ClipStatus.DONE.percent) == (10, 100)
    made = run(BatchState.RENDERING, clip("a", ClipStatus.GENERATING, progress_percent=100))
    assert made["clips"][0]["percent"] == ClipStatus.FINISHING.percent
    assert made["progress_percent"] == ClipStatus.FINISHING.percent


def test_a_clip_that_is_made_again_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    why = {"setback": "inspection found warping: shapes boil"}
    Cloud(
        monkeypatch,
        [run(BatchState.RENDERING, clip("a", ClipStatus.GENERATING))],
        [run(BatchState.RENDERING, clip("a", ClipStatus.GENERATING, **why))],
        [run(BatchState.FINISHED, clip("a", ClipStatus.DONE, **why))],
    )
    _, _, err = watched(capsys)
    assert "a: generating again, since inspection found warping: shapes boil" in err
    assert "a: done\n" in err
