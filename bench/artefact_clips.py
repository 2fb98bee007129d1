"""Clips without a fault: camera moves over photographs, and things that move by themselves.

They are what the artefact checks must leave alone. All is made from the pictures of
`examples/first-batch`; a folder of real footage can be added.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.clip import Easing
from shared.motion.path import CameraPath
from shared.motion.rect import Rect
from shared.video.camera import prepare_still, render_frames
from shared.video.keyframe import decode_keyframe

Picture = NDArray[np.uint8]
"""(height, width, 3) blue, green, red."""

WIDTH, HEIGHT, COUNT, RATE = 640, 360, 48, Fraction(30)
PICTURES = Path(__file__).parents[1] / "examples" / "first-batch"
NAMES = ("astronaut.png", "coffee.png", "hubble.jpg", "rocket.jpg")


@dataclass(frozen=True)
class Clean:
    """A clip without a fault.

    Attributes
    ----------
    path : the camera's, where it is a camera move; its frames can then be predicted.
    """

    name: str
    frames: list[Picture]
    rate: Fraction = RATE
    photo: str = ""
    path: CameraPath | None = None
    moving: bool = True


@cache
def photo(name: str) -> Picture:
    """sRGB, (height, width, 3) red, green, blue."""
    return decode_keyframe((PICTURES / name).read_bytes(), name).rgb


def view(name: str, scale: float, x: float, y: float) -> Rect:
    """A 16:9 rectangle, `scale` of the widest that fits, whose free room is split at x and y."""
    height, width = photo(name).shape[:2]
    most = min(1.0, height * WIDTH / HEIGHT / width)
    w, h = scale * most, scale * most * width * HEIGHT / WIDTH / height
    return Rect((1 - w) * x, (1 - h) * y, (1 - w) * x + w, (1 - h) * y + h)


MOVES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], Easing]] = {
    "zoom in": ((1.0, 0.5, 0.5), (0.8, 0.5, 0.4), Easing.EASE_IN_OUT),
    "zoom out": ((0.7, 0.4, 0.6), (0.95, 0.5, 0.5), Easing.EASE_OUT),
    "pan": ((0.75, 0.1, 0.5), (0.75, 0.8, 0.5), Easing.EASE_IN_OUT),
    "pan up": ((0.7, 0.5, 0.9), (0.7, 0.5, 0.2), Easing.LINEAR),
    "slow": ((0.9, 0.4, 0.4), (0.87, 0.45, 0.45), Easing.EASE_IN),
    "still": ((0.9, 0.5, 0.5), (0.9, 0.5, 0.5), Easing.LINEAR),
}


def boxes(clip: Clean) -> list[tuple[float, float, float, float]]:
    """Pixels of the photograph that each frame of a camera move shows."""
    assert clip.path is not None
    height, width = photo(clip.photo).shape[:2]
    return [
        (x1 * width, y1 * height, x2 * width, y2 * height)
        for x1, y1, x2, y2 in clip.path.rects(len(clip.frames) or COUNT)
    ]


def camera_move(name: str, move: str) -> Clean:
    """One of `MOVES`, drawn by the product's own camera."""
    start, end, easing = MOVES[move]
    path = CameraPath(view(name, *start), view(name, *end), easing)
    empty = Clean("", [], photo=name, path=path)
    path_boxes = boxes(empty)
    still = prepare_still(photo(name), path_boxes, (WIDTH, HEIGHT))
    frames = [
        np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        for frame in render_frames(still, path_boxes, (WIDTH, HEIGHT))
    ]
    return Clean(f"{move}, {name}", frames, photo=name, path=path, moving=move != "still")


def _full(name: str) -> Picture:
    rgb = photo(name)
    scale = max(WIDTH * 1.3 / rgb.shape[1], HEIGHT * 1.3 / rgb.shape[0])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return np.asarray(cv2.resize(rgb[..., ::-1], size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _shot(picture: Picture, x: float, y: float, zoom: float = 1.0, turn: float = 0.0) -> Picture:
    """The frame whose centre is at x, y of the picture."""
    matrix = np.asarray(cv2.getRotationMatrix2D((x, y), turn, zoom), np.float64)
    matrix[:, 2] += np.array((WIDTH / 2 - x, HEIGHT / 2 - y))
    return np.asarray(
        cv2.warpAffine(
            picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        ),
        np.uint8,
    )


def _centre(picture: Picture) -> tuple[float, float]:
    return picture.shape[1] / 2, picture.shape[0] / 2


def parallax(name: str) -> Iterator[Picture]:
    """Three cut-outs of another photograph fly over this one, which pans below them."""
    ground = _full(name)
    other = _full(NAMES[(NAMES.index(name) + 1) % len(NAMES)])
    x, y = _centre(ground)
    rows, columns = np.indices((HEIGHT, WIDTH), dtype=np.float32)
    for index in range(COUNT):
        frame = _shot(ground, x - 40 + 1.2 * index, y).astype(np.float32)
        for number, (speed, turn) in enumerate(((4.0, 0.8), (-2.5, -1.5), (1.5, 2.0))):
            cx, cy = (80 + 200 * number + speed * index) % WIDTH, 90 + 90 * number
            thing = _shot(other, cx / 2 + 200, 200, 1 + 0.003 * index, turn * index)
            thing = np.roll(thing, (int(cy - HEIGHT / 2), 0), (0, 1))
            far = ((columns - cx) / 70) ** 2 + ((rows - cy) / 50) ** 2
            cover = np.clip((1.1 - far) * 5, 0, 1)[..., None]
            frame += (thing - frame) * cover
        yield np.clip(frame, 0, 255).astype(np.uint8)


def handheld(name: str) -> Iterator[Picture]:
    """A camera in a hand: it drifts, turns a little, and has grain."""
    ground, rng = _full(name), np.random.default_rng(NAMES.index(name))
    x, y = _centre(ground)
    shake = rng.normal(0, 1, (COUNT + 40, 3))
    kernel = np.hanning(21) / np.hanning(21).sum()
    paths = np.stack([np.convolve(shake[:, i], kernel, "same") for i in range(3)], axis=1)[20:]
    for index in range(COUNT):
        dx, dy, turn = paths[index] * (25, 18, 1.5)
        shot = _shot(ground, x + dx, y + dy, 1.0, turn)
        yield np.clip(shot + rng.normal(0, 3, shot.shape[:2])[..., None], 0, 255).astype(np.uint8)


def water(name: str) -> Iterator[Picture]:
    """The lower half ripples as a lake would, under a slow zoom."""
    ground = _full(name)
    x, y = _centre(ground)
    rows, columns = np.indices((HEIGHT, WIDTH), dtype=np.float32)
    depth = np.clip((rows - HEIGHT * 0.45) / (HEIGHT * 0.3), 0, 1)
    for index in range(COUNT):
        shot = _shot(ground, x, y, 1 + 0.0015 * index)
        wave = np.sin(columns / 17 + index * 0.25) + np.sin(rows / 9 - index * 0.4)
        sway = np.cos(columns / 23 - index * 0.2)
        yield np.asarray(
            cv2.remap(
                shot, (columns + 2 * depth * wave).astype(np.float32),
                (rows + 1.5 * depth * sway).astype(np.float32),
                cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT,
            ), np.uint8,
        )  # fmt: skip


def breathing(name: str) -> Iterator[Picture]:
    """Something in the middle swells and shrinks, twice a second."""
    ground = _full(name)
    x, y = _centre(ground)
    rows, columns = np.indices((HEIGHT, WIDTH), dtype=np.float32)
    dx, dy = columns - WIDTH / 2, rows - HEIGHT / 2
    reach = np.exp(-(dx**2 + dy**2) / 90**2).astype(np.float32)
    for index in range(COUNT):
        shot = _shot(ground, x + 0.5 * index, y)
        swell = np.float32(0.12 * np.sin(index * np.pi * 4 / 30)) * reach
        yield np.asarray(
            cv2.remap(shot, columns - dx * swell, rows - dy * swell, cv2.INTER_LINEAR), np.uint8
        )


def fade(name: str) -> Iterator[Picture]:
    """A lamp goes on, an eighth brighter at the end, while the camera closes in."""
    ground = _full(name)
    x, y = _centre(ground)
    for index in range(COUNT):
        light = 0.88 + 0.12 * index / (COUNT - 1)
        shot = _shot(ground, x, y, 1 + 0.002 * index)
        yield np.clip(shot * light, 0, 255).astype(np.uint8)


OWN_MOTION: tuple[Callable[[str], Iterator[Picture]], ...] = (
    parallax, handheld, water, breathing, fade,
)  # fmt: skip


def own_motion(name: str, make: Callable[[str], Iterator[Picture]]) -> Clean:
    """One of `OWN_MOTION`."""
    return Clean(f"{make.__name__}, {name}", list(make(name)), photo=name)


Maker = Callable[[], Clean]


def clean_clips() -> list[Maker]:
    """Every clean clip that the repository itself can make; each is made when it is called for."""
    return [
        made
        for name in NAMES
        for made in (
            *(partial(camera_move, name, move) for move in MOVES),
            *(partial(own_motion, name, make) for make in OWN_MOTION),
        )
    ]


def footage(folder: Path) -> Iterator[Clean]:
    """Real footage at its own rate: of each file as many frames as the other clips have."""
    for path in sorted(folder.iterdir()):
        capture = cv2.VideoCapture(str(path))
        rate = Fraction(capture.get(cv2.CAP_PROP_FPS) or 30).limit_denominator(1001)
        frames: list[Picture] = []
        while len(frames) < COUNT and (read := capture.read())[0]:
            frames.append(_fitted(np.asarray(read[1], np.uint8)))
        if len(frames) == COUNT:
            yield Clean(f"footage, {path.stem}", frames, rate)


def _fitted(picture: Picture) -> Picture:
    """Cut to 16:9 and scaled."""
    height, width = picture.shape[:2]
    w, h = min(width, height * WIDTH // HEIGHT), min(height, width * HEIGHT // WIDTH)
    x, y = (width - w) // 2, (height - h) // 2
    size = (WIDTH, HEIGHT)
    cut = picture[y : y + h, x : x + w]
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
