"""`dropreel score`, `pick`, `label`, `train-scorer` over folders of real photographs."""

import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli.errors import WrongUse
from cli.main import app
from cli.rehearsal import rehearse
from cli.rules import find_rules
from cli.target import Account
from shared.manifest.create import create_manifest
from shared.scoring.embeddings import save_embeddings
from shared.scoring.heads import save_heads
from shared.scoring.training_data import LabelsUnusable
from tests.scoring.pictures import FOLDER, blurred, photo
from tests.scoring.synthetic import labelled
from tests.scoring.test_heads import some_heads


class Terminal:
    """The command in a folder with three groups, one of them of three candidates."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.code = 0

    def run(self, *words: str) -> str:
        done = CliRunner().invoke(app, list(words), catch_exceptions=False)
        self.code = done.exit_code
        return done.stdout

    def json(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*words, "--json"))
        return found

    def refused(self, *words: str) -> Exception:
        error = CliRunner().invoke(app, list(words)).exception
        assert isinstance(error, Exception)
        return error

    @property
    def picked(self) -> set[str]:
        return {each.name for each in (self.home / "__video_keyframes").iterdir()}


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    shutil.copy(FOLDER / "rocket.jpg", tmp_path)
    (tmp_path / "rocket.yaml").write_text("seed: 1")
    for name, radius in (("coffee_v1", 4.0), ("coffee_v2", 0.0), ("coffee_v3", 1.5)):
        Image.fromarray(blurred(photo("coffee.png"), radius)).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.caption").write_text(name)
    (tmp_path / "hubble.jpg").write_bytes((FOLDER / "hubble.jpg").read_bytes())
    (tmp_path / "hubble.motion.json").write_text('{"motion": {"type": "zoom_in"}}')
    return Terminal(tmp_path)


def test_every_picture_is_scored_and_the_scores_are_kept(terminal: Terminal) -> None:
    told = terminal.json("score", str(terminal.home), "--write")
    names = [each["image_path"] for each in told["pictures"]]
    assert names == ["coffee_v1.png", "coffee_v2.png", "coffee_v3.png", "hubble.jpg", "rocket.jpg"]
    soft, sharp, middling = (each["video_viability_score"] for each in told["pictures"][:3])
    assert soft < middling < sharp
    assert json.loads((terminal.home / "_scores.json").read_text()) == told
    assert terminal.code == 0
    # and the same again: what was written is no picture
    assert terminal.json("score", str(terminal.home)) == told


def test_a_picture_that_cannot_be_read_stops_no_other(terminal: Terminal) -> None:
    (terminal.home / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (terminal.home / "tiny.png").write_bytes(_tiny())
    told = terminal.json("score", str(terminal.home))
    assert terminal.code == 1
    problems = {
        each["image_path"]: each["problem"] for each in told["pictures"] if "problem" in each
    }
    assert set(problems) == {"broken.png", "tiny.png"}
    assert "damaged" in problems["broken.png"]


def _tiny() -> bytes:
    path = FOLDER / "coffee.png"
    out = io.BytesIO()
    Image.open(path).resize((2, 2)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "I;16"])
def test_a_picture_of_any_mode_is_scored(terminal: Terminal, mode: str) -> None:
    folder = terminal.home / "one"
    folder.mkdir()
    kind = "TIFF" if mode == "CMYK" else "PNG"
    Image.open(FOLDER / "coffee.png").convert(mode).save(folder / f"[b]x.{kind.lower()}", kind)
    (one,) = terminal.json("score", str(folder))["pictures"]
    assert one["image_path"].startswith("[b]x.")
    assert one["video_viability_score"] > (0 if mode == "I;16" else 0.5)
    assert terminal.run("score", str(folder)) == ""  # people read stderr


def test_what_only_looks_like_a_picture_is_passed_over(terminal: Terminal) -> None:
    (terminal.home / "folder.png").mkdir()
    (terminal.home / "gone.png").symlink_to(terminal.home / "nowhere")
    os.mkfifo(terminal.home / "pipe.png")
    (terminal.home / "rocket.poster.jpg").write_bytes(b"published")
    assert len(terminal.json("score", str(terminal.home))["pictures"]) == 5


def test_the_best_of_each_group_is_copied_with_its_companions(terminal: Terminal) -> None:
    told = terminal.json("pick", str(terminal.home))
    assert [each["picked"]["image_path"] for each in told["groups"]] == [
        "coffee_v2.png",
        "hubble.jpg",
        "rocket.jpg",
    ]
    assert terminal.picked == {
        *("coffee_v2.png", "coffee_v2.caption", "coffee_v2.motion.json"),
        *("hubble.jpg", "hubble.motion.json"),
        *("rocket.jpg", "rocket.yaml", "rocket.motion.json"),
    }
    picks = terminal.home / "__video_keyframes"
    made = json.loads((picks / "rocket.motion.json").read_text())
    assert made == {"image_path": "rocket.jpg", "motion": {"type": "static"}}
    # a move that somebody made travels as it is
    assert "zoom_in" in (picks / "hubble.motion.json").read_text()
    assert (terminal.home / "coffee_v2.png").exists()


def test_what_is_picked_can_be_dropped(terminal: Terminal) -> None:
    terminal.run("pick", str(terminal.home))
    picks = terminal.home / "__video_keyframes"
    assert len(create_manifest(picks)["keyframes"]) == 3
    (run,) = rehearse(picks, find_rules(Account()), with_budget=True).documents
    assert run["counts"] == {"total": 3, "planned": 3}


def test_picking_twice_changes_nothing_and_keeps_an_edited_move(terminal: Terminal) -> None:
    terminal.run("pick", str(terminal.home))
    sidecar = terminal.home / "__video_keyframes" / "rocket.motion.json"
    sidecar.write_text('{"motion": {"type": "pan_left"}}')
    before = terminal.picked
    terminal.run("pick", str(terminal.home))
    assert terminal.picked == before
    assert "pan_left" in sidecar.read_text()


def test_a_group_in_which_none_is_good_enough_is_left_out(terminal: Terminal) -> None:
    told = terminal.json("pick", str(terminal.home), "--min-score", "0.8")
    why = {each["group"]: each.get("why_not", "") for each in told["groups"]}
    assert "the best animates with 0." in why["hubble"]
    assert terminal.code == 1
    assert "hubble.jpg" not in terminal.picked


def test_a_dry_run_copies_nothing(terminal: Terminal) -> None:
    told = terminal.json("pick", str(terminal.home), "--dry-run")
    assert told["groups"][0]["picked"]["image_path"] == "coffee_v2.png"
    assert not (terminal.home / "__video_keyframes").exists()


def test_another_file_in_the_way_is_never_written_over(terminal: Terminal) -> None:
    picks = terminal.home / "__video_keyframes"
    picks.mkdir()
    (picks / "rocket.jpg").write_bytes(b"mine")
    error = terminal.refused("pick", str(terminal.home))
    assert isinstance(error, WrongUse)
    assert "is another file" in error.message
    assert (picks / "rocket.jpg").read_bytes() == b"mine"
    assert terminal.picked == {"rocket.jpg"}


def test_a_file_where_the_folder_should_be_is_told(terminal: Terminal) -> None:
    (terminal.home / "__video_keyframes").write_text("mine")
    assert "is a file" in str(terminal.refused("pick", str(terminal.home)))


def test_two_picks_of_one_name_are_refused(terminal: Terminal) -> None:
    (terminal.home / "more").mkdir()
    shutil.copy(FOLDER / "rocket.jpg", terminal.home / "more")
    error = terminal.refused("pick", str(terminal.home))
    assert "a clip of the same name" in str(error)


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    assert "holds no picture" in str(Terminal(tmp_path).refused("score", str(tmp_path)))
    assert "no folder" in str(Terminal(tmp_path).refused("pick", str(tmp_path / "x")))


def test_a_label_file_grows_and_keeps_its_labels(terminal: Terminal) -> None:
    terminal.run("label", str(terminal.home))
    labels = terminal.home / "labels.csv"
    assert "coffee_v1.png,coffee,,,," in labels.read_text()
    labels.write_text(labels.read_text().replace("hubble.jpg,hubble,,", "hubble.jpg,hubble,3,no"))
    shutil.copy(FOLDER / "astronaut.png", terminal.home)
    terminal.run("label", str(terminal.home))
    assert "hubble.jpg,hubble,3,no" in labels.read_text()
    assert "astronaut.png,astronaut,,,," in labels.read_text()


def test_trained_heads_score_where_embeddings_are_given(terminal: Terminal) -> None:
    heads = terminal.home / "heads.npz"
    heads.write_bytes(save_heads(some_heads()))
    vectors = terminal.home / "embeddings.npz"
    one = some_heads().centre
    vectors.write_bytes(save_embeddings({"hubble.jpg": one}))
    words = ("score", str(terminal.home), "--heads", str(heads), "--embeddings", str(vectors))
    methods = {each["image_path"]: each["method"] for each in terminal.json(*words)["pictures"]}
    assert methods["hubble.jpg"] == "clip_heads"
    assert methods["rocket.jpg"] == "classical"
    error = terminal.refused("score", str(terminal.home), "--embeddings", str(vectors))
    assert "--heads" in str(error)


def test_labels_from_which_nothing_can_be_learned_are_refused_first(terminal: Terminal) -> None:
    terminal.run("label", str(terminal.home))
    error = terminal.refused("train-scorer", str(terminal.home / "labels.csv"))
    assert isinstance(error, LabelsUnusable)
    assert "40 are the least" in str(error)


def test_without_torch_training_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, vectors = labelled(60)
    rows = [f"{x.image_path},{x.group},{10 * (x.aesthetic or 0)},{x.viable}" for x in labels]
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["image_path,group,aesthetic,video_viable", *rows]))
    given = tmp_path / "embeddings.npz"
    given.write_bytes(save_embeddings(vectors))
    # None in the table of modules is how Python says that there is no such module
    monkeypatch.setitem(sys.modules, "gpu_functions.scorer_training", None)
    error = Terminal(tmp_path).refused("train-scorer", str(path), "--embeddings", str(given))
    assert isinstance(error, WrongUse)
    assert "make gpu" in error.message
