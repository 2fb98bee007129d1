"""Weights: fetched once, at a commit, checked before each use; trouble names file and cure."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from diffusers import StableDiffusionPipeline
from pydantic import ValidationError
from typer.testing import CliRunner

from cli.main import app
from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.generators.registry import open_generator
from gpu_functions.weights.check import check_weights, promised_size
from gpu_functions.weights.choose import chosen_files
from gpu_functions.weights.hub import HuggingFace
from gpu_functions.weights.pull import pull_weights
from gpu_functions.weights.record import NAME, read_record, revision_of, standing
from shared.catalog import ModelRow
from shared.catalog.recipes import recipes_for
from shared.errors import InvalidInput, Transient
from tests.gpu.hub import COMMIT, LocalHub, running
from tests.gpu.requests import catalogue_row, small_request
from tests.gpu.tiny import animatediff, build_tiny

MOCHI = "mochi-1"


@pytest.fixture(scope="module")
def mochi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(MOCHI, tmp_path_factory.mktemp("mochi"))


@pytest.fixture
def folder(mochi: Path, tmp_path: Path) -> Path:
    """Weights to be spoilt."""
    return shutil.copytree(mochi, tmp_path / "w")


@pytest.fixture(scope="module")
def hub(mochi: Path) -> Iterator[LocalHub]:
    with running(LocalHub({"genmo/mochi-1-preview": mochi})) as hub:
        yield hub


def trouble(folder: Path) -> str:
    with pytest.raises(WeightsMissing) as caught:
        check_weights(MOCHI, folder)
    return " | ".join(str(problem) for problem in caught.value.problems)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def overwrite(file: Path) -> None:
    file.write_bytes(b"<html>Too many requests</html>")


WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        (WEIGHTS, Path.unlink, "The part `transformer` has no weights"),
        (WEIGHTS, cut, "bytes where its header promises"),
        (WEIGHTS, overwrite, "It is no safetensors file"),
        (WEIGHTS, lambda file: file.write_bytes(b""), "It is no safetensors file"),
        ("vae", shutil.rmtree, "The part `vae` is missing"),
        ("text_encoder/config.json", Path.unlink, "Its settings are missing"),
        ("model_index.json", Path.unlink, "The list of the model's parts is missing"),
        ("model_index.json", overwrite, "The list of the model's parts is damaged"),
        ("model_index.json", lambda file: file.write_text("[]"), "is damaged"),
    ],
)
def test_a_missing_or_damaged_file_is_named_with_the_command(
    folder: Path, name: str, spoil: Callable[[Path], object], said: str
) -> None:
    check_weights(MOCHI, folder)
    spoil(folder / name)
    text = trouble(folder)
    assert said in text
    assert str(folder / name) in text
    assert f"Run `dropreel weights pull mochi-1 --to {folder}`." in text
    with pytest.raises(WeightsMissing):
        open_generator(MOCHI).load(folder, recipes_for(MOCHI, "cpu")[0], "cpu")


def test_every_damaged_file_is_named_at_once(folder: Path) -> None:
    cut(folder / WEIGHTS)
    cut(folder / "vae" / "diffusion_pytorch_model.safetensors")
    text = trouble(folder)
    assert "transformer" in text
    assert "vae" in text


def test_a_missing_shard_of_many_is_named(folder: Path) -> None:
    whole = folder / WEIGHTS
    whole.rename(whole.with_name("part-00001-of-00002.safetensors"))
    index = whole.with_name("diffusion_pytorch_model.safetensors.index.json")
    shards = {"a": "part-00001-of-00002.safetensors", "b": "part-00002-of-00002.safetensors"}
    index.write_text(json.dumps({"weight_map": shards}))
    assert "part-00002-of-00002.safetensors: This file of weights is missing" in trouble(folder)
    index.write_text("{")
    assert "The list of files is damaged" in trouble(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"vae": []}'])
def test_a_list_of_parts_that_is_damaged_is_mended_even_where_the_hub_s_client_trusts_it(
    hub: LocalHub, tmp_path: Path, text: str
) -> None:
    row, source = catalogue_row(MOCHI), HuggingFace(hub.endpoint)
    pull_weights(row, tmp_path, revisions={"base": COMMIT}, hub=source)
    index = tmp_path / "model_index.json"
    when = index.stat().st_mtime_ns
    index.write_text(text)
    os.utime(index, ns=(when, when))
    assert "The list of the model's parts is damaged" in trouble(tmp_path)
    pull_weights(row, tmp_path, revisions={"base": COMMIT}, hub=source)
    check_weights(MOCHI, tmp_path)


def test_there_may_be_no_folder_at_all(tmp_path: Path) -> None:
    assert "There is no such folder" in trouble(tmp_path / "nowhere")


def test_a_header_that_lies_is_no_header(tmp_path: Path) -> None:
    file = tmp_path / "x.safetensors"
    ends = (b'"x"', b"Infinity", b"[1]", b"null")
    headers = [b'{"a": {"data_offsets": [0, %s]}}' % end for end in ends]
    lies = [len(header).to_bytes(8, "little") + header for header in (b"[]", *headers)]
    for content in (b"", b"\xff" * 20, (10**15).to_bytes(8, "little"), *lies):
        file.write_bytes(content)
        assert promised_size(file) is None


def test_one_form_of_every_component_is_chosen_and_nothing_beside() -> None:
    names = [
        "README.md",
        "model.ckpt",
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "text_encoder/config.json",
        "text_encoder/model-00001-of-00001.safetensors",
        "text_encoder/model.safetensors.index.json",
        "text_encoder/pytorch_model.bin.index.json",
        "vae/config.json",
        "vae/diffusion_pytorch_model.bin",
        "transformer_full/diffusion_pytorch_model.safetensors",
        "scheduler/scheduler_config.json",
        "tokenizer/spiece.model",
    ]
    parts = {name: ["x", "Y"] for name in ("unet", "text_encoder", "vae", "scheduler", "tokenizer")}
    index = {"_class_name": "P", **parts, "safety": [None, None], "flag": True}
    assert chosen_files(names, index) == [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/model-00001-of-00001.safetensors",
        "text_encoder/model.safetensors.index.json",
        "tokenizer/spiece.model",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.bin",
    ]


def test_what_was_fetched_runs_and_says_where_it_is_from(hub: LocalHub, tmp_path: Path) -> None:
    told: list[str] = []
    row = catalogue_row(MOCHI)
    record = pull_weights(
        row, tmp_path, revisions={"base": COMMIT}, hub=HuggingFace(hub.endpoint), tell=told.append
    )
    assert read_record(tmp_path) == record
    assert record.revisions == {row.provider_model: COMMIT}
    assert revision_of(row, tmp_path) == COMMIT
    assert any(WEIGHTS in sentence for sentence in told)
    generator = open_generator(MOCHI)
    generator.load(tmp_path, recipes_for(MOCHI, "cpu")[0], "cpu")
    with pytest.warns(UserWarning, match="autocast"):
        assert len(generator.generate(small_request(MOCHI), lambda done, of: None).frames) == 7


def test_a_second_pull_fetches_only_what_is_spoilt(hub: LocalHub, tmp_path: Path) -> None:
    row, source = catalogue_row(MOCHI), HuggingFace(hub.endpoint)
    pull_weights(row, tmp_path, revisions={"base": COMMIT}, hub=source)
    vae = tmp_path / "vae" / "diffusion_pytorch_model.safetensors"
    size = vae.stat().st_size
    cut(vae)
    cut(tmp_path / "tokenizer" / "tokenizer.json")
    assert "tokenizer.json: It has" in trouble(tmp_path)
    pull_weights(row, tmp_path, revisions={"base": COMMIT}, hub=source)
    assert vae.stat().st_size == size


def test_a_model_of_several_repositories_is_put_together(tmp_path: Path) -> None:
    model_id = "animatediff"
    row = catalogue_row(model_id)
    folders = {repository: tmp_path / "hub" / part for part, repository in row.parts.items()}
    whole = animatediff.build(model_id)
    unet, adapter, controlnet = animatediff.parts()
    StableDiffusionPipeline(
        vae=whole.vae,
        text_encoder=whole.text_encoder,
        tokenizer=whole.tokenizer,
        unet=unet,
        scheduler=whole.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folders[row.parts["base"]])
    adapter.save_pretrained(folders[row.parts["motion_adapter"]])
    controlnet.save_pretrained(folders[row.parts["controlnet"]])
    with running(LocalHub(folders)) as hub:
        pull_weights(
            row,
            tmp_path,
            revisions=dict.fromkeys(row.parts, COMMIT),
            hub=HuggingFace(hub.endpoint),
        )
    generator = open_generator(model_id)
    generator.load(tmp_path, recipes_for(model_id, "cpu")[0], "cpu")
    assert len(generator.generate(small_request(model_id), lambda done, of: None).frames) == 16


@pytest.mark.parametrize(
    ("revisions", "said"),
    [
        ({"base": "main"}, "`main` is no commit: branches and tags move"),
        ({"base": COMMIT[::-1]}, "has no commit"),
        ({"lora": COMMIT}, "has no part"),
    ],
)
def test_only_a_commit_is_fetched(
    hub: LocalHub, tmp_path: Path, revisions: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        pull_weights(
            catalogue_row(MOCHI), tmp_path, revisions=revisions, hub=HuggingFace(hub.endpoint)
        )


def test_a_pinned_row_needs_no_commit_by_hand(hub: LocalHub, tmp_path: Path) -> None:
    pinned: ModelRow = catalogue_row(MOCHI).model_copy(update={"revision": COMMIT})
    assert pull_weights(pinned, tmp_path, hub=HuggingFace(hub.endpoint)).model == MOCHI


def test_the_commit_that_nobody_named_is_looked_up_once_and_kept_ever_after(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, source, told = catalogue_row(MOCHI), HuggingFace(hub.endpoint), list[str]()
    first = pull_weights(row, tmp_path, hub=source, tell=told.append)
    assert first.revisions == {row.provider_model: COMMIT}
    assert f"no commit is pinned; it is at {COMMIT}" in told[0]
    monkeypatch.setattr(hub, "newest", COMMIT[::-1])  # somebody pushed
    cut(tmp_path / WEIGHTS)
    assert pull_weights(row, tmp_path, hub=source) == first, "mended from the same commit"


def test_a_fetch_that_breaks_off_goes_on_with_the_same_commit(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, source = catalogue_row(MOCHI), HuggingFace(hub.endpoint)

    class Breaking(HuggingFace):
        def fetch(self, repository: str, revision: str, name: str, folder: Path) -> Path:
            if name.startswith("vae"):
                raise Transient("the line is dead")
            return super().fetch(repository, revision, name, folder)

    with pytest.raises(Transient, match="the line is dead"):
        pull_weights(row, tmp_path, hub=Breaking(hub.endpoint))
    assert "diffusion_pytorch_model.safetensors: This file is missing" in trouble(tmp_path)
    monkeypatch.setattr(hub, "newest", COMMIT[::-1])
    assert pull_weights(row, tmp_path, hub=source).revisions == {row.provider_model: COMMIT}


def test_whether_the_weights_are_the_pinned_ones_is_told(folder: Path, hub: LocalHub) -> None:
    row = catalogue_row(MOCHI)
    assert "nobody wrote down where it is from" in standing(row, folder)[0]
    pull_weights(row, folder, hub=HuggingFace(hub.endpoint))
    name = row.provider_model
    assert standing(row, folder) == (
        f"{name} at {COMMIT} (unpinned: the catalogue names none)",
        True,
    )
    pinned = row.model_copy(update={"revision": COMMIT})
    assert standing(pinned, folder) == (f"{name} at {COMMIT} (as the catalogue pins it)", True)
    moved = row.model_copy(update={"revision": "f" * 40})
    said, well = standing(moved, folder)
    assert f"the catalogue pins {'f' * 40}" in said
    assert not well
    shown = CliRunner().invoke(app, ["weights", "check", "mochi", str(folder)])
    assert "unpinned" in shown.output


def test_a_row_pins_whole_commits_of_parts_that_it_has() -> None:
    row = catalogue_row("animatediff").model_dump()
    for wrong in (
        {"revision": "main"},
        {"part_revisions": {"base": "abc"}},
        {"part_revisions": {"lora": COMMIT}},
    ):
        with pytest.raises(ValidationError):
            ModelRow.model_validate({**row, **wrong})
    right = ModelRow.model_validate({**row, "part_revisions": {"base": COMMIT}})
    assert (right.pin("base"), right.pin("controlnet")) == (COMMIT, "")


def test_no_access_no_hub_and_no_room_are_told_apart(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, at = catalogue_row(MOCHI), {"base": COMMIT}
    hub.gated.add(row.provider_model)
    with pytest.raises(InvalidInput, match="accept them on its page"):
        pull_weights(row, tmp_path, revisions=at, hub=HuggingFace(hub.endpoint))
    hub.gated.clear()
    other = row.model_copy(update={"provider_model": "genmo/mochi-9"})
    with pytest.raises(InvalidInput, match="no repository"):
        pull_weights(other, tmp_path, revisions=at, hub=HuggingFace(hub.endpoint))
    with pytest.raises(Transient, match="could not be fetched"):
        pull_weights(row, tmp_path, revisions=at, hub=HuggingFace("http://127.0.0.1:9"))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(InvalidInput, match="has room for"):
        pull_weights(row, tmp_path, revisions=at, hub=HuggingFace(hub.endpoint))
    assert not (tmp_path / NAME).exists()


def test_the_command_looks_folders_over(folder: Path) -> None:
    run = CliRunner()
    odd = shutil.copytree(folder, folder.parent / "w[b]")
    assert "w[b] is whole" in run.invoke(app, ["weights", "check", "mochi", str(odd)]).output
    fine = run.invoke(app, ["weights", "check", "mochi", str(folder)])
    assert fine.exit_code == 0
    for arguments in (["mochi-2", str(folder)], ["veo-3.1", str(folder)]):
        refused = run.invoke(app, ["weights", "check", *arguments])
        assert "No model of our own GPUs" in str(refused.exception)
    cut(folder / WEIGHTS)
    broken = run.invoke(app, ["weights", "check", "mochi-1", str(folder)])
    assert isinstance(broken.exception, WeightsMissing)
    branch = ["weights", "pull", "mochi-1", "--to", str(folder), "--revision", "main"]
    assert "--revision COMMIT" in str(run.invoke(app, branch).exception)
