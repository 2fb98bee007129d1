"""From a model's frames to the promised ones: exact counts, true moments, few ghosts."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_functions.generators.contract import GeneratedFrames, OutOfMemory, WeightsMissing
from gpu_functions.interpolation import Method, Tools, interpolate_frames
from gpu_functions.interpolation.film import open_film
from gpu_functions.interpolation.ifnet import SHAPES, IFNet, warp
from gpu_functions.interpolation.rife import open_rife
from gpu_functions.interpolation.tools import FILM_FILE, RIFE_FILE
from shared.errors import InternalFault
from tests.moving_picture import moving_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Frames = NDArray[np.uint8]


def moving(count: int, size: tuple[int, int] = (96, 64)) -> "Frames":
    """A texture that slides two pixels a frame."""
    return np.stack([frame.to_ndarray(format="rgb24") for frame in moving_frames(count, size=size)])


def clip(frames: "Frames", fps: int) -> GeneratedFrames:
    return GeneratedFrames(frames=frames, fps=Fraction(fps))


def numbered(count: int) -> "Frames":
    """Frames that say which they are."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 4, 6, 3))


def psnr(one: "Frames", other: "Frames") -> float:
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize("method", [Method.BLEND, Method.MINTERPOLATE])
@pytest.mark.parametrize(
    ("count", "native", "fps", "seconds", "promised"),
    [
        (81, 16, 30, 5, 150),
        (25, 7, 30, 4, 120),
        (25, 6, 30, 4, 120),
        (121, 24, 30, 5, 150),
        (121, 24, "29.97", 5, 150),
        (16, 8, 60, 2, 120),
        (129, 24, 24, 4, 96),
        (85, 30, 24, 2.5, 60),
        (2, 8, 30, 1, 30),
        (1, 8, 30, 1, 30),
        (9, 24, 30, 0.01, 1),
    ],
)
def test_the_promised_number_of_frames_from_the_first_to_the_last(
    method: Method, count: int, native: int, fps: float, seconds: float, promised: int
) -> None:
    base = moving(count, (32, 32))
    made = interpolate_frames(clip(base, native), fps, seconds, method)
    assert made.frames.shape == (promised, 32, 32, 3)
    assert np.array_equal(made.frames[0], base[0])
    assert made.frames.dtype == np.uint8


@settings(max_examples=60)
@given(
    st.integers(1, 90),
    st.sampled_from([6, 7, 8, 16, 24, 30]),
    st.sampled_from([24, 25, 30, 60, "23.976"]),
    st.floats(0.1, 6),
)
def test_every_frame_lies_where_the_plan_says(
    count: int, native: int, fps: float, seconds: float
) -> None:
    made = interpolate_frames(clip(numbered(count), native), fps, seconds, "blend")
    moments = made.frames[:, 0, 0, 0].astype(float)
    span = moments[-1]
    expected = np.linspace(0, span, len(moments))
    assert np.abs(moments - expected).max() <= 1
    covered = float((len(moments) - 1) / made.fps * native)
    assert span == min(count - 1, np.ceil(covered - 1e-9)) or made.stretch > 1


def test_frames_at_the_right_rate_are_handed_on_untouched() -> None:
    base = moving(49)
    made = interpolate_frames(clip(base, 24), 24, 2)
    assert (made.method, made.between_count, len(made.frames)) == ("none", 0, 48)
    assert np.array_equal(made.frames, base[:48])


def test_a_clip_that_the_frames_cannot_cover_plays_slower_and_says_so() -> None:
    made = interpolate_frames(clip(moving(25, (32, 32)), 7), 30, 4, "blend")
    assert made.stretch == pytest.approx(119 / 30 * 7 / 24)


def test_motion_compensation_comes_nearer_to_the_truth_than_fading() -> None:
    """Every second frame is taken away and made anew; the truth is known."""
    truth = moving(17, (128, 96))
    found = {
        way: interpolate_frames(clip(truth[::2], 8), 16, 17 / 16, way)
        for way in ("minterpolate", "blend")
    }
    # At the rim new texture comes in, which no way can know.
    between = {way: made.frames[1:-1:2, 16:-16, 16:-16] for way, made in found.items()}
    near = {way: psnr(frames, truth[1::2, 16:-16, 16:-16]) for way, frames in between.items()}
    assert near["blend"] > 20
    assert near["minterpolate"] > near["blend"] + 3
    assert {way: made.method for way, made in found.items()} == {way: way for way in found}


@pytest.mark.parametrize("size", [(32, 32), (33, 17), (2, 2), (640, 16)])
def test_odd_sizes_are_no_trouble(size: tuple[int, int]) -> None:
    even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
    base = moving(3, even)[:, : size[1], : size[0]]
    for method in ("minterpolate", "blend"):
        made = interpolate_frames(clip(base, 8), 30, 0.3, method)
        assert made.frames.shape == (9, size[1], size[0], 3)


def test_a_still_clip_stays_still() -> None:
    still = np.repeat(moving(1), 5, axis=0)
    for method in ("minterpolate", "blend"):
        made = interpolate_frames(clip(still, 8), 30, 0.6, method)
        assert np.abs(made.frames.astype(int) - still[0]).max() <= 2


def test_what_is_not_there_is_replaced_by_the_next_plainer_way(tmp_path: Path) -> None:
    base = clip(moving(5, (32, 32)), 8)
    made = interpolate_frames(base, 30, 0.5, "best", Tools(weights=tmp_path))
    assert made.method == "minterpolate"
    assert made.asked == "best"
    assert [note.partition(":")[0] for note in made.notes] == ["rife", "film"]
    assert str(tmp_path / RIFE_FILE) in made.notes[0]
    asked_plainly = interpolate_frames(base, 30, 0.5, "blend", Tools(weights=tmp_path))
    assert (asked_plainly.method, asked_plainly.notes) == ("blend", ())


def test_unknown_ways_and_no_frames_are_our_own_mistakes() -> None:
    with pytest.raises(InternalFault, match="`dain` is no way"):
        interpolate_frames(clip(moving(5), 8), 30, 0.5, "dain")
    with pytest.raises(InternalFault, match="no frames"):
        interpolate_frames(clip(np.empty((0, 8, 8, 3), np.uint8), 8), 30, 0.5)


@pytest.fixture(params=SHAPES)
def rife(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A net of random weights, in a file as the published ones are."""
    torch.manual_seed(1)
    net = IFNet(SHAPES[request.param])
    state = {f"module.{name}": values for name, values in net.state_dict().items()}
    file = tmp_path / RIFE_FILE
    file.parent.mkdir()
    torch.save(state | {"module.teacher.beta": torch.ones(1)}, file)
    return request.param, tmp_path


def test_rife_makes_every_moment_from_its_own_file(rife: tuple[str, Path]) -> None:
    base = moving(3, (70, 40))
    tools = Tools(weights=rife[1])
    made = interpolate_frames(clip(base, 8), 30, 0.3, "rife", tools)
    assert (made.method, made.frames.shape) == ("rife", (9, 40, 70, 3))
    assert np.array_equal(made.frames[0], base[0])
    assert np.array_equal(
        made.frames, interpolate_frames(clip(base, 8), 30, 0.3, "rife", tools).frames
    )
    black = interpolate_frames(clip(np.zeros_like(base), 8), 30, 0.3, "rife", tools)
    assert black.frames.max() <= 1, "darkness is a picture too"


def test_the_nets_have_the_published_names_and_sizes() -> None:
    sizes = {name: tuple(IFNet(shape).state_dict()) for name, shape in SHAPES.items()}
    parameters = {name: sum(p.numel() for p in IFNet(s).parameters()) for name, s in SHAPES.items()}
    assert "block0.conv0.0.0.weight" in sizes["4.6"]
    assert "block3.convblock.7.beta" in sizes["4.6"]
    assert {"encode.cnn3.bias", "block4.lastconv.0.weight"} <= set(sizes["4.26"])
    assert 5e6 < parameters["4.6"] < 12e6
    assert 5e6 < parameters["4.26"] < 12e6


def test_a_pull_of_whole_pixels_takes_exactly_these_pixels() -> None:
    picture = torch.rand(1, 3, 8, 12)
    pull = torch.zeros(1, 2, 8, 12)
    pull[:, 0] = 2
    pull[:, 1] = 1
    assert torch.allclose(warp(picture, pull)[:, :, :-1, :-2], picture[:, :, 1:, 2:], atol=1e-5)


def test_an_untrained_net_that_moves_nothing_blends() -> None:
    """With the last layers at zero there is no flow, and the mask is a half."""
    net = IFNet(SHAPES["4.26"]).eval()
    for index in range(5):
        last = getattr(net, f"block{index}").lastconv[0]
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.zeros_(last.bias)
    first, second = torch.rand(2, 1, 3, 64, 64)
    with torch.inference_mode():
        made = net(first, second, torch.tensor([0.3, 0.6]))
    assert torch.allclose(made, ((first + second) / 2).expand(2, -1, -1, -1), atol=1e-5)


class _Scripted(torch.nn.Module):
    def forward(self, first: torch.Tensor, second: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        return first * (1 - at) + second * at


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_film_runs_from_its_scripted_file(tmp_path: Path) -> None:
    file = tmp_path / FILM_FILE
    file.parent.mkdir()
    torch.jit.script(_Scripted()).save(str(file))
    base = moving(3, (34, 18))
    made = interpolate_frames(clip(base, 8), 30, 0.3, "film", Tools(weights=tmp_path))
    plain = interpolate_frames(clip(base, 8), 30, 0.3, "blend")
    assert made.method == "film"
    assert np.abs(made.frames.astype(int) - plain.frames).max() <= 1


@pytest.mark.parametrize("opener", [open_rife, open_film])
@pytest.mark.parametrize("content", [b"", b"not weights at all", b"PK\x03\x04 half an archive"])
def test_damaged_files_of_weights_are_named(
    opener: Callable[[Path, str], object], content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "net"
    file.write_bytes(content)
    with pytest.raises(WeightsMissing, match="net"):
        opener(file, "cpu")


def test_weights_of_another_release_are_named(tmp_path: Path) -> None:
    file = tmp_path / "flownet.pkl"
    torch.save({"module.block0.conv0.0.0.weight": torch.zeros(1)}, file)
    with pytest.raises(WeightsMissing, match="is not RIFE"):
        open_rife(file, "cpu")


def test_too_little_memory_is_said_in_our_words(
    rife: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")

    monkeypatch.setattr(IFNet, "forward", full)
    with pytest.raises(OutOfMemory, match="interpolating with RIFE"):
        interpolate_frames(clip(moving(3), 8), 30, 0.3, "rife", Tools(weights=rife[1]))
