"""From a request and its decoded keyframe to a plan in which every number is decided."""

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction

from shared.catalog.can import Need
from shared.catalog.model import CAMERA_MOVE, ModelRow
from shared.clip import (
    ClipPlan,
    ClipRequest,
    Deviation,
    Generation,
    Interpolation,
    MotionPlan,
    Operation,
)
from shared.errors import InternalFault, MotionUnsafe, Problem
from shared.frames import frame_count, frame_rate
from shared.jobs.request import VideoRequest
from shared.manifest.resolve import BUILT_IN, CAPTION, PROJECT
from shared.motion.defaults import complete_rects
from shared.motion.detail import detail_warnings, tightest_px
from shared.motion.limits import check_motion
from shared.motion.luminance import linear_luminance, luminance_profile
from shared.motion.path import CameraPath
from shared.motion.remedy import passing_move
from shared.motion.speed import motion_speed
from shared.picture_size import output_size, parse_aspect
from shared.pipeline.camera import Camera
from shared.pipeline.materials import Materials, input_file
from shared.pipeline.plan import ClipOrder
from shared.pipeline.services import ClipItem
from shared.prompting.brief import WrittenPrompt
from shared.routing.presets import DEFAULT_PRESET
from shared.video.keyframe import Keyframe


@dataclass(frozen=True)
class Shape:
    """What a clip will look like, whichever model makes it."""

    path: CameraPath
    size: tuple[int, int]
    rate: Fraction
    count: int
    motion: MotionPlan


@dataclass(frozen=True)
class Maker:
    """The model that makes the clip, how it comes to the camera's move, why it, and what it is
    asked for (the camera: nothing)."""

    row: ModelRow
    engine: str
    camera: Camera
    why: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    asked: VideoRequest | None = None

    @property
    def renders(self) -> bool:
        """Is it the camera, which follows the path itself?"""
        return self.engine == CAMERA_MOVE


def decide_shape(request: ClipRequest, keyframe: Keyframe) -> Shape:
    """Size, rate, count and path of the clip.

    Raises
    ------
    MotionUnsafe : with every reason.
    InvalidInput : a size or rate that means nothing.
    """
    path = camera_path(request, keyframe)
    aspect = output_aspect(request, path, keyframe)
    size = output_size(request.resolution, aspect, tightest_px(path, keyframe.size))
    rate = frame_rate(request.finish.fps)
    count = frame_count(request.motion.duration_sec, rate)
    _refuse_unsafe(request, path, keyframe, aspect, count)
    return Shape(path, size, rate, count, _motion_plan(request, path, keyframe))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A clip before its maker is chosen: what is asked, from which files, in which shape.

    `request` has everything settled that files and language models decide: the length, the prompt.
    `deviations` are the forced changes that are known already.
    """

    order: ClipOrder
    request: ClipRequest
    materials: Materials
    shape: Shape
    written: WrittenPrompt | None = None
    lut_sha256: str = ""
    deviations: tuple[Deviation, ...] = ()


def decide_clip(item: ClipItem, draft: Draft, maker: Maker) -> ClipPlan:
    """Everything about the clip, decided; the same content always gives the same `clip_key`."""
    request, shape, model = draft.request, draft.shape, maker.row
    motion, picture = shape.motion, draft.materials.picture
    content = {
        "keyframe": picture.sha256,
        # the rectangles say what type and intensity meant
        "motion": motion.model_dump(mode="json", exclude={"peak_speed", "intensity", "type"}),
        "size": shape.size,
        "fps": str(shape.rate),
        "frames": shape.count,
        "finish": request.finish.model_dump(mode="json"),
        "lut": draft.lut_sha256,
        "model": [model.id, model.revision],
        "params": request.generation_params,
        "prompts": [request.prompt, request.negative_prompt],
        **({} if maker.renders else _asked_of_a_model(request, draft.materials)),
        **maker.camera.content,
    }
    return ClipPlan(
        project_id=item.run.project_id,
        batch_id=item.run.batch_id,
        stem=item.stem,
        clip_key=content_key(content),
        keyframe=draft.order.keyframe,
        keyframe_sha256=picture.sha256,
        keyframe_size=picture.size if draft.materials.has_keyframe else None,
        model=model.id,
        model_revision=model.revision,
        engine=maker.engine,
        why_this_model=(*_whose_route(request), *maker.why),
        camera_strategy=maker.camera.strategy,
        camera_view=maker.camera.followed,
        operation=request.operation,
        motion=motion,
        width=shape.size[0],
        height=shape.size[1],
        fps=str(shape.rate),
        frame_count=shape.count,
        finish=request.finish,
        generation_params=request.generation_params,
        prompt=request.prompt,
        scene=request.scene,
        negative_prompt=request.negative_prompt,
        generation=generation(maker, draft) if maker.asked else None,
        keeps_sound=keeps_sound(maker),
        deviations=(*maker.deviations, *_deviations(request, maker), *draft.deviations),
        warnings=(
            *picture.notes,
            *(() if maker.asked else _detail(draft)),  # a model draws detail of its own
            *_unread_words(request),
        ),
    )


def _whose_route(request: ClipRequest) -> tuple[str, ...]:
    """Who named the route, where it was not the creator."""
    if request.operation is Operation.CAMERA_MOVE:
        return ()
    who = {
        PROJECT: "the project's default route",
        BUILT_IN: "the default",
    }.get(request.source.get("route", ""))
    words = ", ".join(f"`{word}`" for word in request.route)
    return (f"The manifest names no route; {words} is {who}.",) if who else ()


def _unread_words(request: ClipRequest) -> tuple[str, ...]:
    """Words for a model in a clip for which nobody named one: the camera films it, and reads none.

    A caption may lie beside a keyframe for others to read, so it asks for nothing.
    """
    said = {block: request.source.get(block, BUILT_IN) for block in ("prompt", "operation")}
    asked = not said["prompt"].startswith((BUILT_IN, CAPTION))
    by_default = request.source.get("route") == said["operation"] == BUILT_IN
    if not (asked and by_default and request.operation is Operation.CAMERA_MOVE):
        return ()
    route = f'"route": ["{DEFAULT_PRESET}"]'
    unread = "The prompt is not used: no route is named, and a camera move reads no words."
    remedy = f"For a model to make the clip, write {route}, or name one (`dropreel models`)."
    return (f"{unread} {remedy}",)


def _detail(draft: Draft) -> list[str]:
    """Is the keyframe large enough for what the camera shows of it?"""
    if not draft.materials.has_keyframe:
        return []
    return detail_warnings(draft.shape.path, draft.materials.picture.size, draft.shape.size)


def _asked_of_a_model(request: ClipRequest, materials: Materials) -> dict[str, object]:
    """What a model's clip depends on beside what every clip does; nothing where nothing is said."""
    said = {
        "operation": request.operation.value,
        "inputs": materials.hashes,
        "guidance": request.guidance,
        "expansion": None if request.enable_prompt_expansion else False,
    }
    return {"asked": {name: value for name, value in said.items() if value not in (None, {})}}


def generation(maker: Maker, draft: Draft) -> Generation:
    """What the model is asked for, for the metadata."""
    asked, written = maker.asked, draft.written
    if asked is None:
        raise InternalFault("the camera is asked for nothing")
    expands = maker.row.capabilities.prompt_expansion is not Need.NO
    theirs = draft.materials.last_frame is not None  # and not a view of the keyframe
    files = {
        "audio": asked.audio,
        "mask_image": asked.mask,
        "last_frame": asked.last_frame if theirs else None,
    }
    return Generation(
        prompt=asked.prompt,
        prompt_written_by=written.by if written else "",
        prompt_model=written.model if written else "",
        prompt_note=written.note if written else "",
        negative_prompt=asked.negative_prompt,
        prompt_expansion=asked.enable_prompt_expansion if expands else None,
        guidance=asked.guidance,
        seed=asked.seed,
        duration_sec=asked.duration_sec,
        resolution=asked.resolution,
        inputs={name: input_file(media) for name, media in files.items() if media is not None},
    )


def keeps_sound(maker: Maker) -> bool:
    """Does the model's file come with sound that belongs to the clip?"""
    given = maker.asked is not None and maker.asked.audio is not None
    return not maker.renders and (given or maker.row.capabilities.makes_sound)


def content_key(content: object) -> str:
    """SHA-256 over canonical JSON, cut to 160 bits: equal content, equal key."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:40]


def camera_path(request: ClipRequest, keyframe: Keyframe) -> CameraPath:
    """The way of the camera, with what the request left open filled in."""
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


def output_aspect(request: ClipRequest, path: CameraPath, keyframe: Keyframe) -> float:
    """The aspect asked for, else that of the first view."""
    if request.finish.aspect:
        return parse_aspect(request.finish.aspect)
    return path.start.pixel_aspect(keyframe.size)


def motion_problems(
    request: ClipRequest, path: CameraPath, keyframe: Keyframe, aspect: float, count: int
) -> list[Problem]:
    """Every reason not to film this move over these pixels; empty when it is safe."""
    return check_motion(
        path,
        duration_sec=request.motion.duration_sec,
        keyframe_size=keyframe.size,
        output_aspect=aspect,
        frame_count=count,
        luminance=luminance_profile(linear_luminance(keyframe.rgb), path, count),
        where=f"{request.image_path or request.stem}: motion",
    )


def _refuse_unsafe(
    request: ClipRequest, path: CameraPath, keyframe: Keyframe, aspect: float, count: int
) -> None:
    problems = motion_problems(request, path, keyframe, aspect, count)
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


def _deviations(request: ClipRequest, maker: Maker) -> tuple[Deviation, ...]:
    return (*_unused(request, maker), *_drawn(request, maker))


def _unused(request: ClipRequest, maker: Maker) -> tuple[Deviation, ...]:
    """What a camera move that stands in for a model could not use."""
    if not maker.renders:
        return ()
    reason = "a camera move stands in: it shows the keyframe and takes nothing else"
    given: dict[str, object] = {**request.files, "guidance": request.guidance}
    return tuple(
        Deviation(field=name, asked=value, used=None, reason=reason)
        for name, value in given.items()
        if value is not None
    )


def _drawn(request: ClipRequest, maker: Maker) -> tuple[Deviation, ...]:
    if request.finish.interpolation is Interpolation.NONE or not maker.renders:
        return ()
    return (
        Deviation(
            field="finish.interpolation",
            asked=request.finish.interpolation.value,
            used=Interpolation.NONE.value,
            reason="the camera draws every delivered frame itself",
        ),
    )
