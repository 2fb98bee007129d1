"""Colours come back as they went in."""

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from shared.video.colour import to_bt709
from shared.video.poster import to_picture

GREYS = [(level, level, level) for level in range(0, 256, 15)]
COLOURS = [tuple(map(int, each)) for each in np.random.default_rng(0).integers(0, 256, (30, 3))]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv444p"])
def test_a_picture_of_a_frame_is_as_bright_as_what_the_frame_was_made_of(pixel_format: str) -> None:
    errors = []
    for colour in GREYS + COLOURS:
        flat = np.full((32, 32, 3), colour, np.uint8)
        frame = av.VideoFrame.from_ndarray(flat, format="rgb24")
        frame = to_bt709(frame, VideoReformatter(), pixel_format=pixel_format)
        made = np.asarray(to_picture(frame)).astype(int)
        errors.append((made - flat).reshape(-1, 3).mean(axis=0))
    assert np.abs(np.mean(errors, axis=0)).max() < 0.2
    assert np.abs(errors).max() <= 2
