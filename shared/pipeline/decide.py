"""From a request and its decoded keyframe to a plan in which every number is decided."""

import hashlib
import json
from collections.abc import Sequence

from shared.catalog.choice import choose_model
from shared.clip import ClipPlan, ClipRequest, Deviation, Interpolation, MotionPlan
from shared.errors import MotionUnsafe
from shared.frames import frame_count, frame_rate
from shared.motion.defaults import complete_rects
from shared.motion.detail import detail_warnings, tightest_px
from shared.motion.limits import check_motion
from shared.motion.luminance import linear_luminance, luminance_profile
from shared.motion.path import CameraPath
from shared.motion.remedy import passing_move
from shared.motion.speed import motion_speed
from shared.picture_size import output_size, parse_aspect
from shared.pipeline.plan import ClipOrder
from shared.pipeline.services import ClipItem
from shared.video.keyframe import Keyframe

ENGINES = frozenset({"camera_move"})
"""What this version can run; the catalogue knows more."""


def decide_clip(item: ClipItem, order: ClipOrder, keyframe: Keyframe, lut_sha256: str) -> ClipPlan:
    """Everything about the clip, decided; the same content always gives the same `clip_key`.

    Raises
    ------
    MotionUnsafe : with every reason.
    ModelUnavailable : no candidate of the route can run here.
    InvalidInput : a size or rate that means nothing.
    """
    request = order.request
    model, skipped = choose_model(request.route, ENGINES)
    path = _camera_path(request, keyframe)
    aspect = _output_aspect(request, path, keyframe)
    size = output_size(request.resolution, aspect, tightest_px(path, keyframe.size))
    rate = frame_rate(request.finish.fps)
    count = frame_count(request.motion.duration_sec, rate)
    _refuse_unsafe(request, path, keyframe, aspect, count)
    motion = _motion_plan(request, path, keyframe)
    content = {
        "keyframe": keyframe.sha256,
        # the rectangles say what type and intensity meant
        "motion": motion.model_dump(mode="json", exclude={"peak_speed", "intensity", "type"}),
        "size": size,
        "fps": str(rate),
        "frames": count,
        "finish": request.finish.model_dump(mode="json"),
        "lut": lut_sha256,
        "model": [model.id, model.revision],
        "params": request.generation_params,
        "prompts": [request.prompt, request.negative_prompt],
    }
    return ClipPlan(
        project_id=item.run.project_id,
        batch_id=item.run.batch_id,
        stem=item.stem,
        clip_key=content_key(content),
        keyframe=order.keyframe,
        keyframe_sha256=keyframe.sha256,
        keyframe_size=keyframe.size,
        model=model.id,
        model_revision=model.revision,
        operation=request.operation,
        motion=motion,
        width=size[0],
        height=size[1],
        fps=str(rate),
        frame_count=count,
        finish=request.finish,
        generation_params=request.generation_params,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        deviations=_deviations(request, model.id, skipped),
        warnings=(*keyframe.notes, *detail_warnings(path, keyframe.size, size)),
    )


def content_key(content: object) -> str:
    """SHA-256 over canonical JSON, cut to 160 bits: equal content, equal key."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:40]


def _camera_path(request: ClipRequest, keyframe: Keyframe) -> CameraPath:
    motion = request.motion
    start, end = complete_rects(
        motion.type,
        motion.intensity,
        motion.start_rect,
        motion.end_rect,
        keyframe.size[0] / keyframe.size[1],
        parse_aspect(request.finish.aspect) if request.finish.aspect else None,
    )
    return CameraPath(start, end, motion.easing)


def _output_aspect(request: ClipRequest, path: CameraPath, keyframe: Keyframe) -> float:
    """The aspect asked for, else that of the first view."""
    if request.finish.aspect:
        return parse_aspect(request.finish.aspect)
    return path.start.pixel_aspect(keyframe.size)


def _refuse_unsafe(
    request: ClipRequest, path: CameraPath, keyframe: Keyframe, aspect: float, count: int
) -> None:
    problems = check_motion(
        path,
        duration_sec=request.motion.duration_sec,
        keyframe_size=keyframe.size,
        output_aspect=aspect,
        frame_count=count,
        luminance=luminance_profile(linear_luminance(keyframe.rgb), path, count),
        where=f"{request.image_path}: motion",
    )
    if not problems:
        return
    error = MotionUnsafe.because(problems)
    error.details["remedy"] = passing_move(
        path,
        duration_sec=request.motion.duration_sec,
        keyframe_size=keyframe.size,
        output_aspect=aspect,
        frame_count=count,
    )
    raise error


def _motion_plan(request: ClipRequest, path: CameraPath, keyframe: Keyframe) -> MotionPlan:
    asked = request.motion
    speed = motion_speed(path, asked.duration_sec, keyframe.size[0] / keyframe.size[1])
    return MotionPlan(
        type=asked.type,
        start_rect=path.start,
        end_rect=path.end,
        duration_sec=asked.duration_sec,
        easing=asked.easing,
        intensity=asked.intensity,
        peak_speed=round(speed.peak, 6),
    )


def _deviations(
    request: ClipRequest, model_id: str, skipped: Sequence[tuple[str, str]]
) -> tuple[Deviation, ...]:
    forced = [
        Deviation(field="route", asked=name, used=model_id, reason=reason)
        for name, reason in skipped
    ]
    if request.finish.interpolation is not Interpolation.NONE:
        forced.append(
            Deviation(
                field="finish.interpolation",
                asked=request.finish.interpolation.value,
                used=Interpolation.NONE.value,
                reason="the camera draws every delivered frame itself",
            )
        )
    return tuple(forced)
