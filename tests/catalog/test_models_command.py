import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli.errors import WrongUse
from cli.models import models

app = typer.Typer()
app.command()(models)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
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
