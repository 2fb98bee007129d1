"""Small pictures in motion, for tests that need real video."""

import io
from collections.abc import Iterator

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

WIDTH, HEIGHT = 256, 144


def moving_frames(
    count: int, *, size: tuple[int, int] = (WIDTH, HEIGHT), seed: int = 1, grain: int = 0
) -> Iterator[av.VideoFrame]:
    """A soft random texture sliding two pixels a frame; `grain` makes it hard to encode."""
    width, height = size
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 8 + 2, (width + 2 * count) // 8 + 2, 3), dtype=np.uint8)
    big = Image.fromarray(small).resize((small.shape[1] * 8, small.shape[0] * 8))
    texture = np.asarray(big).astype(np.int16)
    for index in range(count):
        view = texture[:height, 2 * index : 2 * index + width]
        noise = rng.integers(-grain, grain + 1, view.shape)
        yield to_yuv(np.clip(view + noise, 0, 255).astype(np.uint8))


def frames_of(
    picture: bytes, count: int, *, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Iterator[av.VideoFrame]:
    """A slow push-in on a picture, as a model makes it that starts from its keyframe."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    width, height = image.size
    for index in range(count):
        part = 0.1 * index / count
        box = (width * part, height * part, width * (1 - part), height * (1 - part))
        view = image.resize(size, Image.Resampling.LANCZOS, box=box)
        yield to_yuv(np.asarray(view))


def flat_frames(count: int, rgb: tuple[int, int, int]) -> Iterator[av.VideoFrame]:
    """One colour, standing still; every frame is the same object."""
    frame = to_yuv(np.full((HEIGHT, WIDTH, 3), rgb, dtype=np.uint8))
    for _ in range(count):
        yield frame


def to_yuv(rgb: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    return frame.reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )
