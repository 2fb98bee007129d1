"""The camera puts things where they belong, in the right colour, every time the same."""

import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import pytest
from av import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench import dots
from shared.errors import RenderFailed
from shared.video.camera import Box, Size, prepare_still, render_frames
from shared.video.frame_memory import samples


def film(rgb: np.ndarray, boxes: Sequence[Box], size: Size, threads: int = 2) -> list[VideoFrame]:
    return list(render_frames(prepare_still(rgb, boxes, size), boxes, size, threads=threads))


def planes(frame: VideoFrame) -> list[np.ndarray]:
    return [samples(frame, index).copy() for index in range(3)]


def same_pixels(one: VideoFrame, other: VideoFrame) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(planes(one), planes(other), strict=True))


def flat(colour: tuple[int, int, int], size: Size) -> np.ndarray:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def noise(size: Size, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def zoom_path(size: Size, frames: int, zoom: float = 1.12) -> list[Box]:
    path = []
    for number in range(frames):
        width, height = (side / zoom ** (number / max(frames - 1, 1)) for side in size)
        x, y = (size[0] - width) * 0.7, (size[1] - height) * 0.35
        path.append((x, y, x + width, y + height))
    return path


@pytest.mark.parametrize(
    ("source", "out"),
    [
        pytest.param((480, 270), (320, 180), id="down"),
        pytest.param((960, 540), (320, 180), id="far down"),
        pytest.param((320, 180), (320, 180), id="same size"),
        pytest.param((200, 112), (320, 180), id="up"),
        pytest.param((481, 271), (320, 180), id="odd source"),
    ],
)
def test_dots_are_where_the_path_puts_them_and_do_not_tremble(source: Size, out: Size) -> None:
    points = dots.dot_grid(source, side=3)
    sigma = 3.0 * max(source[0] / out[0], 1)
    grey = dots.draw_dots(source, points, sigma)
    boxes = zoom_path(source, 24)
    expected = [dots.project(points, box, out) for box in boxes]
    seen = sigma * out[0] / source[0] * 1.12

    frames = film(np.repeat(grey[..., None], 3, 2), boxes, out)

    found = [
        dots.find_dots(samples(frame, 0), places, seen)
        for frame, places in zip(frames, expected, strict=True)
    ]
    assert dots.position_error(found, expected) < 0.004
    assert dots.shake(found, expected) < 0.008


def test_colour_stands_on_its_luma() -> None:
    """4:2:0 chroma is sited left: sample j belongs to the middle of luma column 2j."""
    size = (640, 360)
    points = dots.dot_grid(size, side=3)
    red = flat((30, 30, 30), size)
    red[..., 0] = dots.draw_dots(size, points, 8.0)
    box = (7.3, 4.1, 637.6, 358.6)
    places = dots.project(points, box, size)

    (frame,) = film(red, [box], size)

    chroma = samples(frame, 2)
    on_chroma = (places - [0.5, 1.0]) / 2 + 0.5
    found = (dots.find_dots(chroma, on_chroma, 4.3) - 0.5) * 2 + [0.5, 1.0]
    assert np.abs(found - places).max() < 0.05


def test_luma_agrees_with_a_reference_resampler() -> None:
    grey = Image.fromarray(noise((60, 34))[..., 0]).resize((960, 540), Image.Resampling.BICUBIC)
    box = (31.4, 17.9, 928.1, 522.3)

    (frame,) = film(np.asarray(grey.convert("RGB")), [box], (256, 144))

    reference = np.asarray(grey.resize((256, 144), Image.Resampling.LANCZOS, box=box))
    difference = samples(frame, 0) - (16 + reference * (219 / 255))
    assert np.abs(difference).mean() < 0.5
    assert np.abs(difference).max() < 4


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((128, 128, 128), (126, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_bt709_limited_range(
    colour: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    (frame,) = film(flat(colour, (90, 50)), [(10, 5, 80, 45)], (64, 36))

    assert [set(plane.ravel().tolist()) for plane in planes(frame)] == [{v} for v in expected]
    assert frame.format.name == "yuv420p"
    tags = frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range
    assert tags == (1, 1, 1, 1)
    assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - colour).max() <= 2


def test_the_number_of_threads_changes_no_bit() -> None:
    boxes = zoom_path((640, 360), 9)
    alone, together = (film(noise((640, 360)), boxes, (320, 180), threads) for threads in (1, 4))

    assert len(alone) == len(together) == 9
    assert all(map(same_pixels, alone, together))


def test_a_resting_camera_draws_once_and_every_frame_owns_its_pixels() -> None:
    rgb = noise((1280, 720))
    boxes = [(10.5, 10.5, 1200.0, 680.0)] * 60
    still = prepare_still(rgb, boxes, (640, 360))

    def cost(path: Sequence[Box]) -> float:
        start = time.process_time()
        for _ in render_frames(still, path, (640, 360)):
            pass
        return time.process_time() - start

    moving = [(x / 9, 10.5, 1200.0 + x / 9, 680.0) for x in range(60)]
    assert cost(boxes) < cost(moving) / 3

    first, second, third = render_frames(still, boxes[:3], (640, 360))
    assert same_pixels(first, second)
    samples(first, 0)[:] = 0
    assert same_pixels(second, third)
    assert not same_pixels(first, second)


def test_the_camera_looks_ahead_only_a_few_frames() -> None:
    class Watched(list[Box]):
        read = 0

        def __iter__(self) -> Iterator[Box]:
            self.read = 0
            for box in super().__iter__():
                self.read += 1
                yield box

    size = (64, 36)
    boxes = Watched(zoom_path(size, 200))
    frames = render_frames(prepare_still(noise(size), boxes, size), boxes, size, threads=2)

    for handed_out in range(1, 50):
        next(frames)
        assert boxes.read <= handed_out + 4


def test_leaving_early_leaves_no_thread_behind() -> None:
    size = (64, 36)
    boxes = zoom_path(size, 100)
    frames = render_frames(prepare_still(noise(size), boxes, size), boxes, size)
    next(frames)

    frames.close()  # type: ignore[attr-defined]

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("camera")]


def test_the_border_goes_on_past_the_border() -> None:
    rgb = flat((50, 50, 50), (40, 24))
    rgb[:, 20:] = 200

    (frame,) = film(rgb, [(0, 0, 40, 24)], (160, 96))

    luma = samples(frame, 0)
    assert set(luma[:, :40].ravel().tolist()) == {59}
    assert set(luma[:, -40:].ravel().tolist()) == {188}


def test_detail_too_fine_for_the_frame_turns_grey_and_not_into_patterns() -> None:
    rgb = flat((0, 0, 0), (1200, 675))
    rgb[:, ::2] = 255

    frames = film(rgb, zoom_path((1200, 675), 8), (300, 168))

    for frame in frames:
        inside = samples(frame, 0)[4:-4, 4:-4]
        assert np.abs(inside.astype(int) - 126).max() <= 2


@pytest.mark.parametrize(
    ("source", "box", "out"),
    [
        pytest.param((16, 16), (0, 0, 16, 16), (1280, 720), id="tiny source"),
        pytest.param((1, 1), (0, 0, 1, 1), (4, 2), id="one pixel"),
        pytest.param((500, 300), (249.9, 149.9, 250.1, 150.1), (128, 72), id="inside one pixel"),
        pytest.param((2000, 1501), (0, 0, 2000, 1501), (16, 12), id="far down"),
        pytest.param((333, 77), (300.5, 0, 333, 77), (34, 78), id="corner"),
    ],
)
def test_extremes_are_filmed(source: Size, box: Box, out: Size) -> None:
    (frame,) = film(flat((90, 120, 40), source), [box], out)

    assert (frame.width, frame.height) == out
    assert all(plane.min() == plane.max() for plane in planes(frame))


def test_no_rectangle_no_frame() -> None:
    still = prepare_still(noise((32, 32)), [(0, 0, 32, 32)], (16, 16))

    assert list(render_frames(still, [], (16, 16))) == []


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((-1.0, 0, 30, 30), "Frame 1"),
        ((0, 0, 33.0, 30), "leaves the picture of 32×32"),
        ((20, 0, 10, 30), "is empty"),
        ((0, 0, float("nan"), 30), "Frame 1"),
        ((8, 8, 16, 16), "wider shots"),
    ],
)
def test_a_path_that_cannot_be_filmed_is_refused_before_the_first_frame(
    box: Box, said: str
) -> None:
    good = (0.0, 0.0, 32.0, 32.0)
    still = prepare_still(noise((32, 32)), [good], (16, 16))

    with pytest.raises(RenderFailed, match=said):
        render_frames(still, [good, box], (16, 16))


def test_what_is_no_picture_or_no_frame_is_refused() -> None:
    everything = [(0.0, 0.0, 32.0, 32.0)]
    with pytest.raises(RenderFailed, match="even sides, not 17×16"):
        prepare_still(noise((32, 32)), everything, (17, 16))
    with pytest.raises(RenderFailed, match="8-bit RGB"):
        prepare_still(noise((32, 32))[..., 0], everything, (16, 16))
    with pytest.raises(RenderFailed, match="not one rectangle"):
        prepare_still(noise((32, 32)), [], (16, 16))


@st.composite
def shots(draw: st.DrawFn) -> tuple[Size, Size, Box]:
    source = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    out = 2 * draw(st.integers(1, 40)), 2 * draw(st.integers(1, 40))
    sides = []
    for side in source:
        low, high = sorted(draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
        sides.append((low * side, high * side) if high - low > 1e-6 else (0.0, float(side)))
    (x1, x2), (y1, y2) = sides
    return source, out, (x1, y1, x2, y2)


@settings(max_examples=60)
@given(shots(), st.tuples(*[st.integers(0, 255)] * 3))
def test_any_shot_of_a_flat_picture_is_flat_and_any_shot_stays_in_range(
    shot: tuple[Size, Size, Box], colour: tuple[int, int, int]
) -> None:
    source, out, box = shot

    (even,) = film(flat(colour, source), [box], out, threads=1)
    (wild,) = film(noise(source), [box], out, threads=1)

    assert all(plane.min() == plane.max() for plane in planes(even))
    luma, *chroma = planes(wild)
    assert luma.shape == (out[1], out[0])
    assert 16 <= luma.min() <= luma.max() <= 235
    for plane in chroma:
        assert plane.shape == (out[1] // 2, out[0] // 2)
        assert 16 <= plane.min() <= plane.max() <= 240


def test_a_long_clip_is_handed_out_in_order() -> None:
    size = (32, 32)
    ramp = np.repeat(np.linspace(0, 255, 32, dtype=np.uint8)[None, :, None], 32, 0).repeat(3, 2)
    boxes = [(number / 20, 0.0, number / 20 + 8, 8.0) for number in range(400)]
    still = prepare_still(ramp, boxes, size)

    means = [samples(frame, 0).mean() for frame in islice(render_frames(still, boxes, size), 400)]

    assert means == sorted(means)
