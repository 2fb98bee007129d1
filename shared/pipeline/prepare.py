"""PrepareClip: hold one clip's request against its decoded keyframe, and write its plan."""

from shared.batch import ClipStatus
from shared.clip import ClipPlan, Deviation, Document, ObjectRef, Operation
from shared.errors import InvalidInput, KeyframeMissing
from shared.frames import frame_rate
from shared.keys import ArtefactKeys
from shared.manifest.guard import guard_key
from shared.pipeline.choosing import maker_of, rank_clip
from shared.pipeline.decide import decide_clip, decide_shape
from shared.pipeline.library import refuse_foreign
from shared.pipeline.plan import ClipOrder
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.report.thumbs import keyframe_thumb
from shared.scoring.policy import ScoringPolicy, judge, stricter
from shared.scoring.score import score_keyframe
from shared.video.keyframe import Keyframe, KeyframeLimits, decode_keyframe
from shared.video.lut import parse_cube


class Prepared(Document):
    """The answer of `prepare_clip`."""

    clip_key: str
    engine: str
    dry_run: bool
    job_id: str = ""


def prepare_clip(services: Services, item: ClipItem) -> Prepared:
    """Decide one clip and write its plan.

    Raises
    ------
    KeyframeMissing, KeyframeUnreadable, KeyframeScoredLow, MotionUnsafe, ModelUnavailable,
    LibraryKeyTaken :
        the clip cannot be made as asked; every reason is on its row.
    """
    with ClipStage(services, item, "prepare_clip", ClipStatus.PREPARING) as stage:
        order = read_order(services, item)
        refuse_foreign(services, item.run.folder.key(f"{item.stem}.mp4"))
        guard_key(item.run.folder.key(f"{item.stem}.video_manifest.json"))  # the longest name
        keyframe = read_keyframe(services, order.keyframe)
        policy, denied = scoring_of(services, item, order)
        doubts = score(stage, order, keyframe, policy)
        shape = decide_shape(order.request, keyframe)
        ranking = rank_clip(services, item.run.project_id, order.request, shape.size)
        maker = maker_of(ranking, ranking.best_or_raise(), order.request.motion.duration_sec)
        lut = lut_hash(services, order)
        plan = decide_clip(item, order, keyframe, shape, maker, lut, denied)
        write_plan(services, item, plan, keyframe)
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
            warnings=(*plan.warnings, *doubts),
            deviations=plan.deviations,
        )
    return Prepared(clip_key=plan.clip_key, engine=plan.engine, dry_run=item.run.dry_run)


def read_order(services: Services, item: ClipItem) -> ClipOrder:
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


def score(
    stage: ClipStage, order: ClipOrder, keyframe: Keyframe, policy: ScoringPolicy
) -> tuple[str, ...]:
    """Score the keyframe onto the clip's row; what to warn of.

    Raises
    ------
    KeyframeScoredLow : the project or the manifest wants better ones.
    """
    scores = score_keyframe(keyframe.rgb)
    stage.record(scores=scores)
    if order.request.operation is Operation.TEXT_TO_VIDEO:
        return ()  # the model never sees it
    return judge(scores, policy, order.request.image_path)


def scoring_of(
    services: Services, item: ClipItem, order: ClipOrder
) -> tuple[ScoringPolicy, tuple[Deviation, ...]]:
    """What is asked of the keyframe, and what the project does not grant of the manifest's wish."""
    return stricter(services.scoring(item.run.project_id), order.request.scoring)


def lut_hash(services: Services, order: ClipOrder) -> str:
    """Hash of the colour table, which is read here so that a bad one costs no rendering."""
    if order.lut is None:
        return ""
    return parse_cube(services.objects.read(order.lut), order.lut.name).sha256


def write_plan(services: Services, item: ClipItem, plan: ClipPlan, keyframe: Keyframe) -> None:
    """Keep the plan for the stages after this one, and a small keyframe for the report."""
    services.objects.write(
        services.work_bucket,
        item.run.work.plan(item.index),
        plan.model_dump_json().encode(),
        content_type="application/json",
    )
    services.objects.write(
        services.work_bucket,
        ArtefactKeys(plan.clip_key).thumb,
        keyframe_thumb(keyframe.rgb),
        content_type="image/jpeg",
    )
