"""The Modal app without Modal: its settings as deployed, and its method as it runs."""

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared.catalog.catalog import load_catalog
from shared.gpu_jobs.gpu import tiers
from shared.gpu_jobs.modal_client import APP, CLASSES
from shared.gpu_jobs.report import Report
from tests.gpu.tiny import build_tiny
from tests.runner.town import SVD, runner_town

A14B, FOUR_STEPS = "wan2.2-i2v-a14b", "wan2.2-i2v-a14b-4step"

pytestmark = pytest.mark.filterwarnings("ignore:The .* function is executing locally:UserWarning")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The module as it is imported in a container whose volume is a folder of tiny weights."""
    folder = tmp_path_factory.mktemp("volume")
    build_tiny(SVD, folder / SVD)
    build_tiny(A14B, folder / A14B)
    with pytest.MonkeyPatch.context() as volume:
        volume.setenv("DROPREEL_WEIGHTS", str(folder))
        volume.setenv("DROPREEL_COMPILED", str(folder / "compiled"))
        volume.setenv("DROPREEL_SMALL", "1")
        import gpu_functions.modal_app as module  # noqa: PLC0415 - it reads the environment

        yield module


def test_every_class_of_gpu_has_its_class_in_the_app(app: Any) -> None:
    assert app.app.name == APP
    assert set(CLASSES) == set(tiers()) == set(app.CLASSES)
    assert all(hasattr(app, name) for name in CLASSES.values())
    for tier in tiers().values():
        settings = app.on(tier, at_most=1)
        assert settings["gpu"] == list(tier.modal)
        assert settings["timeout"] == tier.job_limit_sec
        assert settings["retries"] <= 1
        assert settings["startup_timeout"] > 300, "Modal's default is shorter than a cold start"
        assert settings["env"]["HF_HUB_OFFLINE"] == "1"


def test_an_rtx4090_is_an_l40s_at_modal_and_an_a100_the_large_one() -> None:
    assert tiers()["rtx4090"].modal == ("L40S", "A100-80GB")
    assert tiers()["a100"].modal == ("A100-80GB", "H100")
    assert tiers()["h100"].modal == ("H100",)


def test_every_recipe_of_the_catalogue_is_for_a_class_that_there_is() -> None:
    for row in load_catalog().models:
        assert {str(gpu) for gpu in row.recipes} <= {*tiers(), "cpu"}, row.id


def test_a_job_runs_where_modal_would_run_it(app: Any) -> None:
    with runner_town() as town:
        job = town.job(settings=town.job().settings.model_copy(update={"num_frames": 25}))
        box = app.Rtx4090(model=SVD)
        said = box.run.local(job.model_dump(mode="json"))
        assert said["outcome"] == "succeeded", said
        assert (said["recipe"], said["gpu_class"]) == ("cpu_float32", "rtx4090")
        assert town.record is not None
        assert town.record.runner.startswith("modal/")
        assert len(town.files["result.mp4"]) == said["made"]["size_bytes"]


def test_two_jobs_run_beside_each_other_in_one_container(app: Any) -> None:
    with runner_town() as town, runner_town() as other:
        settings = town.job().settings.model_copy(update={"num_frames": 25})
        box = app.Rtx4090(model=SVD)
        box.warm.local()  # here Modal's client enters a class for a plain method only

        async def both() -> list[dict[str, Any]]:
            documents = [each.job(settings=settings) for each in (town, other)]
            plain = [document.model_dump(mode="json") for document in documents]
            return await asyncio.gather(*map(box.run_beside.local, plain))

        for said, there in zip(asyncio.run(both()), (town, other), strict=True):
            assert said["outcome"] == "succeeded", said
            assert len(there.files["result.mp4"]) == said["made"]["size_bytes"]
            assert Report.model_validate(said) == there.report


@pytest.mark.parametrize(("model", "looks"), [(SVD, 0), ("mochi-1", 1), (A14B, 0), (FOUR_STEPS, 1)])
def test_weights_that_were_pulled_later_are_looked_for_and_no_others(
    app: Any, monkeypatch: pytest.MonkeyPatch, model: str, looks: int
) -> None:
    reloaded: list[int] = []
    monkeypatch.setattr(app.modal, "is_local", lambda: False)
    monkeypatch.setattr(app, "weights", SimpleNamespace(reload=lambda: reloaded.append(1)))
    app.see_new_weights(model)
    assert len(reloaded) == looks


def test_the_cpu_function_takes_commits_of_several_repositories(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(
        "gpu_functions.weights.pull.pull_weights",
        lambda row, folder, *, revisions, tell: asked.append((folder.name, revisions)),
    )
    monkeypatch.setattr(app, "weights", SimpleNamespace(commit=lambda: None))
    app.pull.local("animatediff", f"base={'a' * 40},controlnet={'b' * 40}")
    app.pull.local("mochi-1")
    app.pull.local(FOUR_STEPS)
    assert asked == [
        ("animatediff", {"base": "a" * 40, "controlnet": "b" * 40}),
        ("mochi-1", {}),
        (A14B, {}),
    ]


def test_warming_up_loads_the_model_and_tells_what_it_took(app: Any) -> None:
    facts = app.Rtx4090(model=SVD).warm.local()
    assert facts["model"] == SVD
    assert facts["load_seconds"] > 0
    assert os.environ.get("HF_HUB_OFFLINE") is None, "only containers are offline by our hand"
    assert Path(app.WEIGHTS).is_dir()


def test_sizes_are_made_ahead_and_each_is_told(app: Any) -> None:
    (facts,) = app.Rtx4090(model=SVD).compile.local(["64x64x25"])
    assert facts["size"] == "64×64, 25 frames"
    assert facts["first_sec"] > 0
    assert facts["again_sec"] > 0


def test_code_that_was_compiled_lies_on_a_volume_that_containers_may_write(app: Any) -> None:
    volumes = app.on(tiers()["h100"], at_most=1)["volumes"]
    assert volumes[app.COMPILED] is app.compiled
    assert volumes[app.WEIGHTS] is not app.weights, "weights are there to be read"
