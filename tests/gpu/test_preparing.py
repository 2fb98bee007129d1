"""Sizes made ahead: what is compiled for them is what a clip of that size needs."""

from collections.abc import Hashable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from gpu_functions.runner.compiled import Compiled
from gpu_functions.runner.preparing import ClipSize, prepare, usual_sizes
from shared.errors import DropreelError, InvalidInput
from tests.gpu.requests import catalogue_row
from tests.gpu.tiny import build_tiny
from tests.runner.town import Studio

MODEL = "wan2.2-ti2v-5b"


class Noted(Compiled):
    """Says what was to be kept."""

    shapes: list[tuple[str, Hashable]]

    def keep(self, model: str, shape: Hashable) -> bool:
        self.shapes.append((model, shape))
        return super().keep(model, shape)


def test_each_size_is_made_twice_and_kept_once(tmp_path: Path) -> None:
    studio = Studio(too_large={"first"})
    noted = Noted(tmp_path, "cpu")
    noted.shapes = []
    models = studio.tools(compiled=noted).models
    row = catalogue_row(MODEL)
    sizes = [ClipSize(64, 64, 9), ClipSize(64, 32, 5)]
    said = list(prepare(models, row, "h100", sizes))
    assert [each.size for each in said] == sizes
    assert {each.recipe for each in said} == {"second"}, "the first overflows, as in a job"
    asked = [(each.width, each.height, each.num_frames) for each in studio.requests]
    assert asked == [(64, 64, 9)] * 2 + [(64, 32, 5)] * 2
    assert [model for model, _ in noted.shapes] == [MODEL] * 2
    assert len(set(noted.shapes)) == 2


def test_left_out_they_are_the_sizes_that_the_catalogue_names() -> None:
    assert usual_sizes(catalogue_row("wan2.2-i2v-a14b")) == [
        ClipSize(832, 480, 81),
        ClipSize(1280, 720, 81),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "832x480", "832x480x", "axbxc", "0x480x81", "-1x2x3", "1x2x3x4", f"{'9' * 5000}x1x1"],
)
def test_what_is_no_size_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(InvalidInput, match="WIDTHxHEIGHTxFRAMES"):
        ClipSize.read(text)


def test_a_real_generator_is_prepared_and_the_command_says_how_long_it_took(tmp_path: Path) -> None:
    build_tiny(MODEL, tmp_path / MODEL)
    arguments = ["weights", "prepare", MODEL, "--weights", str(tmp_path)]
    said = CliRunner().invoke(app, [*arguments, "--gpu", "cpu", "--size", "64x64x5"])
    assert "64×64, 5 frames, by `cpu_float32`: first" in said.output
    assert said.exit_code == 0
    for wrong, what in (
        (["--gpu", "cpu", "--size", "65x64x5"], "needs a multiple of 32"),
        (["--gpu", "cpu", "--size", "65536x65536x5"], "no model makes more"),
        (["--gpu", "7"], "There is no GPU 7"),
        (["--gpu", "9" * 5000], "There is no GPU 999"),
        (["--class", "h1000"], "there is rtx4090"),
    ):
        error = CliRunner().invoke(app, [*arguments, *wrong]).exception
        assert isinstance(error, DropreelError)
        assert what in str(error)
