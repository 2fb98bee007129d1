"""RouteClip: what happens to a clip whose job brought nothing, or whose clip failed inspection.

Somebody else tries, the camera takes over, a person is asked, or the clip is given up.
"""

from shared.batch import ClipStatus
from shared.clip import Generation
from shared.jobs.ports import JobStore
from shared.pipeline.decide import Draft
from shared.pipeline.draft import draft_clip, rank_draft, read_order, read_plan, with_prompt
from shared.pipeline.history import read_history
from shared.pipeline.next_try import NextTry
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.pipeline.step import Routed
from shared.prompting import WrittenPrompt


def route_clip(services: Services, jobs: JobStore, item: ClipItem) -> Routed:
    """Decide the next step of one clip.

    Raises
    ------
    ModelUnavailable : every candidate was tried, or none may try; says why of each.
    BatchCancelled : CANCEL was dropped; says what runs on at a provider, and may be billed.
    """
    history = read_history(services, jobs, item)
    with (
        history.explaining_cancel(),
        ClipStage(services, item, "route_clip", ClipStatus.GENERATING) as stage,
    ):
        stage.pays(history.paid)
        routed = history.known_step(item)
        if routed is None:
            stage.record(setback=history.setback or stage.row.result.setback)
            project, draft = item.run.project_id, _draft(services, item)
            ranking = rank_draft(services, project, draft)
            routed, plan = NextTry(services, jobs, item, draft, ranking, history).open()
            stage.keep(clip_key=plan.clip_key)
            stage.record(model=plan.model, deviations=plan.deviations)
        stage.goes_to(routed.step)
        return routed


def _draft(services: Services, item: ClipItem) -> Draft:
    """The draft as PrepareClip had it: everybody who tries gets the same prompt."""
    draft = draft_clip(services, item.run.project_id, read_order(services, item))
    if draft.request.scene is None:
        return draft
    plan = read_plan(services, item)
    sent = plan.generation or Generation()
    return with_prompt(
        draft,
        WrittenPrompt(
            text=plan.prompt or "",
            by=sent.prompt_written_by,
            model=sent.prompt_model,
            note=sent.prompt_note,
        ),
    )
