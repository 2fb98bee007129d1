"""LTX-Video 2B: published in one file, brought into diffusers' format when it is fetched."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.registry import open_generator
from gpu_functions.weights.check import check_weights
from gpu_functions.weights.hub import HuggingFace
from gpu_functions.weights.pull import pull_weights
from gpu_functions.weights.single_file import CONVERTED, convert, to_convert
from shared.catalog import ModelRow
from shared.catalog.recipes import recipes_for
from shared.errors import InvalidInput
from tests.gpu.hub import COMMIT, LocalHub, running
from tests.gpu.requests import catalogue_row, small_request
from tests.gpu.tiny import build_tiny

LTX_2B = "ltx-video-2b"
ROW = catalogue_row(LTX_2B)
(FILE,) = ROW.named_files["single_file"]
MADE = tuple(f"{name}/{CONVERTED}" for name in ("transformer", "vae"))
AT = dict.fromkeys(ROW.parts, COMMIT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(LTX_2B, tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def hub(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """The base with weights of an older model, and the file among many others."""
    base, files = tmp_path_factory.mktemp("base"), tmp_path_factory.mktemp("files")
    shutil.copytree(whole, base, dirs_exist_ok=True, ignore=shutil.ignore_patterns("single_file"))
    for name in MADE:
        (base / name).write_bytes(b"older")
    shutil.copy(whole / "single_file" / FILE, files)
    (files / "model_index.json").write_text("{}")
    (files / "another-28-gb.safetensors").write_bytes(b"0" * 1000)
    with running(LocalHub(dict(zip(ROW.parts.values(), (base, files), strict=True)))) as hub:
        yield hub


def pull(folder: Path, hub: LocalHub) -> list[str]:
    told: list[str] = []
    pull_weights(ROW, folder, revisions=AT, hub=HuggingFace(hub.endpoint), tell=told.append)
    return [sentence for sentence in told if "are brought" in sentence]


def loaded(folder: Path) -> DiffusersGenerator:
    generator = open_generator(LTX_2B)
    assert isinstance(generator, DiffusersGenerator)
    generator.load(folder, recipes_for(LTX_2B, "cpu")[0], "cpu")
    return generator


def test_the_file_makes_the_same_clip_as_the_model_that_it_was_made_of(
    whole: Path, hub: LocalHub, tmp_path: Path
) -> None:
    hub.asked.clear()
    (said,) = pull(tmp_path, hub)
    assert said == f"{FILE}: transformer, vae are brought into diffusers' format"
    assert not any(path.endswith((*MADE, "28-gb.safetensors")) for path in hub.asked)
    (tmp_path / "single_file" / FILE).touch()  # loading looks into what was made of it
    ours, theirs = (
        loaded(folder).generate(small_request(LTX_2B), lambda done, of: None).frames
        for folder in (whole, tmp_path)
    )
    assert np.array_equal(ours, theirs)
    assert loaded(tmp_path).pipeline.scheduler.config.shift == 1.0


def test_what_is_there_whole_is_not_converted_again(hub: LocalHub, tmp_path: Path) -> None:
    pull(tmp_path, hub)
    times = [(tmp_path / name).stat().st_mtime_ns for name in MADE]
    assert pull(tmp_path, hub) == []
    assert [(tmp_path / name).stat().st_mtime_ns for name in MADE] == times
    coder = tmp_path / MADE[1]
    coder.write_bytes(coder.read_bytes()[:-10])
    with pytest.raises(WeightsMissing, match="where its header promises"):
        check_weights(LTX_2B, tmp_path)
    (said,) = pull(tmp_path, hub)
    assert ": vae are brought" in said
    file = tmp_path / "single_file" / FILE
    os.utime(file, ns=(0, coder.stat().st_mtime_ns + 10**9))  # of another commit
    assert to_convert(ROW, tmp_path) == ("transformer", "vae")
    file.unlink()
    with pytest.raises(WeightsMissing, match=f"{FILE}.*missing"):
        check_weights(LTX_2B, tmp_path)


@pytest.mark.parametrize("spoil", ["one more", "one less", "another shape"])
def test_a_file_of_another_model_is_refused_and_leaves_nothing(
    whole: Path, tmp_path: Path, spoil: str
) -> None:
    folder = shutil.copytree(whole, tmp_path / "w")
    state = load_file(folder / "single_file" / FILE)
    name = next(key for key in state if key.endswith("transformer_blocks.0.attn1.to_q.weight"))
    if spoil == "one more":
        state[name.replace("blocks.0", "blocks.1")] = state[name].clone()
    elif spoil == "one less":
        del state[name]
    else:
        state[name] = torch.zeros(3, 3)
    (folder / MADE[0]).unlink()
    save_file(state, tmp_path / "other.safetensors")
    with pytest.raises(WeightsMissing, match="is no LTXVideoTransformer3DModel"):
        convert(tmp_path / "other.safetensors", folder, ["transformer"])
    assert not [*(folder / "transformer").glob("*.safetensors*")]


def test_a_file_without_the_coder_or_of_no_tensors_is_refused(whole: Path, tmp_path: Path) -> None:
    state = load_file(whole / "single_file" / FILE)
    other = tmp_path / "other.safetensors"
    save_file({key: each for key, each in state.items() if not key.startswith("vae.")}, other)
    with pytest.raises(WeightsMissing, match="is no AutoencoderKLLTXVideo"):
        convert(other, whole, ["vae"])
    other.write_bytes(b"<html>")
    with pytest.raises(WeightsMissing, match="no safetensors file"):
        convert(other, whole, ["vae"])


def test_a_full_disk_says_so_and_what_was_there_stays(whole: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(whole, tmp_path / "w")
    before, unlimited = (folder / MADE[0]).read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, unlimited[1]))
    try:
        with pytest.raises(InvalidInput, match="cannot be written"):
            convert(folder / "single_file" / FILE, folder, ["transformer"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert (folder / MADE[0]).read_bytes() == before
    assert not [*(folder / "transformer").glob("*.new")]


def test_room_is_asked_for_both_forms(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    record = pull_weights(ROW, tmp_path / "a", revisions=AT, hub=HuggingFace(hub.endpoint))
    fetched, file = sum(record.sizes.values()), record.sizes[f"single_file/{FILE}"]
    usage = shutil.disk_usage(tmp_path)
    room = fetched + file - 1000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=room))
    with pytest.raises(InvalidInput, match="has room for"):
        pull(tmp_path / "b", hub)


def test_a_row_with_a_single_file_says_which_repository_it_is_of() -> None:
    for wrong in ({"single_file": None}, {"parts": {"base": ROW.parts["base"]}}):
        with pytest.raises(ValidationError, match="single_file"):
            ModelRow.model_validate({**ROW.model_dump(), **wrong})
