"""Who makes a clip: the request in the field's words, the ranking, and the maker for the plan."""

from collections.abc import Mapping

from shared.catalog.can import Need
from shared.catalog.capability import expands_prompt
from shared.catalog.catalog import load_catalog
from shared.catalog.model import CAMERA_MOVE, ModelRow
from shared.clip import CameraStrategy, ClipRequest, Deviation, Operation
from shared.errors import InternalFault
from shared.jobs.deadlines import OWN_GPUS
from shared.jobs.request import Delivery, MediaInput, VideoRequest
from shared.motion.params import STANDS_STILL, camera_kind, camera_phrase, motion_bucket
from shared.pipeline.camera import Camera, camera_for
from shared.pipeline.decide import Draft, Maker, Shape
from shared.pipeline.materials import Materials
from shared.pipeline.services import Services
from shared.routing.rank import rank
from shared.routing.ranking import Candidate, Ranking

KEYFRAME_TYPE = "image/png"
SCENE_GUIDANCE = 0.5
"""The seed's default for scene animation (C17), where a model names none of its own."""

# Settings that have a place of their own in the envelope, or belong to finishing.
ENVELOPE = frozenset({"model", "fps", "seed"})
BUCKET = "motion_bucket_id"
END_VIEW = "end_view.png"


def video_request(
    request: ClipRequest, size: tuple[int, int], materials: Materials
) -> VideoRequest:
    """The clip in the envelope that every model understands, without the files themselves.

    The keyframe goes as one view of it (`shared.pipeline.camera`), its mask as the same view, and
    the last frame as it fits the clip.
    """
    seed = request.generation_params.get("seed")
    from_sound = request.operation is Operation.TALKING_AVATAR
    from_words = request.operation is Operation.TEXT_TO_VIDEO
    return VideoRequest(
        operation=request.operation,
        model="",
        prompt=request.prompt or "",
        negative_prompt=request.negative_prompt,
        image=_picture("keyframe.png", "", size) if materials.has_keyframe else None,
        last_frame=_last_frame(request, size, materials),
        mask=materials.mask and _picture("mask_image.png", materials.mask.sha256, size),
        audio=materials.audio,
        duration_sec=None if from_sound else request.motion.duration_sec,
        # what nobody asked for does not rule a model out: its own size is brought to the clip's
        resolution=None if request.resolution == "auto" else request.resolution,
        aspect=request.finish.aspect if from_words else None,
        seed=seed if isinstance(seed, int) else None,
        guidance=request.guidance,
        enable_prompt_expansion=request.enable_prompt_expansion,
        params={
            name: value
            for name, value in request.generation_params.items()
            if name not in ENVELOPE and value is not None
        },
    )


def _last_frame(
    request: ClipRequest, size: tuple[int, int], materials: Materials
) -> MediaInput | None:
    """The creator's own, or the camera's last view where the manifest insists on it."""
    if materials.last_frame is not None:
        return _picture("last_frame.png", materials.last_frame.sha256, size)
    insists = request.motion.strategy is CameraStrategy.START_END_CROP
    return _picture(END_VIEW, "", size) if insists and materials.has_keyframe else None


def camera_params(request: ClipRequest, shape: Shape, row: ModelRow) -> dict[str, int]:
    """The camera's move as a number, for a model that has one and was not given it (B055)."""
    if BUCKET not in row.capabilities.extras or BUCKET in request.generation_params:
        return {}
    return {BUCKET: motion_bucket(camera_kind(shape.motion), shape.motion.intensity)}


def delivery(draft: Draft) -> Delivery:
    """What the clip will be once it is finished, for GPUs of ours, which work towards it."""
    return Delivery(
        width=draft.shape.size[0],
        height=draft.shape.size[1],
        fps=str(draft.shape.rate),
        duration_sec=draft.request.motion.duration_sec,
    )


def _picture(name: str, sha256: str, size: tuple[int, int]) -> MediaInput:
    return MediaInput(
        name=name,
        content_type=KEYFRAME_TYPE,
        size_bytes=0,
        sha256=sha256,
        width=size[0],
        height=size[1],
    )


def model_request(row: ModelRow, candidate: Candidate, wanted: VideoRequest) -> VideoRequest:
    """What is sent to the candidate's model, its own defaults written out."""
    can, guidance = row.capabilities, wanted.guidance
    if guidance is None and can.guidance and wanted.operation is Operation.SCENE_ANIMATION:
        asked = SCENE_GUIDANCE if can.guidance.default is None else can.guidance.default
        guidance = can.guidance.nearest(asked)
    return wanted.model_copy(
        update={
            "model": row.id,
            "prompt": "" if can.prompt is Need.NO else wanted.prompt,
            "duration_sec": None
            if can.duration_from_audio
            else candidate.duration_sec or wanted.duration_sec,
            # one size alone is no choice, and such models have no field for it
            "resolution": candidate.resolution if len(can.resolutions) > 1 else None,
            "guidance": guidance,
            "enable_prompt_expansion": expands_prompt(row, wanted),
        }
    )


def with_camera(wanted: VideoRequest, shape: Shape, camera: Camera) -> VideoRequest:
    """The request with the camera's words after the creator's, and the view that it ends on."""
    phrase = STANDS_STILL if camera.followed else camera_phrase(shape.motion)
    words = ", ".join(part for part in (wanted.prompt, phrase) if part)
    last = wanted.last_frame if camera.last is None else _picture(END_VIEW, "", shape.size)
    return wanted.model_copy(update={"prompt": words, "last_frame": last})


def rank_clip(
    services: Services,
    project: str,
    request: ClipRequest,
    size: tuple[int, int],
    materials: Materials,
    health: Mapping[str, str] | None = None,
) -> Ranking:
    """Everybody who may make the clip, best first.

    Parameters
    ----------
    size : width and height of the clip in pixels.
    health : engines that are passed over because they are paused, and why; none by default.

    Raises
    ------
    ModelUnavailable : a word of the route means nothing.
    """
    return rank(
        request.route,
        video_request(request, size, materials),
        services.policy(project),
        services.engines,
        health,
        # the camera's words are added later, and a language model writes a scene's
        prompt_follows=not request.prompt,
        may_trim=True,
        price=services.price,
        needs=services.needs,
        lines=min(size),
    )


def maker_of(ranking: Ranking, candidate: Candidate, draft: Draft) -> Maker:
    """The candidate as the plan wants it; models that were named before it are deviations."""
    asked_sec = draft.request.motion.duration_sec
    row = load_catalog().find(candidate.model)
    if row is None:
        raise InternalFault(f"the catalogue lost {candidate.model}")
    named = [word for word in ranking.route if word != candidate.word]
    passed = {each.model: each for each in ranking.rejected}
    deviations = tuple(
        Deviation(
            field="route",
            asked=word,
            used=candidate.model,
            reason="; ".join(passed[word].reasons),
        )
        for word in (_model_id(word) for word in named)
        if word in passed
    )
    why = tuple(ranking.explanation(candidate))
    wanted = video_request(draft.request, draft.shape.size, draft.materials)
    camera = camera_for(row, candidate.engine, draft)
    asked = model_request(row, candidate, with_camera(wanted, draft.shape, camera)).model_copy(
        update={
            "params": {**wanted.params, **camera_params(draft.request, draft.shape, row)},
            # nobody else heeds it, and it would rename clips that were paid for before
            "delivery": delivery(draft) if candidate.engine in OWN_GPUS else None,
        }
    )
    trimmed = _trimmed(candidate, asked_sec)
    changed = (*deviations, *trimmed, *camera.deviations)
    renders = row.id == CAMERA_MOVE
    return Maker(row, candidate.engine, camera, why, changed, None if renders else asked)


def _trimmed(candidate: Candidate, asked_sec: float) -> tuple[Deviation, ...]:
    """A model that makes fixed lengths makes a longer clip, of which the first part is used."""
    made = candidate.duration_sec
    if made is None or made <= asked_sec:
        return ()
    reason = f"{candidate.model} makes no shorter clip; the first {asked_sec:g} s of it are used"
    return (Deviation(field="generated_sec", asked=asked_sec, used=made, reason=reason),)


def _model_id(word: str) -> str:
    row = load_catalog().find(word)
    return row.id if row else word
