"""`validate` and `estimate` answer as the cloud that `run` would use would."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import rules
from cli.main import app
from cli.rules import Rules
from cli.target import Account
from shared.budget.memory import MemoryLedger
from shared.budget.money import micro_usd
from shared.budget.project import Project
from tests.pipeline.house import picture

CHECKOUT = Path(__file__).parents[2]
WAVESPEED = {"WAVESPEED_API_KEY": "k"}
OPEN_MODEL = "wan2.2-i2v-a14b-4step"


class Shop:
    """A checkout of one's own, and a folder with one keyframe."""

    def __init__(self, home: Path) -> None:
        self.checkout, self.folder = home / "checkout", home / "folder"
        self.checkout.mkdir()
        self.folder.mkdir()
        shutil.copy(CHECKOUT / "cdk.json", self.checkout)
        (self.folder / "quay.png").write_bytes(picture())

    def manifest(self, *route: str, **more: Any) -> None:
        clip = {
            "image_path": "quay.png",
            "prompt": "waves",
            "motion": {"duration_sec": 5},
            "route": list(route),
            **more,
        }
        document = {"project_id": "film", "batch_id": "day-1", "keyframes": [clip]}
        (self.folder / "manifest.json").write_text(json.dumps(document))

    def desk(self, **settings: str) -> None:
        lines = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.checkout / ".env").write_text(lines)

    def run(self, command: str, *words: str) -> Result:
        wide = CliRunner(env={"COLUMNS": "400", "NO_COLOR": "1"})
        return wide.invoke(app, [command, str(self.folder), *words], catch_exceptions=False)

    def clip(self, *words: str) -> dict[str, Any]:
        (run,) = json.loads(self.run("validate", "--json", *words).stdout)["runs"]
        found: dict[str, Any] = run["clips"][0]
        return found

    def estimate(self, *words: str) -> tuple[int, dict[str, Any]]:
        result = self.run("estimate", "--scenario", "none", "--json", *words)
        found: dict[str, Any] = json.loads(result.stdout)
        return result.exit_code, found


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(tmp_path)
    monkeypatch.setattr(rules, "CHECKOUT", made.checkout)
    return made


def deployment(monkeypatch: pytest.MonkeyPatch, **project: Any) -> None:
    """Let every account hold a project `film`."""
    books = MemoryLedger()
    books.save_project(Project(name="film", **project))

    def found(account: Account) -> Rules:
        return rules.account_rules(books)

    monkeypatch.setattr("cli.validate.find_rules", found)
    monkeypatch.setattr("cli.estimate.find_rules", found)


@pytest.mark.parametrize("model", [OPEN_MODEL, "ltx-video-2b"])
def test_your_own_gpu_is_attached_in_dotenv(shop: Shop, model: str) -> None:
    shop.manifest(model)
    shop.desk(WORKER_GPUS="rtx4090")
    assert shop.clip()["status"] == "planned"
    code, found = shop.estimate()
    assert code == 0
    assert found["batch"]["clips"][0]["candidates"][0]["candidate"] == f"{model}@worker"


def test_the_environment_says_it_as_well(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.manifest(OPEN_MODEL)
    monkeypatch.setenv("WORKER_GPUS", "rtx4090")
    assert shop.clip()["status"] == "planned"


def test_a_class_without_a_queue_is_told_from_one_that_nobody_attached(shop: Shop) -> None:
    shop.manifest(OPEN_MODEL)
    shop.desk(WORKER_GPUS="h100")
    (reason,) = shop.clip()["reasons"]
    assert "`worker` (a queue for h100 (`worker_gpus` in cdk.json), docs/gpu.md)" in reason
    shop.desk()
    (reason,) = shop.clip()["reasons"]
    assert "`worker` (WORKER_GPUS, one of rtx4090, a100, h100, docs/gpu.md)" in reason
    assert "`modal` (MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, docs/gpu.md)" in reason


def test_a_model_at_modal_has_a_price(shop: Shop) -> None:
    shop.manifest(OPEN_MODEL)
    shop.desk(MODAL_TOKEN_ID="i", MODAL_TOKEN_SECRET="s")
    result = shop.run("validate")
    assert "no money is spent on an unknown price" not in result.stderr
    assert "the budget of project `film`" in result.stderr


def test_a_missing_key_is_named_with_the_page_that_tells_of_it(shop: Shop) -> None:
    shop.manifest("wavespeed/wan-2.5")
    result = shop.run("validate")
    assert result.exit_code == 1
    assert "fine" not in result.stderr
    assert "`api:wavespeed` (WAVESPEED_API_KEY, docs/providers.md)" in result.stderr


def test_a_clip_that_costs_money_needs_a_budget(shop: Shop) -> None:
    """A cloud that starts with the command has no project, so `run` would refuse it too."""
    shop.manifest("wavespeed/wan-2.5")
    shop.desk(**WAVESPEED)
    result = shop.run("validate")
    assert result.exit_code == 1
    assert "dropreel project set film --monthly-budget" in result.stderr
    code, found = shop.estimate()  # who asks for the price need not have the money yet
    assert code == 0
    assert found["batch"]["to_reserve_usd"] > 0


def test_what_only_a_deployment_knows_is_a_warning(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment(monkeypatch, monthly_budget=micro_usd(20))
    shop.manifest("wavespeed/wan-2.5")
    result = shop.run("validate")
    assert result.exit_code == 0
    assert "Whether the deployment can use `api:wavespeed` is not known here" in result.stderr
    assert "WAVESPEED_API_KEY, docs/providers.md" in result.stderr
    assert "fine" not in result.stderr
    assert shop.run("estimate", "--scenario", "none").exit_code == 0


def test_a_projects_default_route_and_policy_are_a_deployments(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment(monkeypatch, default_route=("wavespeed/wan-2.5",), monthly_budget=micro_usd(0.01))
    shop.manifest()
    document = json.loads((shop.folder / "manifest.json").read_text())
    del document["keyframes"][0]["route"]
    (shop.folder / "manifest.json").write_text(json.dumps(document))
    result = shop.run("validate")
    assert "the budget of project `film`" in result.stderr
    _, found = shop.estimate()
    assert found["batch"]["clips"][0]["route"] == ["wavespeed/wan-2.5"]


def test_a_refused_clip_is_priced_all_the_same_and_the_answer_is_no(shop: Shop) -> None:
    shop.manifest("wavespeed/wan-2.5")
    code, found = shop.estimate()
    assert code == 1
    (clip,) = found["batch"]["clips"]
    assert clip["expected_usd"] > 0
    assert "WAVESPEED_API_KEY" in clip["why_not"]
    shown = shop.run("estimate", "--scenario", "none")
    assert "refused" in shown.stdout
    assert "WAVESPEED_API_KEY" in shown.stderr


def test_a_rejected_manifest_is_told_as_validate_tells_it(shop: Shop) -> None:
    shop.manifest("camera_move", fps=30)
    told = shop.run("validate").stderr
    result = shop.run("estimate", "--scenario", "none")
    assert result.exit_code == 1
    assert "fps" in told
    assert result.stderr == told
    (shop.folder / "manifest.json").write_text('{"keyframes": [}')
    result = shop.run("estimate", "--scenario", "none")
    assert result.exit_code == 1
    assert "line 1, column" in result.stderr
    assert "USD" not in result.stdout
