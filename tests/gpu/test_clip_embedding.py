"""Embeddings by CLIP's own code, a tiny model with random weights."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from gpu_functions.clip_embedding import MEAN, SIDE, ClipEmbedder, ClipUnavailable, prepared
from shared.scoring.heads import EMBEDDING
from tests.scoring.pictures import FOLDER, PHOTOS, photo


def _model(folder: Path, numbers: int = EMBEDDING) -> str:
    config = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        patch_size=32,
        projection_dim=numbers,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder)
    return str(folder)


def test_pictures_become_directions_of_512_numbers(tmp_path: Path) -> None:
    embedder = ClipEmbedder(_model(tmp_path))
    found = embedder.embed_files(FOLDER, [*PHOTOS, "manifest.json", "gone.png"])
    assert set(found) == set(PHOTOS)
    assert all(each.shape == (EMBEDDING,) for each in found.values())
    assert np.linalg.norm(found["coffee.png"]) == pytest.approx(1, abs=1e-5)
    (alone,) = embedder.embed([photo("coffee.png")])
    np.testing.assert_allclose(alone, found["coffee.png"], atol=1e-5)


@pytest.mark.parametrize("size", [(16, 160), (300, 224), (224, 224), (1000, 500)])
def test_any_picture_is_made_ready(size: tuple[int, int]) -> None:
    ready = prepared(np.asarray(Image.new("RGB", size, (255, 255, 255))))
    assert ready.shape == (3, SIDE, SIDE)
    assert ready[0, 0, 0] == pytest.approx((1 - MEAN[0]) / 0.26862954, abs=1e-4)


def test_a_model_of_another_size_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipUnavailable, match="768 numbers"):
        ClipEmbedder(_model(tmp_path / "large", 768))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ClipUnavailable, match="--clip"):
        ClipEmbedder(str(tmp_path / "empty"))
