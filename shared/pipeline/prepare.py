"""PrepareClip: hold one clip's request against its decoded keyframe, and decide every number of it.

A clip that a model makes leaves it with its first attempt open: the keyframe is at hand, and the
state machine passes two states less than if another one did it.
"""

from shared.batch import ClipStatus
from shared.catalog.model import CAMERA_MOVE
from shared.clip import ClipPlan, SceneWords
from shared.frames import frame_rate
from shared.jobs.ports import JobStore
from shared.manifest.guard import guard_key
from shared.motion.params import camera_phrase
from shared.pipeline.choosing import maker_of
from shared.pipeline.decide import Draft, decide_clip
from shared.pipeline.draft import (
    draft_clip,
    rank_draft,
    read_order,
    read_plan,
    with_prompt,
    write_plan,
)
from shared.pipeline.history import read_history
from shared.pipeline.library import refuse_foreign
from shared.pipeline.next_try import NextTry
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.pipeline.step import Routed, Step
from shared.prompting import Brief, Template, WrittenPrompt, written_once
from shared.routing.ranking import Ranking
from shared.scoring.policy import judge, stricter
from shared.scoring.score import score_keyframe


def prepare_clip(services: Services, jobs: JobStore, item: ClipItem) -> Routed:
    """Decide one clip, write its plan, and open its first attempt where a model makes it.

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
        if item.run.dry_run or ranking.best_or_raise().engine == CAMERA_MOVE:
            routed, plan = _planned(services, item, draft, ranking)
        else:
            routed, plan = _first_try(services, jobs, item, draft, ranking, stage)
        stage.keep(clip_key=routed.clip_key)
        stage.goes_to(routed.step)
        stage.record(
            ClipStatus.GENERATING if routed.step is Step.GENERATE else ClipStatus.PLANNED,
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
    return routed


def _planned(
    services: Services, item: ClipItem, draft: Draft, ranking: Ranking
) -> tuple[Routed, ClipPlan]:
    """The plan of a clip that asks nobody: the camera renders it, or it was only to be planned."""
    plan = decide_clip(item, draft, maker_of(ranking, ranking.best_or_raise(), draft))
    write_plan(services, item, plan, draft)
    step = Step.PLANNED if item.run.dry_run else Step.FINISH
    return Routed(step=step, clip_key=plan.clip_key), plan


def _first_try(
    services: Services,
    jobs: JobStore,
    item: ClipItem,
    draft: Draft,
    ranking: Ranking,
    stage: ClipStage,
) -> tuple[Routed, ClipPlan]:
    """The first attempt; where this run has tried already, whatever follows from that."""
    history = read_history(services, jobs, item)
    stage.pays(history.paid)
    known = history.known_step(item)
    if known is not None:
        return known, read_plan(services, item)
    return NextTry(services, jobs, item, draft, ranking, history).open()


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
