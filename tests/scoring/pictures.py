"""Photographs of the example batch, and what can be done to them."""

import io
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

FOLDER = Path(__file__).parents[2] / "examples" / "first-batch"
PHOTOS = ("astronaut.png", "coffee.png", "hubble.jpg", "rocket.jpg")

Rgb = NDArray[np.uint8]


@cache
def photo(name: str) -> Rgb:
    return np.asarray(Image.open(FOLDER / name).convert("RGB"))


def blurred(rgb: Rgb, radius: float) -> Rgb:
    return np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(radius)))


def noisy(rgb: Rgb, sigma: float, seed: int = 1) -> Rgb:
    grain = np.random.default_rng(seed).normal(0, sigma, rgb.shape)
    return np.clip(rgb + grain, 0, 255).astype(np.uint8)


def through(rgb: Rgb, kind: str, **options: object) -> Rgb:
    """Saved in a format and read again."""
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, kind, **options)
    return np.asarray(Image.open(out).convert("RGB"))


def flower(centre: tuple[float, float] = (0.5, 0.5), size: tuple[int, int] = (480, 320)) -> Rgb:
    """A detailed bright disc on a calm ground, its middle at a fraction of width and height."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    reach = np.hypot(x - centre[0] * width, y - centre[1] * height) / (0.3 * height)
    angle = np.arctan2(y - centre[1] * height, x - centre[0] * width)
    petals = 0.7 + 0.3 * np.sin(18 * angle) * np.sin(30 * reach)
    disc = np.clip((1 - reach) * 40, 0, 1)
    ground = 40 + 30 * y / height
    out = np.empty((height, width, 3))
    for channel, colour in enumerate((250, 150, 70)):
        out[..., channel] = ground * (1 - disc) + colour * petals * disc
    return np.rint(out).astype(np.uint8)
