"""The keyframe's pixels for the inspector: they predict what camera and look really made."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.artefact_clips import MOVES, photo, view
from shared.clip import CodecProfile
from shared.motion.path import CameraPath
from shared.motion.rect import Rect
from shared.motion.views import seen_part, within_part
from shared.safety.check import Expectation
from shared.safety.inspector import inspect_clip
from shared.safety.reference import Reference
from shared.safety.report import CheckResult, Verdict
from shared.safety.temporal import TemporalArtefacts
from shared.video.camera import prepare_still, render_frames
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishSpec
from shared.video.lut import parse_cube
from shared.video.reference import VIEW_SIDE, reference_png

NIGHT = b"LUT_3D_SIZE 2\n" + b"".join(
    b"%.2f %.2f %.2f\n" % (0.3 * r, 0.45 * g, 0.2 + 0.6 * b)
    for b in (0, 1)
    for g in (0, 1)
    for r in (0, 1)
)
RATE, COUNT = Fraction(30), 24


def decoded(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def reference(name: str, path: CameraPath, lut: bytes | None = None) -> Reference:
    """As PrepareClip keeps it and InspectClip reads it."""
    rgb = photo(name)
    png = reference_png(rgb, path, parse_cube(lut) if lut else None)
    picture = decoded(png)
    size = rgb.shape[1], rgb.shape[0]
    part, shown = seen_part(path, size), (picture.shape[1], picture.shape[0])
    rects = [within_part(rect, part, size, shown) for rect in path.rects(COUNT)]
    return Reference(picture, rects, every_frame=True)


def filmed(
    name: str, path: CameraPath, size: tuple[int, int], folder: Path, lut: bytes | None = None
) -> Path:
    rgb = photo(name)
    height, width = rgb.shape[:2]
    boxes = [(a * width, b * height, c * width, d * height) for a, b, c, d in path.rects(COUNT)]
    still = prepare_still(rgb, boxes, size)
    spec = FinishSpec(*size, RATE, COUNT, RATE, codec=CodecProfile(preset="ultrafast"))
    frames = render_frames(still, boxes, size)
    return finish_clip(frames, spec=spec, out_dir=folder, lut=lut).master.path


def found(path: Path, size: tuple[int, int], known: Reference) -> dict[str, CheckResult]:
    expected = Expectation(*size, RATE, COUNT, reference=known)
    report = inspect_clip(path, expected, [TemporalArtefacts()])
    return {check.name: check for check in report.checks}


@pytest.mark.parametrize(
    ("name", "move", "size"),
    [
        ("coffee.png", "zoom in", (1280, 720)),
        ("hubble.jpg", "pan", (854, 480)),
        ("astronaut.png", "zoom out", (240, 136)),
        ("rocket.jpg", "pan up", (640, 360)),
    ],
)
def test_still_and_path_predict_the_delivered_frames(
    name: str, move: str, size: tuple[int, int], tmp_path: Path
) -> None:
    start, end, easing = MOVES[move]
    path = CameraPath(view(name, *start), view(name, *end), easing)
    checks = found(filmed(name, path, size, tmp_path), size, reference(name, path))
    assert {checks["path_psnr"].verdict, checks["path_ssim"].verdict} == {Verdict.PASS}


def test_a_portrait_clip_and_a_stretched_view_are_predicted(tmp_path: Path) -> None:
    path = CameraPath(Rect(0.1, 0.05, 0.5, 0.95), Rect(0.2, 0.1, 0.7, 0.9))
    size = (360, 640)
    checks = found(filmed("coffee.png", path, size, tmp_path), size, reference("coffee.png", path))
    assert checks["path_psnr"].verdict is Verdict.PASS


def test_a_look_is_predicted_with_the_clip_s_own_table_and_not_without(tmp_path: Path) -> None:
    start, end, easing = MOVES["pan"]
    name, size = "coffee.png", (640, 360)
    path = CameraPath(view(name, *start), view(name, *end), easing)
    master = filmed(name, path, size, tmp_path, NIGHT)
    assert found(master, size, reference(name, path, NIGHT))["path_psnr"].verdict is Verdict.PASS
    assert found(master, size, reference(name, path))["path_psnr"].verdict is not Verdict.PASS


def test_a_large_keyframe_is_kept_no_finer_than_it_is_looked_at() -> None:
    big = np.tile(photo("hubble.jpg"), (3, 3, 1))
    path = CameraPath(Rect(0.0, 0.0, 0.5, 0.5), Rect(0.4, 0.4, 0.9, 0.9))
    png = reference_png(big, path)
    picture = decoded(png)
    assert max(picture.shape[:2]) <= 1.9 * VIEW_SIDE
    assert len(png) < 4_000_000


def test_the_smallest_view_of_a_tiny_keyframe_can_be_kept() -> None:
    tiny = np.ascontiguousarray(photo("coffee.png")[:16, :16])
    png = reference_png(tiny, CameraPath(Rect(0, 0, 0.1, 0.1), Rect(0, 0, 0.2, 0.2)))
    assert decoded(png).shape == (16, 16, 3)
