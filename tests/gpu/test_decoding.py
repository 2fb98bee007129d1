"""Frames come out as they are decoded, and are the very bytes that stock diffusers would give."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gpu_functions.generators.contract import FramesUnusable
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.leaving import landed
from gpu_functions.generators.pictures import FRAMES_AT_ONCE, put_down
from gpu_functions.generators.rooms import in_memory
from gpu_functions.generators.wan_decoding import decoded
from gpu_functions.speed.coder import double_in_place, fuse_norms
from tests.gpu.loaded import load
from tests.gpu.requests import keyframe, small_request, small_size

A14B, TI2V, OLD, LTX = (
    "wan2.2-i2v-a14b",
    "wan2.2-ti2v-5b",
    "wan2.1-i2v-14b",
    "ltx-video-0.9.8-13b",
)
HALF = {"vae_dtype": "bfloat16", "vae_channels_last": True}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


def as_stock(generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Any:
    """The bytes of frames that the pipeline decoded by itself."""
    given: list[torch.Tensor] = []

    def whole(output: Any) -> Iterator[torch.Tensor]:
        given.append(output.frames[0])
        yield output.frames[0]

    with monkeypatch.context() as patch:
        patch.setattr(generator, "output_type", "pt")
        patch.setattr(generator, "pieces", whole)
        make(generator, **changes)
    (video,) = given
    levels = video.float().clamp(0, 1).mul(255).round().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).numpy()


def make(generator: DiffusersGenerator, **changes: Any) -> Any:
    request = small_request(generator.row.id, **changes)
    return generator.generate(request, lambda done, of: None).frames


@pytest.mark.parametrize(
    ("model_id", "levers", "changes"),
    [
        (A14B, {}, {"num_frames": 13}),
        (A14B, HALF, {"last_frame": keyframe(small_size(A14B), seed=1)}),
        (TI2V, {}, {"num_frames": 9}),
        (TI2V, HALF, {"image": None}),
        (OLD, {}, {}),
        (LTX, {}, {"num_frames": 25}),
    ],
)
def test_frames_are_the_bytes_of_the_pipelines_own(
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    model_id: str,
    levers: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    generator = load(weights, model_id, levers=levers)
    stock = as_stock(generator, monkeypatch, **changes)
    assert np.array_equal(make(generator, **changes), stock)
    assert stock.std() > 1


@pytest.mark.parametrize("model_id", [A14B, TI2V])
def test_wans_coder_gives_its_frames_piece_by_piece_and_in_tiles_all_at_once(
    weights: Path, model_id: str
) -> None:
    vae = load(weights, model_id).pipeline.vae
    fuse_norms([each for each in vae.modules() if type(each).__name__ == "WanResidualBlock"])
    double_in_place(vae)
    latents = torch.randn(1, vae.config.z_dim, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    shape = (1, vae.config.z_dim, 1, 1, 1)
    mean, std = (
        torch.tensor(values).view(shape)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    scaled = latents / (1.0 / std) + mean
    with torch.inference_mode():
        pieces = list(decoded(vae, latents))
        assert [each.shape[2] for each in pieces] == [1, 4, 4]
        assert torch.equal(torch.cat(pieces, 2), vae.decode(scaled, return_dict=False)[0])
        side = vae.spatial_compression_ratio * 2
        vae.enable_tiling(side, side, side // 2, side // 2)
        (tiled,) = decoded(vae, latents)
        assert torch.equal(tiled, vae.decode(scaled, return_dict=False)[0])
    assert not torch.equal(tiled, torch.cat(pieces, 2))


def test_a_coder_that_waits_elsewhere_is_called_for_before_its_first_piece(weights: Path) -> None:
    vae, called = load(weights, A14B).pipeline.vae, list[int]()

    class Hook:
        execution_device = "cpu"

        def pre_forward(self, module: Any, *_: Any) -> None:
            called.append(len(made))

    vae._hf_hook, made = Hook(), list[torch.Tensor]()
    with torch.inference_mode():
        for piece in decoded(vae, torch.zeros(1, vae.config.z_dim, 2, 4, 4)):
            made.append(piece)
    assert called == [0]


def test_a_decoding_that_is_left_in_the_middle_leaves_the_coder_clean(weights: Path) -> None:
    generator = load(weights, A14B)
    whole = make(generator)

    def leaving(shape: Any, pieces: Iterable[Any]) -> Any:
        next(iter(pieces))
        raise FramesUnusable("left")

    with pytest.raises(FramesUnusable, match="left"):
        generator.generate(small_request(A14B), lambda done, of: None, leaving)
    assert all(each is None for each in generator.pipeline.vae._feat_map)
    assert np.array_equal(make(generator), whole)


def test_a_piece_is_put_down_while_the_next_is_made() -> None:
    order: list[str] = []

    def made() -> Iterator[tuple[torch.Tensor, ...]]:
        for name in "abc":
            order.append(f"make {name}")
            yield (torch.zeros(1),)

    for _ in landed(made()):
        order.append("put down")
    assert order == ["make a", "make b", "put down", "make c", "put down", "put down"]


def test_a_clip_in_one_piece_goes_by_few_frames_at_a_time() -> None:
    video, sizes = torch.rand(40, 3, 4, 4), list[int]()

    def counting(shape: Any, pieces: Iterable[Any]) -> Any:
        clip = [np.array(each) for each in pieces]
        sizes.extend(len(each) for each in clip)
        return np.concatenate(clip)

    clip = put_down([video], 40, counting, model="m")
    assert sizes == [FRAMES_AT_ONCE, FRAMES_AT_ONCE, 8]
    assert np.array_equal(clip, (video * 255).round().byte().permute(0, 2, 3, 1).numpy())


def test_what_is_no_clip_is_refused_wherever_it_shows() -> None:
    good = torch.rand(4, 3, 8, 8)

    def refused(*pieces: torch.Tensor, count: int = 8) -> str:
        with pytest.raises(FramesUnusable) as caught:
            put_down(pieces, count, in_memory, model="m")
        return caught.value.message

    bad = good.clone()
    bad[3, 1, 2, 2] = torch.nan
    assert refused(good, bad) == "m decoded frames hold 1 of 768 values that are no numbers."
    assert refused(good) == "m made 4 frames where 8 were asked for."
    assert refused(good, good, good) == "m made 12 frames where 8 were asked for."
    assert refused() == "m made no frames."
    assert "not frames of three colours" in refused(good, torch.rand(4, 4, 8, 8))
    red = torch.zeros(4, 3, 8, 8)
    red[:, 0] = 1.0
    assert refused(red, red) == "Every pixel that m made is [255, 0, 0]."
    other = red.clone()
    other[0, 2, 4, 4] = 2 / 255
    assert put_down([red, other], 8, in_memory, model="m").max() == 255
    assert put_down([good * 9 - 4], 4, in_memory, model="m").max() == 255, "clamped, not wrapped"
