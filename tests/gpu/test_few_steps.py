"""A14B in 4 steps: another model on the same weights, with LoRAs that are fetched beside them."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import WanTransformer3DModel
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from cli.main import app
from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.registry import open_generator
from gpu_functions.generators.rules import settled
from gpu_functions.runner.models import Models
from gpu_functions.speed.distilled import add_lora
from gpu_functions.weights.check import check_weights
from gpu_functions.weights.folder import weights_folder
from gpu_functions.weights.hub import HuggingFace
from gpu_functions.weights.pull import pull_weights
from gpu_functions.weights.record import (
    NAME,
    Record,
    read_record,
    revision_of,
    standing,
    write_record,
)
from shared.catalog import Catalog, ModelRow
from shared.catalog.recipes import recipes_for
from shared.errors import InvalidInput
from shared.gpu_jobs.gpu import choose_class
from tests.gpu.hub import COMMIT, LocalHub, running
from tests.gpu.requests import catalogue_row, small_request
from tests.gpu.tiny import build_tiny
from tests.gpu.tiny.loras import write_lora

A14B, FOUR_STEPS = "wan2.2-i2v-a14b", "wan2.2-i2v-a14b-4step"
ROW = catalogue_row(FOUR_STEPS)
HIGH, LOW = ROW.named_files["distilled"]
AT = {"base": COMMIT, "distilled": COMMIT}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(FOUR_STEPS, tmp_path_factory.mktemp("weights"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """Weights to be spoilt."""
    return shutil.copytree(whole, tmp_path / "w")


@pytest.fixture(scope="module")
def hub(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """The base in one repository; in the other the LoRAs, and much that nobody asks for."""
    base, loras = tmp_path_factory.mktemp("base"), tmp_path_factory.mktemp("loras")
    shutil.copytree(whole, base, dirs_exist_ok=True, ignore=shutil.ignore_patterns("distilled"))
    shutil.copytree(whole / "distilled", loras, dirs_exist_ok=True)
    (loras / "another-28-gb.safetensors").write_bytes(b"0" * 1000)
    repositories = {ROW.parts["base"]: base, ROW.parts["distilled"]: loras}
    with running(LocalHub(repositories)) as hub:
        yield hub


def pull(model: str, folder: Path, hub: LocalHub) -> None:
    row = catalogue_row(model)
    at = dict.fromkeys(row.parts or ("base",), COMMIT)
    pull_weights(row, folder, revisions=at, hub=HuggingFace(hub.endpoint))


def trouble(folder: Path) -> str:
    with pytest.raises(WeightsMissing) as caught:
        check_weights(FOUR_STEPS, folder)
    return " | ".join(str(problem) for problem in caught.value.problems)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def test_every_recipe_of_every_class_moves_the_weights_and_none_of_the_plain_models() -> None:
    for gpu_class in (*ROW.recipes, "cpu"):
        for recipe in recipes_for(FOUR_STEPS, gpu_class):
            setting = recipe.levers["distilled"]
            assert setting["flow_shift"] == 5.0
            assert setting["loras"] == {
                "transformer": f"distilled/{HIGH}",
                "transformer_2": f"distilled/{LOW}",
            }
        plain = recipes_for(A14B, gpu_class)
        assert all("distilled" not in recipe.levers for recipe in plain)
    assert "high_noise" in HIGH, "noisy steps are the first expert's"


@pytest.mark.parametrize(
    "wrong",
    [
        {"distilled": {"flow_shift": 5, "loras": {"transformer": "a"}, "strength": 1}},
        {"distilled": {"flow_shift": 0, "loras": {"transformer": "a"}}},
        {"distilled": {"flow_shift": 5, "loras": {}}},
        {"distilled": None},
        {"parts": {"base": ROW.parts["base"]}, "part_revisions": {}},
    ],
)
def test_a_row_says_all_of_its_loras_and_nothing_else(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ModelRow.model_validate({**ROW.model_dump(), **wrong})


def test_a_folder_is_shared_only_by_models_on_the_same_weights() -> None:
    base = catalogue_row(A14B)
    Catalog(models=(base, ROW))
    for other in (
        base.model_copy(update={"id": "another"}),
        base.model_copy(update={"revision": COMMIT}),
        base.model_copy(update={"provider_model": "Wan-AI/another"}),
    ):
        with pytest.raises(ValidationError, match="does not stand on the weights"):
            Catalog(models=(other, ROW))


def test_everybody_looks_for_the_weights_in_the_folder_of_the_base() -> None:
    root = Path("weights")
    assert weights_folder(root, FOUR_STEPS) == weights_folder(root, A14B) == root / A14B
    assert weights_folder(root, "Mochi") == root / "mochi-1"
    assert weights_folder(root, "a-model-of-nobody") == root / "a-model-of-nobody"


def test_beside_the_base_only_the_loras_are_fetched_and_nothing_twice(
    hub: LocalHub, tmp_path: Path
) -> None:
    pull(A14B, tmp_path, hub)
    assert f"{HIGH}: This file of weights is missing" in trouble(tmp_path)
    weights = tmp_path / "transformer" / "diffusion_pytorch_model.safetensors"
    first = weights.stat().st_mtime_ns
    hub.asked.clear()
    pull(FOUR_STEPS, tmp_path, hub)
    asked = {path.partition("/resolve/")[2].partition("/")[2] for path in hub.asked} - {""}
    assert {HIGH, LOW} <= asked
    assert not any("another" in path for path in asked)
    assert revision_of(ROW, tmp_path) == f"{COMMIT} {COMMIT}"
    assert revision_of(catalogue_row(A14B), tmp_path) == COMMIT
    pull(A14B, tmp_path, hub)
    check_weights(FOUR_STEPS, tmp_path)
    assert weights.stat().st_mtime_ns == first
    assert "the catalogue pins" in standing(ROW, tmp_path)[0]


def test_both_can_be_pulled_at_once(hub: LocalHub, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as both:
        pulls = [both.submit(pull, model, tmp_path, hub) for model in (A14B, FOUR_STEPS)]
    assert [each.result() for each in pulls] == [None, None]
    for model in (A14B, FOUR_STEPS):
        check_weights(model, tmp_path)


def test_what_is_written_down_is_there_whole_at_every_moment(tmp_path: Path) -> None:
    record = Record(model=A14B, revisions={"a": COMMIT}, sizes={str(n): n for n in range(2000)})
    write_record(tmp_path, record)
    with ThreadPoolExecutor(3) as several:
        writing = [several.submit(write_record, tmp_path, record) for _ in range(150)]
        while not all(each.done() for each in writing):
            assert read_record(tmp_path) == record
    assert [each.exception() for each in writing] == [None] * 150
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize(("spoil", "said"), [(Path.unlink, "is missing"), (cut, "It has ")])
def test_a_lora_that_is_missing_or_cut_is_named_with_the_command_that_mends_it(
    hub: LocalHub, tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    pull(FOUR_STEPS, tmp_path, hub)
    spoil(tmp_path / "distilled" / LOW)
    text = trouble(tmp_path)
    assert f"{tmp_path / 'distilled' / LOW}: " in text
    assert said in text
    assert HIGH not in text
    assert f"Run `dropreel weights pull {FOUR_STEPS} --to {tmp_path}`." in text
    check_weights(A14B, tmp_path)
    with pytest.raises(WeightsMissing):
        open_generator(FOUR_STEPS).load(tmp_path, recipes_for(FOUR_STEPS, "cpu")[0], "cpu")
    shown = CliRunner().invoke(app, ["weights", "check", "wan2.2-lightning", str(tmp_path)])
    assert isinstance(shown.exception, WeightsMissing)
    pull(FOUR_STEPS, tmp_path, hub)
    check_weights(FOUR_STEPS, tmp_path)
    shown = CliRunner().invoke(app, ["weights", "check", "wan2.2-lightning", str(tmp_path)])
    assert f"A worker looks for it in WEIGHTS/{A14B}" in " ".join(shown.output.split())


def test_a_lora_that_nobody_wrote_down_is_judged_by_its_own_header(folder: Path) -> None:
    check_weights(FOUR_STEPS, folder)
    cut(folder / "distilled" / HIGH)
    assert "where its header promises" in trouble(folder)


@pytest.mark.parametrize(
    "shapes",
    [
        {"lora_down.weight": (2, 24)},
        {"lora_down.weight": (2, 24), "lora_up.weight": (24, 3)},
        {"lora_down.weight": (2, 12), "lora_up.weight": (24, 2)},
        {"lora_down.weight": (24,), "lora_up.weight": (24,)},
        {"weight": (24, 24)},
    ],
)
def test_what_is_no_lora_of_the_model_is_refused_before_anything_is_moved(
    whole: Path, tmp_path: Path, shapes: dict[str, tuple[int, ...]]
) -> None:
    model = WanTransformer3DModel.from_pretrained(str(whole / "transformer"))
    before = {name: values.clone() for name, values in model.state_dict().items()}
    file = tmp_path / "lora.safetensors"
    write_lora(file, seed=0)
    state = load_file(file)
    place = "diffusion_model.blocks.1.self_attn.q."
    save_file(state | {place + key: torch.ones(shape) for key, shape in shapes.items()}, file)
    with pytest.raises(WeightsMissing, match="is no LoRA of this model"):
        add_lora(model, file, "cpu")
    assert all(torch.equal(before[name], values) for name, values in model.state_dict().items())


def test_another_models_folder_is_refused_and_stays_whole(hub: LocalHub, tmp_path: Path) -> None:
    pull(A14B, tmp_path, hub)
    with pytest.raises(InvalidInput, match=f"holds `{A14B}`: give `ltx-video-2b` another"):
        pull("ltx-video-2b", tmp_path, hub)
    check_weights(A14B, tmp_path)


def test_a_commit_without_the_files_is_refused_before_anything_is_fetched(
    hub: LocalHub, tmp_path: Path
) -> None:
    loras = {"transformer": "high.safetensors", "transformer_2": LOW}
    distilled = {"flow_shift": 5, "loras": loras}
    row = ModelRow.model_validate({**ROW.model_dump(), "distilled": distilled})
    with pytest.raises(InvalidInput, match=rf"has no high\.safetensors at {COMMIT}"):
        pull_weights(row, tmp_path, revisions=AT, hub=HuggingFace(hub.endpoint))
    assert not (tmp_path / "transformer").exists()


def test_the_clip_is_made_in_four_steps_by_moved_weights(whole: Path) -> None:
    steps: list[tuple[int, int]] = []
    root = whole.parent / "root"
    root.mkdir()
    (root / A14B).symlink_to(whole)
    models = Models(
        weights=lambda model: weights_folder(root, model),
        device="cpu",
        open_generator=open_generator,
        recipes_for=recipes_for,
    )
    generator = models.ready(FOUR_STEPS, models.recipes(FOUR_STEPS, "h100")[0])
    made = generator.generate(
        small_request(FOUR_STEPS, steps=20), lambda done, of: steps.append((done, of))
    )
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [each[:3] for each in made.deviations] == [("steps", 20, 4)]
    plain = models.ready(A14B, models.recipes(A14B, "h100")[0])
    assert isinstance(generator, DiffusersGenerator)
    assert isinstance(plain, DiffusersGenerator)
    moved, stock = (each.pipeline.transformer.state_dict() for each in (generator, plain))
    changed = {name for name in moved if not torch.equal(moved[name], stock[name])}
    assert changed == {"blocks.0.attn1.to_q.weight"}


def test_the_command_prepares_it_out_of_the_shared_folder(whole: Path, tmp_path: Path) -> None:
    (tmp_path / A14B).symlink_to(whole)
    where = ["--weights", str(tmp_path), "--gpu", "cpu", "--size", "48x32x5"]
    said = CliRunner().invoke(app, ["weights", "prepare", "wan2.2-lightning", *where])
    assert "48×32, 5 frames, by `cpu_float32`: first" in said.output


def test_guidance_and_what_is_to_be_avoided_are_refused() -> None:
    decided, deviations = settled(ROW, small_request(FOUR_STEPS, guidance=1.0))
    assert (decided.guidance, decided.steps, len(deviations)) == (1.0, 4, 1)
    with pytest.raises(InvalidInput, match="has no guidance control"):
        settled(ROW, small_request(FOUR_STEPS, guidance=3.5))
    with pytest.raises(InvalidInput, match=r"from 1 to 20, not 0\.5"):
        settled(catalogue_row(A14B), small_request(A14B, guidance=0.5))
    assert ROW.capabilities.negative_prompt.value == "no"


def test_it_runs_where_its_seconds_are_known_unless_somebody_says_otherwise() -> None:
    assert choose_class(ROW) == "h100"
    assert choose_class(ROW, None, ("rtx4090", "a100")) == "a100"
    assert choose_class(ROW, "rtx4090") == "rtx4090"
    assert choose_class(catalogue_row(A14B)) == "rtx4090"


def test_the_files_of_the_record_lie_under_the_folder(hub: LocalHub, tmp_path: Path) -> None:
    row = catalogue_row(FOUR_STEPS)
    record = pull_weights(row, tmp_path, revisions=AT, hub=HuggingFace(hub.endpoint))
    assert record.revisions == dict.fromkeys(row.parts.values(), COMMIT)
    assert all((tmp_path / name).stat().st_size == size for name, size in record.sizes.items())
    beside = json.loads((tmp_path / "distilled" / "dropreel_weights.json").read_bytes())
    assert set(beside["sizes"]) == {HIGH, LOW}
    base = json.loads((tmp_path / "dropreel_weights.json").read_bytes())
    assert base["model"] == A14B
    assert not any("distilled" in name for name in base["sizes"])
