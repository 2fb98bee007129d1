"""Both heads, trained: they learn what is there, and numpy computes what torch does."""

import json
from pathlib import Path

import numpy as np
import torch
from typer.testing import CliRunner

from cli.main import app
from gpu_functions.scorer_training import TwoHeads, exported, train_heads
from shared.scoring.embeddings import save_embeddings
from shared.scoring.heads import EMBEDDING, LAYERS, load_heads, normalised, save_heads
from shared.scoring.training_data import training_data
from tests.scoring.synthetic import labelled


def test_the_model_has_the_blueprints_layers() -> None:
    model = TwoHeads()
    for name, shapes in LAYERS.items():
        layers = [each for each in getattr(model, name) if isinstance(each, torch.nn.Linear)]
        assert tuple(tuple(each.weight.shape) for each in layers) == shapes
    assert sum(each.numel() for each in model.parameters()) == 213_634


def test_numpy_computes_what_torch_computes() -> None:
    torch.manual_seed(3)
    model = TwoHeads().eval()
    rng = np.random.default_rng(4)
    batch = rng.normal(size=(50, EMBEDDING)).astype(np.float32)
    heads = load_heads(save_heads(exported(model, normalised(batch))))
    with torch.inference_mode():
        logits = model(torch.from_numpy(normalised(batch)))
    for ours, theirs in zip(heads.score(batch), logits, strict=True):
        np.testing.assert_allclose(ours, torch.sigmoid(theirs).numpy(), atol=1e-6)


def test_what_can_be_told_apart_is_learned() -> None:
    labels, embeddings = labelled(360)
    report = train_heads(training_data(labels, embeddings)).about
    assert report["agreement"]["viability"]["auc"] > 0.9
    assert report["agreement"]["aesthetic"]["spearman"] > 0.7
    assert report["agreement"]["viability"]["calibration_error"] < 0.25
    assert sum(each["count"] for each in report["calibration_bins"]) == report["held_out"]


def test_labels_by_chance_teach_nothing() -> None:
    """The report is made on pictures that were never learned from, so it cannot flatter."""
    labels, embeddings = labelled(240)
    shuffled = np.random.default_rng(5).permutation(list(embeddings.values()))
    heads = train_heads(training_data(labels, dict(zip(embeddings, shuffled, strict=True))))
    assert 0.2 < heads.about["agreement"]["viability"]["auc"] < 0.8


def test_the_same_seed_gives_the_same_heads() -> None:
    labels, embeddings = labelled(90)
    data = training_data(labels, embeddings)
    first, again, other = (train_heads(data, seed=seed) for seed in (1, 1, 2))
    assert save_heads(first) == save_heads(again)
    assert save_heads(first) != save_heads(other)


def test_the_heads_know_what_they_learned_from_and_nothing_else() -> None:
    labels, embeddings = labelled(90)
    heads = train_heads(training_data(labels, embeddings))
    assert sum(heads.knows(each) for each in embeddings.values()) >= 85
    assert not heads.knows(-heads.centre)


def test_the_command_trains_from_files_and_reports(tmp_path: Path) -> None:
    labels, embeddings = labelled(120)
    rows = [f"{x.image_path},{x.group},{10 * (x.aesthetic or 0)},{x.viable}" for x in labels]
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["image_path,group,aesthetic,video_viable", *rows]))
    (tmp_path / "e.npz").write_bytes(save_embeddings(embeddings))
    words = ["train-scorer", str(path), "--embeddings", str(tmp_path / "e.npz"), "--json"]
    done = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "h.npz")], catch_exceptions=False)
    report = json.loads(done.stdout)
    assert report["pictures"] == 120
    assert {"auc", "ridge_auc", "spearman", "calibration_error"} <= set(
        report["agreement"]["viability"]
    )
    assert load_heads((tmp_path / "h.npz").read_bytes()).about["seed"] == 1
