"""Who makes a clip: the request in the field's words, the ranking, and the maker for the plan."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.catalog.can import Need
from shared.catalog.capability import expands_prompt
from shared.catalog.catalog import load_catalog
from shared.catalog.model import CAMERA_MOVE, ModelRow
from shared.clip import ClipRequest, Deviation, Operation
from shared.errors import InternalFault
from shared.jobs.request import MediaInput, VideoRequest
from shared.motion.params import camera_phrase
from shared.pipeline.decide import Draft, Maker, Shape
from shared.pipeline.materials import sized_picture
from shared.pipeline.services import Services
from shared.routing.rank import rank
from shared.routing.ranking import Candidate, Ranking

NO_FILES: Mapping[str, MediaInput] = MappingProxyType({})
SCENE_GUIDANCE = 0.5
"""The seed's default for scene animation (C17), where a model names none of its own."""

# Settings that have a place of their own in the envelope, or belong to finishing.
ENVELOPE = frozenset({"model", "fps", "seed"})


def video_request(
    request: ClipRequest, size: tuple[int, int], media: Mapping[str, MediaInput] = NO_FILES
) -> VideoRequest:
    """The clip in the envelope that every model understands, without the files themselves.

    The keyframe goes as the first view of the camera path (strategy `start_crop`, X-05), its mask
    as the same view, and the last frame as it fits the clip. `size` is the clip's, `media` its
    files beside the keyframe.
    """
    seed = request.generation_params.get("seed")
    from_sound = request.operation is Operation.TALKING_AVATAR
    from_words = request.operation is Operation.TEXT_TO_VIDEO
    return VideoRequest(
        operation=request.operation,
        model="",
        prompt=request.prompt or "",
        negative_prompt=request.negative_prompt,
        image=sized_picture("keyframe.png", "", size) if request.image_path else None,
        **dict(media),
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


def with_camera(wanted: VideoRequest, shape: Shape) -> VideoRequest:
    """The request with the camera's words after the creator's."""
    words = ", ".join(part for part in (wanted.prompt, camera_phrase(shape.motion)) if part)
    return wanted.model_copy(update={"prompt": words})


def rank_clip(
    services: Services,
    project: str,
    request: ClipRequest,
    size: tuple[int, int],
    media: Mapping[str, MediaInput] = NO_FILES,
    health: Mapping[str, str] | None = None,
) -> Ranking:
    """Everybody who may make the clip, best first.

    Parameters
    ----------
    size : width and height of the clip in pixels.
    media : its files beside the keyframe, by the envelope's field.
    health : engines that are passed over because they are paused, and why; none by default.

    Raises
    ------
    ModelUnavailable : a word of the route means nothing.
    """
    return rank(
        request.route,
        video_request(request, size, media),
        services.policy(project),
        services.engines,
        health,
        # the camera's words are added later, and a language model writes a scene's
        prompt_follows=not request.prompt,
        may_trim=True,
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
    size = draft.shape.size
    wanted = video_request(draft.request, size, draft.materials.media(size))
    asked = model_request(row, candidate, with_camera(wanted, draft.shape))
    trimmed = _trimmed(candidate, asked_sec)
    renders = row.id == CAMERA_MOVE
    return Maker(*(row, candidate.engine, why, (*deviations, *trimmed)), None if renders else asked)


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
