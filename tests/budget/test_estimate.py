"""What it would cost: exact where the catalogue is, honest about the rest."""

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.errors import WrongUse
from cli.estimate import SCENARIOS, read_scenarios
from cli.main import app
from shared.aws_cost import Usage
from shared.budget.claims import blueprint_claims, claims_table
from shared.budget.estimate import CandidatePrice, ClipEstimate, Range, estimate_batch
from shared.budget.money import micro_usd
from shared.budget.prices import job_price, price_used
from shared.budget.scenarios import Figure, month_of_scenario
from shared.catalog.price import Currency, Price, PriceUnit, Verification
from shared.catalog.pricing import Quote
from tests.budget.desk import PRICE
from tests.pipeline.house import picture

CHECKOUT = Path(__file__).parents[2]
EXAMPLE = CHECKOUT / "examples" / "first-batch"


def candidate(name: str, low: int, expected: int, high: int) -> CandidatePrice:
    return CandidatePrice(name, Range(low, expected, high), PRICE)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAL_KEY", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.setenv(name, "k")


def estimate(*arguments: str, code: int = 0) -> dict[str, object]:
    result = CliRunner().invoke(app, ["estimate", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == code
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_a_clip_spans_its_candidates_and_reserves_for_its_first() -> None:
    first, second = candidate("a", 20, 30, 40), candidate("b", 10, 90, 100)
    clip = ClipEstimate("img_001", 5.0, ("hybrid",), (first, second))
    assert clip.price == Range(10, 30, 100)
    assert clip.to_reserve == 40


def test_a_batch_is_its_clips_and_awss_share() -> None:
    clips = [
        ClipEstimate("a", 5.0, ("x",), (candidate("x", 1_000_000, 2_000_000, 3_000_000),)),
        ClipEstimate("b", 5.0, ("x",), (candidate("x", 1_000_000, 2_000_000, 3_000_000),)),
        ClipEstimate("c", 5.0, ("y",), (candidate("y", 9_000_000, 9_000_000, 9_000_000),)),
        ClipEstimate("d", 5.0, ("z",), (), "nobody can"),
    ]
    batch = estimate_batch(clips, Usage(transitions=40_000))  # 25 dollars a million
    assert batch.aws_per_clip == 1_000_000
    assert batch.models == Range(11_000_000, 13_000_000, 15_000_000)
    assert batch.total == Range(15_000_000, 17_000_000, 19_000_000)
    assert batch.to_reserve == 15_000_000
    assert batch.breakdown() == [("1 clip(s) by y", 9_000_000), ("2 clip(s) by x", 6_000_000)]


def test_a_price_is_named_so_that_it_is_understood_in_a_year() -> None:
    row = Price(
        amount=Decimal(5),
        currency=Currency.CREDIT,
        usd_rate=Decimal("0.01"),
        unit=PriceUnit.SECOND,
        resolution="720p",
        duration_sec=Decimal(5),
        audio=False,
        source="https://example.com/prices",
        as_of=date(2026, 10, 1),
        verification=Verification.REPORTED,
    )
    quote = Quote(Decimal("0.25"), Decimal("0.25"), Decimal("0.255"), row, Decimal(5), (row,))
    used = price_used("acme/one", quote)
    assert used.id == "acme/one#second-720p-5s-without-sound"
    assert used.amount == "5 credit at 0.01 USD per second"
    assert (used.as_of, used.verification) == ("2026-10-01", "reported")
    price = job_price("acme/one", quote)
    assert (price.expected, price.ceiling) == (250_000, 255_000)


def test_a_folder_is_priced_clip_by_clip_with_its_price_rows(
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "batch"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["keyframes"] = manifest["keyframes"][:3]
    first, second, third = manifest["keyframes"]
    first.update(route=["fal/kling-v2.5-turbo-std"], resolution="720p")
    first["motion"]["duration_sec"] = 5
    second["route"] = ["camera_move"]
    third["route"] = ["no-such-model"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    found = estimate(str(folder), "--scenario", "none", code=1)
    assert found["months"] == []
    batch = found["batch"]
    assert isinstance(batch, dict)
    paid, free, impossible = batch["clips"]
    price = paid["candidates"][0]["price"]
    assert paid["low_usd"] == paid["high_usd"] == batch["to_reserve_usd"] > 0
    assert price["source"]
    assert price["verification"] in {"verified", "reported"}
    assert (free["expected_usd"], free["candidates"][0]["candidate"]) == (
        0,
        "camera_move@camera_move",
    )
    assert "no-such-model" in impossible["why_not"]
    assert batch["total"]["expected_usd"] == pytest.approx(
        paid["expected_usd"] + batch["aws_usd"], abs=1e-9
    )


def test_every_scenario_of_the_seeds_is_there_by_every_route() -> None:
    found = estimate()
    months = found["months"]
    assert isinstance(months, list)
    known = read_scenarios()
    assert {(m["scenario"], m["route"]) for m in months} == {
        (scenario, route)
        for scenario in ("v-aitldr", "v-voz", "v-kiros", "v-supportsignal", "blueprint_1000_day")
        for route in known.routes
    }
    assert found["batch"] is None
    by_route = {m["route"]: m for m in months if m["scenario"] == "blueprint_1000_day"}
    assert by_route["camera_move"]["models"]["expected_usd"] == 0
    assert by_route["min_cost"]["models"]["expected_usd"] > 100
    assert all(m["assumed"] for m in months)


def test_assumed_numbers_are_flagged_and_stated_ones_are_not() -> None:
    blueprint = read_scenarios().find("blueprint_1000_day")
    assert blueprint
    assert blueprint.clips == 30_000
    assumed = " ".join(blueprint.assumptions())
    assert "attempts_a_clip" in assumed
    assert "clips_a_batch" not in assumed
    assert "# " in SCENARIOS.read_text()  # a file for people: it says what it is


def test_a_range_of_clips_widens_the_range_of_the_price() -> None:
    known = read_scenarios()
    voz = known.find("v-voz")
    assert voz
    price = candidate("x", 100_000, 200_000, 300_000)
    month = month_of_scenario(known, voz, "x", price, aws_per_clip=1_000)
    assert month.models == Range(
        round(4 * 30 * 1.3 * 100_000), round(4 * 50 * 1.3 * 200_000), round(4 * 70 * 1.3 * 300_000)
    )
    assert month.aws == round(200 * 1.3 * 1_000)
    gigabytes = 200 * 2.5 / 1000
    assert month.storage == micro_usd(gigabytes * 0.023)
    assert month.storage_after_year == 12 * month.storage
    assert month.downloads == micro_usd(3 * gigabytes * 0.09)
    with pytest.raises(ValueError, match="order"):
        Figure(value=5, low=6, assumed=True)


def test_an_unknown_scenario_gets_a_hint() -> None:
    result = CliRunner().invoke(app, ["estimate", "--scenario", "v-vox"])
    assert isinstance(result.exception, WrongUse)
    assert "v-voz" in result.exception.message


def test_people_get_tables() -> None:
    result = CliRunner().invoke(app, ["estimate", str(EXAMPLE)], catch_exceptions=False)
    assert "USD" in result.output
    assert "v-voz*" in result.output, "it rests on assumed numbers"
    (line,) = [each for each in result.output.splitlines() if "v-voz*" in each and "best" in each]
    expected, low, high = (float(each.replace(",", "")) for each in line.split()[-3:])
    assert low < expected < high


def test_the_blueprints_claims_are_worked_out_and_published() -> None:
    comes_to = {claim.what: claim.result for claim in blueprint_claims()}
    assert comes_to["GPU cost of a clip"] == "USD 0.0031"
    assert comes_to["everything for 1000 a day"] == "USD 0.032–0.047 a clip"
    assert comes_to["downloads"] == "USD 135 a month for 1,500 GB"
    assert comes_to["storage"].startswith("USD 34.5 in the first month")
    assert comes_to["size of a clip"] == "67 Mbit/s"
    assert claims_table() in (CHECKOUT / "docs" / "money.md").read_text("utf-8")


def test_an_open_model_on_a_rented_gpu_is_priced_and_says_how_its_seconds_are_known(
    tmp_path: Path,
) -> None:
    (tmp_path / "quay.png").write_bytes(picture())
    clip = {
        "image_path": "quay.png",
        "prompt": "waves",
        "route": ["wan2.2-i2v-a14b"],
        "generation_params": {"gpu": "h100"},
    }
    manifest = {"project_id": "film", "batch_id": "day-1", "keyframes": [clip]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    words = ["estimate", str(tmp_path), "--scenario", "none"]
    shown = CliRunner().invoke(app, words, catch_exceptions=False).stdout
    assert "wan2.2-i2v-a14b@modal" in shown
    assert "quay: " in shown
    assert "GPU s: arithmetic, from " in shown or "GPU s: measured on " in shown


def test_the_four_steps_are_priced_by_their_own_measured_seconds(
    tmp_path: Path,
) -> None:
    (tmp_path / "quay.png").write_bytes(picture())
    clip = {
        "image_path": "quay.png",
        "prompt": "waves",
        "route": ["wan2.2-lightning"],
        "motion": {"type": "zoom_in", "duration_sec": 5},
        "generation_params": {"num_inference_steps": 30},
    }
    manifest = {"project_id": "film", "batch_id": "day-1", "keyframes": [clip]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    words = ["estimate", str(tmp_path), "--scenario", "none"]
    wide = CliRunner(env={"COLUMNS": "250"})
    shown = wide.invoke(app, words, catch_exceptions=False).stdout
    assert "wan2.2-i2v-a14b-4step@modal" in shown
    assert "12.9 GPU s: measured on NVIDIA H200, 2026-11-26" in " ".join(shown.split())
