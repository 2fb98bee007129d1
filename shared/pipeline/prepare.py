"""PrepareClip: hold one clip's request against its decoded keyframe, and write its plan."""

from collections.abc import Mapping
from dataclasses import replace

from shared.batch import ClipStatus
from shared.clip import ClipPlan, Document, ObjectRef, SceneWords
from shared.frames import frame_rate
from shared.keys import ArtefactKeys
from shared.manifest.guard import guard_key
from shared.motion.params import camera_phrase
from shared.pipeline.choosing import maker_of, rank_clip
from shared.pipeline.decide import Draft, decide_clip, decide_shape
from shared.pipeline.library import refuse_foreign
from shared.pipeline.materials import read_materials, settled
from shared.pipeline.plan import ClipOrder
from shared.pipeline.reference import write_reference
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.prompting import Brief, Template, WrittenPrompt, written_once
from shared.prompting.brief import CREATOR
from shared.report.thumbs import keyframe_thumb
from shared.routing.ranking import Ranking
from shared.scoring.policy import judge, stricter
from shared.scoring.score import score_keyframe
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
        draft = draft_clip(services, item.run.project_id, order)
        doubts = score(services, item, stage, draft)
        if draft.request.scene is not None:
            # nothing is written for a clip that nobody can make
            rank_draft(services, item.run.project_id, draft).best_or_raise()
            draft = with_prompt(draft, write_prompt(services, item, draft))
        ranking = rank_draft(services, item.run.project_id, draft)
        maker = maker_of(ranking, ranking.best_or_raise(), draft)
        plan = decide_clip(item, draft, maker)
        write_plan(services, item, plan, draft)
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


def draft_clip(services: Services, project: str, order: ClipOrder) -> Draft:
    """Read the clip's files, and settle everything that does not depend on its maker.

    Raises
    ------
    KeyframeMissing, KeyframeUnreadable, MotionUnsafe, InvalidInput
    """
    materials = read_materials(services, order)
    request = settled(order.request, materials)
    creator = WrittenPrompt(text=request.prompt, by=CREATOR) if request.prompt else None
    return Draft(
        order=order,
        request=request,
        materials=materials,
        shape=decide_shape(request, materials.picture),
        written=creator,
        lut_sha256=lut_hash(services, order),
        deviations=stricter(services.scoring(project), request.scoring)[1],
    )


def rank_draft(
    services: Services, project: str, draft: Draft, health: Mapping[str, str] | None = None
) -> Ranking:
    """Who may make the clip; `health` names engines that are paused, and why."""
    return rank_clip(services, project, draft.request, draft.shape.size, draft.materials, health)


def with_prompt(draft: Draft, written: WrittenPrompt) -> Draft:
    """The draft with its prompt written."""
    request = draft.request.model_copy(update={"prompt": written.text})
    return replace(draft, request=request, written=written)


def write_prompt(services: Services, item: ClipItem, draft: Draft) -> WrittenPrompt:
    """The prompt for a scene; a dry run, which spends nothing, takes the template's."""
    scene = draft.request.scene or SceneWords()
    brief = Brief(**scene.model_dump(), camera=camera_phrase(draft.shape.motion))
    if item.run.dry_run:
        return Template().write(brief)
    writer = services.prompts(item.run.project_id)
    return written_once(services.objects, services.work_bucket, writer, brief)


def score(services: Services, item: ClipItem, stage: ClipStage, draft: Draft) -> tuple[str, ...]:
    """Score the keyframe onto the clip's row; what to warn of.

    Raises
    ------
    KeyframeScoredLow : the project or the manifest wants better ones.
    """
    if not draft.materials.has_keyframe:
        return ()
    policy, _ = stricter(services.scoring(item.run.project_id), draft.request.scoring)
    scores = score_keyframe(draft.materials.picture.rgb)
    stage.record(scores=scores)
    return judge(scores, policy, draft.request.image_path)


def lut_hash(services: Services, order: ClipOrder) -> str:
    """Hash of the colour table, which is read here so that a bad one costs no rendering."""
    if order.lut is None:
        return ""
    return parse_cube(services.objects.read(order.lut), order.lut.name).sha256


def write_plan(services: Services, item: ClipItem, plan: ClipPlan, draft: Draft) -> None:
    """Keep the plan for the stages after this one, with what report and inspection look at."""
    services.objects.write(
        services.work_bucket,
        item.run.work.plan(item.index),
        plan.model_dump_json().encode(),
        content_type="application/json",
    )
    if not draft.materials.has_keyframe:
        return
    rgb = draft.materials.picture.rgb
    write_reference(services, plan, rgb, draft.order.lut)
    services.objects.write(
        services.work_bucket,
        ArtefactKeys(plan.clip_key).thumb,
        keyframe_thumb(rgb),
        content_type="image/jpeg",
    )
