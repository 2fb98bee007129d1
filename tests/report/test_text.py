import json

from markdown_it import MarkdownIt

from shared.batch import BatchResult, BatchState, ClipStatus
from shared.report.text import (
    LISTED_CLIPS,
    code,
    errors_markdown,
    plain,
    plan_markdown,
    status_document,
)
from tests.report.conftest import done, undone


def rendered(text: str) -> str:
    """As a Markdown viewer shows it, one that lets HTML through."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def test_errors_name_place_fault_remedy_and_what_is_fine(batch: BatchResult) -> None:
    text = errors_markdown(batch)
    assert "`defaults.durtion_sec`: there is no such field" in text
    assert "**What to do:** Did you mean `duration_sec`?" in text
    assert "### `lighthouse`: rejected" in text
    assert "20 % is allowed" in text.split("### `lighthouse`")[1].split("###")[0]
    assert "The encoder stopped twice at frame 61." in text
    assert "check `general_flashes`, fail: 4.5 flashes/s, limit 3 flashes/s" in text
    assert "## These 5 are done\n\n`harbour_dawn`, `market_street`" in text
    assert "## How to drop again" in text


def test_a_refused_manifest_says_that_nothing_was_spent(batch: BatchResult) -> None:
    refused = batch.model_copy(update={"clips": (), "state": BatchState.REJECTED})
    text = errors_markdown(refused, '{\n  "project": "x ```` y"\n}')
    assert "`manifest.json` was not accepted: 2 problems." in text
    assert "nothing was spent" in text
    assert '`````json\n{\n  "project": "x ```` y"\n}\n`````' in text


def test_hostile_text_cannot_become_markup(batch: BatchResult) -> None:
    evil = "<img src=x onerror=alert(1)> [go](javascript:x) `<b>` | **loud**\n# head"
    clips = (
        undone("a`b`<i>|", 0, ClipStatus.FAILED, reasons=(evil,)),
        done("``<u>", 1, warnings=(evil,)),
    )
    hostile = batch.model_copy(update={"clips": clips, "message": evil, "problems": ()})
    for text in (errors_markdown(hostile), plan_markdown(hostile)):
        page = rendered(text)
        for tag in ("<img", "<i>", "<u>", "<b>", "<a ", "<h1>head"):
            assert tag not in page
    assert "a`b`&lt;i&gt;|" in rendered(errors_markdown(hostile))


def test_plain_keeps_names_readable() -> None:
    assert plain("scene_01_take_2 lacks `end_rect`") == "scene_01_take_2 lacks `end_rect`"
    assert code("two\nlines") == "`two lines`"


def test_plan_lists_size_frames_duration_and_price(batch: BatchResult) -> None:
    clips = (
        done("one", 0, status=ClipStatus.PLANNED, warnings=("Quite fast.",)),
        undone("two", 1, ClipStatus.REJECTED, reasons=("Too fast.",)),
    )
    text = plan_markdown(batch.model_copy(update={"clips": clips, "dry_run": True, "problems": ()}))
    row = (
        "| `one` | Ready to make | `camera_move` | 1920 × 1080 | 120 at 30 fps | 4.0 s | $0.0021 |"
    )
    assert row in text
    assert "- Clips ready to make: 1 of 2" in text
    assert "- `one`: Quite fast." in text
    assert "- Too fast." in text
    assert "<table>" in rendered(text)


def test_status_tells_progress_counts_and_reasons(batch: BatchResult) -> None:
    clips = (
        done("a", 0),
        done("b", 1, status=ClipStatus.INSPECTING),
        undone("c", 2, ClipStatus.REJECTED, reasons=("Too fast.",)),
        undone("d", 3, ClipStatus.WAITING),
    )
    running = batch.model_copy(update={"clips": clips, "state": BatchState.RENDERING})
    status = json.loads(json.dumps(status_document(running)))
    assert status["state"] == "rendering"
    assert status["progress_percent"] == (100 + 80 + 100 + 0) // 4
    assert status["counts"] == {
        "total": 4,
        "waiting": 1,
        "inspecting": 1,
        "done": 1,
        "rejected": 1,
    }
    assert status["clips"][2]["reasons"] == ["Too fast."]
    assert "drop the manifest" in status["clips"][2]["what_to_do"]
    assert [clip["percent"] for clip in status["clips"]] == [100, 80, 100, 0]


def test_status_is_complete_only_at_the_end(batch: BatchResult) -> None:
    closing = batch.model_copy(update={"state": BatchState.CLOSING})
    assert status_document(closing)["progress_percent"] == 99
    assert status_document(batch)["progress_percent"] == 100


def test_status_before_any_clip_is_known_uses_the_counts(batch: BatchResult) -> None:
    early = batch.model_copy(
        update={"clips": (), "counts": {"waiting": 3}, "state": BatchState.WAITING_INPUTS}
    )
    status = status_document(early)
    assert status["counts"] == {"total": 3, "waiting": 3}
    assert status["progress_percent"] == 0


def test_status_of_a_long_batch_lists_what_needs_a_look_first(batch: BatchResult) -> None:
    waiting = [undone(f"w{i}", i, ClipStatus.WAITING) for i in range(LISTED_CLIPS)]
    finished = [done(f"d{i}", LISTED_CLIPS + i) for i in range(500)]
    clips = (*waiting, *finished, undone("broken", 9999, ClipStatus.FAILED))
    status = status_document(batch.model_copy(update={"clips": clips}))
    assert status["clips"][0]["stem"] == "broken"
    assert len(status["clips"]) == LISTED_CLIPS
    assert status["clips_not_listed"] == 501
    assert status["counts"]["done"] == 500
