"""A batch of every kind of clip, and a folder with the real files that a report points to."""

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from shared.batch import BatchResult, BatchState, Check, ClipResult, ClipStatus, Cost
from shared.clip import Deviation, Easing, MotionPlan, MotionType
from shared.keys import held_names
from shared.motion.rect import Rect
from shared.report.page import render_report
from shared.report.thumbs import keyframe_thumb
from shared.safety.curves import Curves, Flag
from shared.safety.report import Curve, Verdict
from shared.scoring.document import KeyframeScores, Reason

FULL = Rect(0.0, 0.0, 1.0, 1.0)
NASTY = 'evil "<script>alert(1)</script>" 50% #?&'

CHECKS = (
    Check(name="frame_count", verdict="pass", value=120, limit=120),
    Check(name="general_flashes", verdict="pass", value=0, limit=3, unit="flashes/s"),
    Check(name="red_flashes", verdict="pass", value=0, limit=3, unit="flashes/s"),
    Check(name="luminance_swing", verdict="pass", value=0.042, limit=0.5),
    Check(name="freeze", verdict="pass", value=0.0, limit=0.5, unit="s"),
    Check(name="sharpness", verdict="warn", value=0.61, limit=0.6, message="Close to the limit."),
)


def motion(kind: MotionType, start: Rect, end: Rect, speed: float = 0.08) -> MotionPlan:
    return MotionPlan(
        type=kind,
        start_rect=start,
        end_rect=end,
        duration_sec=4.0,
        easing=Easing.EASE_IN_OUT,
        peak_speed=speed,
    )


SCORES = KeyframeScores(
    aesthetic_score=0.81,
    video_viability_score=0.64,
    why_aesthetic=(Reason(feature="contrast", value=140, effect=0.03, words="strong contrast"),),
    why_viability=(
        Reason(
            feature="noise", value=9, effect=-0.12, words="noise that would flicker (σ 9.0 of 255)"
        ),
        Reason(feature="sharpness", value=1.4, effect=0.04, words="the picture is crisp"),
    ),
)


def done(stem: str, index: int, **changes: Any) -> ClipResult:
    """A finished clip with everything that a finished clip has."""
    values: dict[str, Any] = {
        "stem": stem,
        "image_path": f"{stem}.png",
        "index": index,
        "status": ClipStatus.DONE,
        "files": {
            "master": f"{stem}.mp4",
            "proxy": f"{stem}.proxy.mp4",
            "poster": f"{stem}.poster.jpg",
            "meta": f"{stem}.video_meta.json",
            "manifest": f"{stem}.video_manifest.json",
            "keyframe": f"{stem}.png",
        },
        "model": "camera_move",
        "motion": motion(MotionType.ZOOM_IN, FULL, Rect(0.2, 0.15, 0.8, 0.75)),
        "keyframe_size": (1920, 1080),
        "width": 1920,
        "height": 1080,
        "fps": "30",
        "frame_count": 120,
        "duration_sec": 4.0,
        "size_bytes": 4_812_331,
        "checks": CHECKS,
        "scores": SCORES,
        "cost": Cost(model_usd=0.0, aws_usd=0.00214),
        "seconds": {"prepare": 1.2, "finish": 31.4, "inspect": 6.1, "publish": 0.9},
    }
    return ClipResult(**{**values, **changes})


def undone(stem: str, index: int, status: ClipStatus, **changes: Any) -> ClipResult:
    """A clip that ended without a film."""
    values: dict[str, Any] = {
        "stem": stem,
        "image_path": f"{stem}.png",
        "index": index,
        "status": status,
        "keyframe_size": (1920, 1080),
    }
    return ClipResult(**{**values, **changes})


@pytest.fixture
def batch() -> BatchResult:
    """One clip of every end, with problems of the manifest, of clips, and hostile names."""
    pan = motion(MotionType.PAN_RIGHT, Rect(0.02, 0.2, 0.62, 0.8), Rect(0.38, 0.2, 0.98, 0.8), 0.15)
    clips = (
        done("harbour_dawn", 0),
        done(
            "market_street",
            1,
            motion=pan,
            warnings=("The move is fast for so much detail; 5 s would look calmer.",),
            deviations=(
                Deviation(
                    field="resolution",
                    asked="1921x1081",
                    used="1920x1080",
                    reason="Encoded pictures need even sides.",
                ),
            ),
        ),
        done(
            "portrait_anna",
            2,
            motion=motion(
                MotionType.PAN_UP, Rect(0.1, 0.45, 0.9, 0.95), Rect(0.1, 0.05, 0.9, 0.55)
            ),
            keyframe_size=(1080, 1350),
            width=1080,
            height=844,
            reused=True,
            cost=Cost(),
        ),
        undone(
            "lighthouse",
            3,
            ClipStatus.REJECTED,
            motion=motion(MotionType.CUSTOM, Rect(0, 0, 0.4, 0.4), Rect(0.6, 0.6, 1, 1), 0.31),
        ),
        undone(
            "night_train",
            4,
            ClipStatus.FAILED,
            reasons=("The encoder stopped twice at frame 61.",),
        ),
        undone(
            "fairground",
            5,
            ClipStatus.NEEDS_REVIEW,
            motion=motion(MotionType.ZOOM_OUT, Rect(0.3, 0.3, 0.7, 0.7), FULL),
            checks=(
                CHECKS[0],
                CHECKS[2],
                Check(
                    name="general_flashes",
                    verdict="fail",
                    value=4.5,
                    limit=3,
                    unit="flashes/s",
                    message="Frames 31 to 58.",
                ),
            ),
            reasons=("4.5 flashes a second, where 3 are allowed.",),
        ),
        done(NASTY, 6, motion=motion(MotionType.STATIC, FULL, FULL, 0.0)),
        done("夜の港 – übermäßig lange Bezeichnung einer Einstellung 07", 7, checks=CHECKS[:5]),
        undone("old_pier", 8, ClipStatus.CANCELLED),
    )
    return BatchResult(
        project_id="coastline",
        batch_id="2026-11-reel-4",
        run_id="coastline-2026-11-reel-4-0f3a9c1be2d4-1",
        manifest="manifest.json",
        state=BatchState.FINISHED,
        problems=(
            {
                "path": "keyframes[3].motion.end_rect",
                "message": "the camera would race: 31 % of the width per second, 20 % is allowed",
                "hint": "Make duration_sec at least 6.3, or bring the rectangles closer together.",
                "code": "too_fast",
            },
            {
                "path": "defaults.durtion_sec",
                "message": "there is no such field",
                "hint": "Did you mean `duration_sec`?",
                "code": "unknown_field",
            },
        ),
        accepted_at="2026-11-21T09:00:12+00:00",
        ended_at="2026-11-21T09:03:31+00:00",
        clips=clips,
        counts={"done": 5, "rejected": 1, "failed": 1, "needs_review": 1, "cancelled": 1},
        cost=Cost(model_usd=0.0, aws_usd=0.0131),
        seconds={"prepare": 6.3, "finish": 164.0, "inspect": 31.0, "publish": 4.8},
        library="s3://dropreel-library/coastline/2026-11-reel-4/",
    )


MEASURED = Curves(
    duration_sec=4.0,
    curves=tuple(
        Curve(
            name=name,
            unit=unit,
            times=tuple(i / 30 for i in range(120)),
            values=tuple(middle * (1 + 0.5 * math.sin(i / 9)) for i in range(120)),
            warn=warn,
            fail=fail,
        )
        for name, unit, middle, warn, fail in (
            ("light", "% of white", 18, None, None),
            ("motion", "% of width/s", 8, None, 20),
            ("flicker", "%", 0.02, 0.2, 0.5),
        )
    ),
)
FLAGGED = MEASURED.model_copy(
    update={
        "flags": (
            Flag(name="flash_general", verdict=Verdict.FAIL, intervals=((1.0, 1.9), (3.0, 3.0))),
            Flag(name="warping", verdict=Verdict.WARN, intervals=((0.2, 0.7),)),
        )
    }
)


def landscape(seed: int, size: tuple[int, int]) -> Image.Image:
    """A picture with something to recognise in every part of it: sky, sun, hills, grain."""
    rng = np.random.default_rng(seed)
    width, height = size
    top, low = rng.integers(20, 140, 3), rng.integers(120, 250, 3)
    fade = np.linspace(0, 1, height)[:, None, None]
    sky = np.broadcast_to(top * (1 - fade) + low * fade, (height, width, 3))
    picture = Image.fromarray(
        (sky + rng.normal(0, 3, (height, width, 1))).clip(0, 255).astype("u1")
    )
    pen = ImageDraw.Draw(picture)
    sun = (width * rng.uniform(0.25, 0.75), height * rng.uniform(0.2, 0.45))
    radius = height * 0.08
    pen.ellipse((sun[0] - radius, sun[1] - radius, sun[0] + radius, sun[1] + radius), "#fff3d0")
    for layer in range(3):
        base, tone = height * (0.55 + 0.14 * layer), int(90 - 28 * layer)
        xs = np.linspace(0, width, 60)
        waves = np.sin(xs / width * rng.uniform(4, 11) + rng.uniform(0, 6)) * height * 0.06
        hill = [(float(x), float(base + w)) for x, w in zip(xs, waves, strict=True)]
        pen.polygon([*hill, (width, height), (0, height)], (tone, tone + 8, tone + 22))
    return picture


def as_jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def write_film(path: Path, picture: Image.Image, move: MotionPlan, frames: int = 16) -> None:
    """A small H.264 film that follows the move, frame by frame."""
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for i in range(frames):
            t = i / (frames - 1)
            sides = zip(move.start_rect, move.end_rect, strict=True)
            x1, y1, x2, y2 = (start + (end - start) * t for start, end in sides)
            box = (x1 * picture.width, y1 * picture.height, x2 * picture.width, y2 * picture.height)
            view = picture.resize((480, 270), Image.Resampling.BILINEAR, box=box)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(view), "rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture
def write_report(tmp_path: Path) -> Callable[[BatchResult], Path]:
    """Write a report and every file that it names, as they lie in the library; gives the page."""

    def write(batch: BatchResult) -> Path:
        thumbs, curves, sheets, heatmaps = {}, {}, {}, {}
        for clip in batch.clips:
            size = clip.keyframe_size or (1920, 1080)
            picture = landscape(clip.index, (size[0] // 2, size[1] // 2))
            if clip.stem != "night_train":
                thumbs[clip.stem] = keyframe_thumb(as_jpeg(picture))
            if clip.status is ClipStatus.NEEDS_REVIEW:
                sheets[clip.stem] = as_jpeg(landscape(7, (1280, 428)))
                heatmaps[clip.stem] = as_jpeg(landscape(8, (640, 360)))
                if clip.motion:
                    write_film(tmp_path / held_names(clip.stem)[0], picture, clip.motion)
                curves[clip.stem] = FLAGGED
            if clip.status is ClipStatus.DONE and clip.motion:
                curves[clip.stem] = MEASURED
                (tmp_path / clip.files["proxy"]).parent.mkdir(parents=True, exist_ok=True)
                write_film(tmp_path / clip.files["proxy"], picture, clip.motion)
                picture.resize((480, 270)).save(tmp_path / clip.files["poster"])
        page = tmp_path / "report.html"
        downloads = {"Download all (ZIP)": "delivery.zip", "Contact sheet": "contact_sheet.jpg"}
        report = render_report(
            batch,
            thumbs,
            curves=curves,
            sheets=sheets,
            heatmaps=heatmaps,
            downloads=downloads,
        )
        page.write_text(report, "utf-8")
        return page

    return write
