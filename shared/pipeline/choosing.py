"""Who makes a clip: the request in the field's words, the ranking, and the maker for the plan."""

from shared.catalog.can import Need
from shared.catalog.catalog import load_catalog
from shared.clip import ClipRequest, Deviation, Operation
from shared.errors import InternalFault
from shared.jobs.request import Delivery, MediaInput, VideoRequest
from shared.motion.params import camera_kind, camera_phrase, motion_bucket
from shared.pipeline.decide import Maker, Shape
from shared.pipeline.services import Services
from shared.routing.rank import rank
from shared.routing.ranking import Candidate, Ranking

KEYFRAME_TYPE = "image/png"

# Settings that have a place of their own in the envelope, or belong to finishing.
ENVELOPE = frozenset({"model", "fps", "seed"})
BUCKET = "motion_bucket_id"


def video_request(request: ClipRequest, shape: Shape) -> VideoRequest:
    """The clip in the envelope that every model understands, without the files themselves.

    The keyframe goes as the first view of the camera path (strategy `start_crop`, X-05).
    """
    image = MediaInput(
        name="keyframe.png",
        content_type=KEYFRAME_TYPE,
        size_bytes=0,
        sha256="",
        width=shape.size[0],
        height=shape.size[1],
    )
    seed = request.generation_params.get("seed")
    return VideoRequest(
        operation=request.operation,
        model="",
        prompt=request.prompt or "",
        negative_prompt=request.negative_prompt,
        image=None if request.operation is Operation.TEXT_TO_VIDEO else image,
        duration_sec=request.motion.duration_sec,
        # what nobody asked for does not rule a model out: its own size is brought to the clip's
        resolution=None if request.resolution == "auto" else request.resolution,
        seed=seed if isinstance(seed, int) else None,
        params={
            name: value
            for name, value in request.generation_params.items()
            if name not in ENVELOPE and value is not None
        },
        delivery=Delivery(
            width=shape.size[0],
            height=shape.size[1],
            fps=str(shape.rate),
            duration_sec=request.motion.duration_sec,
        ),
    )


def camera_params(request: ClipRequest, shape: Shape, model: str) -> dict[str, int]:
    """The camera's move as a number, for a model that has one and was not given it (B055)."""
    row = load_catalog().find(model)
    if row is None or BUCKET not in row.capabilities.extras or BUCKET in request.generation_params:
        return {}
    return {BUCKET: motion_bucket(camera_kind(shape.motion), shape.motion.intensity)}


def full_prompt(request: ClipRequest, shape: Shape, model: str) -> str:
    """The creator's words and the camera's, for a model that reads words."""
    row = load_catalog().find(model)
    if row is None or row.capabilities.prompt is Need.NO:
        return ""
    return ", ".join(part for part in (request.prompt, camera_phrase(shape.motion)) if part)


def rank_clip(services: Services, project: str, request: ClipRequest, shape: Shape) -> Ranking:
    """Everybody who may make the clip, best first.

    Raises
    ------
    ModelUnavailable : a word of the route means nothing.
    """
    return rank(
        request.route,
        video_request(request, shape),
        services.policy(project),
        services.engines,
        # the camera's words are added later, and a language model writes a scene's
        prompt_follows=not request.prompt,
        may_trim=True,
        price=services.price,
    )


def maker_of(ranking: Ranking, candidate: Candidate, asked_sec: float) -> Maker:
    """The candidate as the plan wants it; models that were named before it are deviations."""
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
    return Maker(row, candidate.engine, why, (*deviations, *_trimmed(candidate, asked_sec)))


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
