"""`dropreel inspect`: exit codes, a table for people, a document for machines."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from cli.errors import WrongUse
from cli.main import app
from shared.safety.schema import PAGE
from tests.safety.flashing import THIRTY, blinking, encode, still


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("videos")
    broken = folder / "broken.mp4"
    broken.write_bytes(b"")
    corner = still(60)
    corner[:60, :60] = 200
    return {
        "calm": encode(folder / "calm.mp4", [still(90)] * 20),
        "flashing": encode(folder / "flashing.mp4", blinking(still(200), still(60), 5, THIRTY)),
        "corner": encode(folder / "corner.mp4", blinking(corner, still(60), 5, THIRTY)),
        "broken": broken,
    }


@pytest.mark.parametrize(
    ("video", "options", "code", "verdict"),
    [
        ("calm", [], 0, "pass"),
        ("flashing", [], 1, "fail"),
        ("corner", [], 0, "warn"),
        ("corner", ["--profile", "wcag"], 1, "fail"),
        ("broken", [], 3, "unreadable"),
    ],
)
def test_the_verdict_is_the_exit_code(
    video: str, options: list[str], code: int, verdict: str, videos: dict[str, Path]
) -> None:
    answer = CliRunner().invoke(app, ["inspect", str(videos[video]), "--json", *options])
    document = json.loads(answer.stdout)
    assert (answer.exit_code, document["verdict"]) == (code, verdict)
    jsonschema.validate(document, json.loads(PAGE.read_text("utf-8")))
    for check in document["checks"]:
        assert {"name", "verdict", "value", "limit", "unit", "intervals"} <= set(check)


def test_machines_get_what_was_measured_over_time(videos: dict[str, Path]) -> None:
    def curves(video: str) -> dict[str, dict[str, Any]]:
        answer = CliRunner().invoke(app, ["inspect", str(videos[video]), "--json"])
        return {curve["name"]: curve for curve in json.loads(answer.stdout)["curves"]}

    flashing = curves("flashing")
    assert list(flashing) == ["light", "flash_general", "flash_red"]
    area = flashing["flash_general"]
    assert (area["fail"], max(area["values"]), area["values"][0]) == (25, 100, 0)
    assert area["times"] == sorted(area["times"])
    assert max(curves("calm")["flash_general"]["values"]) == 0
    assert curves("broken") == {}


def test_people_read_what_is_wrong_and_when(videos: dict[str, Path], tmp_path: Path) -> None:
    heat = tmp_path / "heat.png"
    video = str(videos["flashing"])
    answer = CliRunner().invoke(app, ["inspect", video, "--heatmap", str(heat)])
    assert "100.0 % of the frame flashes more than three times in a second" in answer.stderr
    assert "0.00–1.97 s" in answer.stderr
    assert heat.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [["nowhere.mp4"], ["{calm}", "--heatmap", "no/where/h.png"]])
def test_wrong_use_is_said(arguments: list[str], videos: dict[str, Path]) -> None:
    words = [word.format(calm=videos["calm"]) for word in arguments]
    answer = CliRunner().invoke(app, ["inspect", *words])
    assert isinstance(answer.exception, WrongUse)
