"""PrepareClip: hold one clip's request against its decoded keyframe, and decide every number."""

import hashlib
import json
from dataclasses import dataclass

from shared.batch import ClipStatus
from shared.catalog.catalog import ModelRow
from shared.catalog.choice import choose_model
from shared.clip import ClipPlan, ClipRequest, Deviation, Document, MotionPlan, ObjectRef
from shared.errors import InvalidInput, KeyframeMissing, MotionUnsafe
from shared.frames import frame_count, frame_rate
from shared.keys import ArtefactKeys
from shared.motion.defaults import complete_rects
from shared.motion.detail import detail_warnings, tightest_px
from shared.motion.limits import check_motion
from shared.motion.luminance import linear_luminance, luminance_profile
from shared.motion.path import CameraPath
from shared.motion.speed import motion_speed
from shared.picture_size import output_size, parse_aspect
from shared.pipeline.library import refuse_foreign
from shared.pipeline.plan import ClipOrder
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.report.thumbs import keyframe_thumb
from shared.video.keyframe import Keyframe, KeyframeLimits, decode_keyframe

ENGINES = frozenset({"camera_move"})
"""What this version can run; the catalogue knows more."""


class Prepared(Document):
    """The answer of `prepare_clip`."""

    clip_key: str
    engine: str
    dry_run: bool


@dataclass(frozen=True)
class _Draft:
    """A plan in the making."""

    request: ClipRequest
    keyframe: Keyframe
    model: ModelRow
    deviations: tuple[Deviation, ...]


def prepare_clip(services: Services, item: ClipItem) -> Prepared:
    """Decide one clip and write its plan.

    Raises
    ------
    KeyframeMissing, KeyframeUnreadable, MotionUnsafe, ModelUnavailable, LibraryKeyTaken :
        the clip cannot be made as asked; every reason is on its row.
    """
    with ClipStage(services, item, "prepare_clip", ClipStatus.PREPARING) as stage:
        order = _read_order(services, item)
        refuse_foreign(services, item.run.folder.key(f"{item.stem}.mp4"))
        keyframe = read_keyframe(services, order.keyframe)
        lut_sha256 = _lut_hash(services, order)
        plan = make_plan(item, order, keyframe, lut_sha256)
        services.objects.write(
            services.work_bucket,
            item.run.work.plan(item.index),
            plan.model_dump_json().encode(),
            content_type="application/json",
        )
        _write_thumb(services, plan.clip_key, keyframe)
        stage.keep(clip_key=plan.clip_key)
        stage.record(
            ClipStatus.PLANNED,
            model=plan.model,
            motion=plan.motion,
            keyframe_size=plan.keyframe_size,
            width=plan.width,
            height=plan.height,
            fps=plan.fps,
            frame_count=plan.frame_count,
            duration_sec=float(plan.frame_count / frame_rate(plan.fps)),
            warnings=plan.warnings,
            deviations=plan.deviations,
        )
    return Prepared(clip_key=plan.clip_key, engine="camera_move", dry_run=item.run.dry_run)


def _read_order(services: Services, item: ClipItem) -> ClipOrder:
    ref = ObjectRef(bucket=services.work_bucket, key=item.run.work.request(item.index))
    return ClipOrder.model_validate_json(services.objects.read(ref))


def read_keyframe(services: Services, ref: ObjectRef) -> Keyframe:
    """Fetch and decode the pinned version of a keyframe."""
    limit = services.limits.max_keyframe_bytes
    if ref.size > limit:
        raise InvalidInput(
            f"{ref.name}: {ref.size / 1e6:.0f} MB; keyframes may have {limit / 1e6:.0f} MB. "
            "Save it as JPEG or scale it down."
        )
    try:
        data = services.objects.read(ref)
    except FileNotFoundError as error:
        raise KeyframeMissing(
            f"keyframe `{ref.name}` was deleted after the manifest was accepted."
        ) from error
    return decode_keyframe(data, ref.name, KeyframeLimits(max_bytes=limit))


def _lut_hash(services: Services, order: ClipOrder) -> str:
    return hashlib.sha256(services.objects.read(order.lut)).hexdigest() if order.lut else ""


def make_plan(item: ClipItem, order: ClipOrder, keyframe: Keyframe, lut_sha256: str) -> ClipPlan:
    """Everything about the clip, decided; the same content always gives the same `clip_key`.

    Raises
    ------
    MotionUnsafe : with every reason.
    ModelUnavailable : no candidate of the route can run here.
    """
    request = order.request
    model, skipped = choose_model(request.route, ENGINES)
    deviations = tuple(
        Deviation(field="route", asked=name, used=model.id, reason=reason)
        for name, reason in skipped
    )
    path = _camera_path(request, keyframe)
    aspect = _output_aspect(request, path, keyframe)
    view = tightest_px(path, keyframe.size)
    width, height = output_size(request.resolution, aspect, view)
    rate = frame_rate(request.finish.fps)
    count = frame_count(request.motion.duration_sec, rate)
    luminance = luminance_profile(linear_luminance(keyframe.rgb), path, count)
    problems = check_motion(
        path,
        duration_sec=request.motion.duration_sec,
        keyframe_size=keyframe.size,
        output_aspect=aspect,
        frame_count=count,
        luminance=[float(value) for value in luminance],
        where=f"{request.image_path}: motion",
    )
    if problems:
        raise MotionUnsafe.because(problems)
    speed = motion_speed(path, request.motion.duration_sec, keyframe.size[0] / keyframe.size[1])
    motion = MotionPlan(
        type=request.motion.type,
        start_rect=path.start,
        end_rect=path.end,
        duration_sec=request.motion.duration_sec,
        easing=request.motion.easing,
        intensity=request.motion.intensity,
        peak_speed=round(speed.peak, 6),
    )
    made_from = {
        "keyframe": keyframe.sha256,
        "motion": motion.model_dump(mode="json", exclude={"peak_speed", "intensity", "type"}),
        "size": [width, height],
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
        clip_key=content_key(made_from),
        keyframe=order.keyframe,
        keyframe_sha256=keyframe.sha256,
        keyframe_size=keyframe.size,
        model=model.id,
        model_revision=model.revision,
        operation=request.operation,
        motion=motion,
        width=width,
        height=height,
        fps=str(rate),
        frame_count=count,
        finish=request.finish,
        generation_params=request.generation_params,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        deviations=deviations,
        warnings=(*keyframe.notes, *detail_warnings(path, keyframe.size, (width, height))),
    )


def _camera_path(request: ClipRequest, keyframe: Keyframe) -> CameraPath:
    keyframe_aspect = keyframe.size[0] / keyframe.size[1]
    wanted = parse_aspect(request.finish.aspect) if request.finish.aspect else None
    motion = request.motion
    start, end = complete_rects(
        motion.type,
        motion.intensity,
        motion.start_rect,
        motion.end_rect,
        keyframe_aspect,
        wanted,
    )
    return CameraPath(start, end, motion.easing)


def _output_aspect(request: ClipRequest, path: CameraPath, keyframe: Keyframe) -> float:
    """The aspect asked for, else that of the first view."""
    if request.finish.aspect:
        return parse_aspect(request.finish.aspect)
    return path.start.pixel_aspect(keyframe.size)


def content_key(made_from: object) -> str:
    """SHA-256 over canonical JSON: equal content, equal key."""
    canonical = json.dumps(made_from, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:40]


def _write_thumb(services: Services, clip_key: str, keyframe: Keyframe) -> None:
    services.objects.write(
        services.work_bucket,
        ArtefactKeys(clip_key).thumb,
        keyframe_thumb(keyframe.rgb),
        content_type="image/jpeg",
    )
