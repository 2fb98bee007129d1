import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli.errors import WrongUse
from cli.models import models
from shared.catalog.clip_seconds import clip_seconds

app = typer.Typer()
app.command()(models)


def run(*arguments: str, columns: int = 80) -> str:
    terminal = CliRunner(env={"COLUMNS": str(columns)})
    result = terminal.invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def listed(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("--json", *arguments))["models"]
    return found


def test_cheapest_first_and_unknown_prices_last() -> None:
    prices = [each["usd_per_unit"] for each in listed("--kind", "video")]
    known = [price for price in prices if price is not None]
    assert known == sorted(known)
    assert prices[: len(known)] == known


def test_by_quality_and_by_value() -> None:
    scores = [
        each["quality"]["score"]
        for each in listed("--provider", "fal", "--sort", "quality")
        if "quality" in each
    ]
    assert scores == sorted(scores, reverse=True)
    values = [each["value"] for each in listed("--provider", "runway", "--sort", "value")]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=True)


def test_filters() -> None:
    avatars = listed("--operation", "talking_avatar", "--max-price", "0.03")
    assert {each["id"] for each in avatars} == {
        "wavespeed/infinitetalk",
        "wavespeed/hunyuan-avatar",
    }
    korea = listed("--operation", "talking_avatar", "--max-price", "0.03", "--territory", "KR")
    assert [each["id"] for each in korea] == ["wavespeed/infinitetalk"]
    assert all(each["commercial"] != "no" for each in listed("--commercial"))
    ids = {each["id"] for each in listed()}
    assert "openai/sora-2" not in ids
    assert {each["id"] for each in listed("--retired")} > ids | {"openai/sora-2"}


def test_the_table_is_for_people() -> None:
    text = run("--provider", "wavespeed", "--kind", "lip_sync")
    assert "wavespeed/infinitetalk" in text
    assert "unknown" in text


def test_dollars_of_one_unit_stand_together_and_say_it() -> None:
    lines = run("--provider", "openai").splitlines()
    heads = [line for line in lines if "USD per" in line]
    assert "image, USD per image of 1 MP" in heads
    assert "voice, USD per 1,000 characters" in heads
    (voice,) = [number for number, line in enumerate(lines) if line.startswith("voice")]
    images = [number for number, line in enumerate(lines) if line.startswith("openai/gpt-image")]
    assert images
    assert max(images) < voice


def test_nothing_is_cut_off_in_a_terminal_of_80_columns() -> None:
    text = run()
    assert "…" not in text
    (cell,) = [line.split() for line in text.splitlines() if line.startswith("ltx-video-2b ")]
    assert cell[-1] == "terms"
    assert max(map(len, text.splitlines()[:-1])) <= 80


def test_open_models_have_the_price_of_a_rented_gpu_where_their_seconds_are_known() -> None:
    found = {each["id"]: each for each in listed("--provider", "local", "--kind", "video")}
    few_steps = found["wan2.2-i2v-a14b-4step"]
    seconds = next(row for row in clip_seconds() if row.model == few_steps["id"])
    paid = (seconds.clip_sec + (seconds.hand_off_sec or 0)) * 3.95 / 3600
    assert few_steps["usd_per_unit"] == pytest.approx(paid / (81 / 16), rel=1e-6)
    assert "measured on NVIDIA H200" in few_steps["price_basis"]
    assert found["mochi-1"]["usd_per_unit"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--provider", "wavespead"], "Did you mean `wavespeed`?"),
        (["--max-price", "cheap"], "no number of dollars"),
        (["--max-price", "-1"], "no price"),
    ],
)
def test_wrong_use_is_a_sentence(arguments: list[str], message: str) -> None:
    with pytest.raises(WrongUse, match=message.replace("?", r"\?")):
        run(*arguments)
