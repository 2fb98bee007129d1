"""RouteClip: what happens next to a clip that a model makes: try, finish, hold, or give up.

It is asked before the first attempt and after each. All it knows are the jobs' rows, so a retry, a
replay or a redrive comes to the same answer, and never to a second payment.
"""

import json
from enum import StrEnum

from shared.batch import ClipStatus, Cost
from shared.clip import ClipPlan, Document, Generation, ObjectRef
from shared.errors import ModelUnavailable
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, Ending, JobState
from shared.jobs.ports import JobStore
from shared.jobs.request import VideoRequest
from shared.pipeline.attempt import Attempt, may_still_come, open_attempt, why_held
from shared.pipeline.choosing import maker_of
from shared.pipeline.decide import Draft, decide_clip
from shared.pipeline.prepare import draft_clip, rank_draft, read_order, with_prompt, write_plan
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.pipeline.views import pictures
from shared.prompting import WrittenPrompt
from shared.routing.fallback import Move, Tried, next_candidate
from shared.routing.ranking import Ranking


class Step(StrEnum):
    """What the state machine does next."""

    GENERATE = "generate"
    FINISH = "finish"
    HOLD = "hold"


class Routed(Document):
    """The answer of `route_clip`."""

    step: Step
    clip_key: str
    job_id: str = ""
    reason: str = ""


class _Try(Document):
    """One attempt of this run: the candidate and its job."""

    candidate: str
    job_id: str


def route_clip(services: Services, jobs: JobStore, item: ClipItem) -> Routed:
    """Decide the next step of one clip.

    Raises
    ------
    ModelUnavailable : every candidate was tried, or none may try; says why of each.
    """
    with ClipStage(services, item, "route_clip", ClipStatus.GENERATING) as stage:
        tries = _read_tries(services, item)
        rows = [job for each in tries if (job := jobs.job(each.job_id)) is not None]
        stage.record(cost=Cost(model_usd=sum(_paid(job) for job in rows)))
        if rows and not rows[-1].state.ended:
            return _unfinished(item, rows[-1])
        if rows and rows[-1].state is JobState.SUCCEEDED:
            return Routed(step=Step.FINISH, clip_key=rows[-1].clip_key, job_id=rows[-1].job_id)
        held = next((job for job in rows if may_still_come(job)), None)
        if held is not None:
            return Routed(step=Step.HOLD, clip_key=held.clip_key, reason=why_held(held))
        routed, plan = _next_try(services, jobs, item, tries, rows)
        stage.keep(clip_key=plan.clip_key)
        stage.record(model=plan.model, deviations=plan.deviations)
        return routed


def _unfinished(item: ClipItem, job: Job) -> Routed:
    """The last attempt has no end: it goes on, or nobody knows."""
    held = job.state is JobState.SUBMIT_UNKNOWN
    return Routed(
        step=Step.HOLD if held else Step.GENERATE,
        clip_key=job.clip_key or item.clip_key,
        job_id=job.job_id,
        reason=why_held(job) if held else "",
    )


def _next_try(
    services: Services, jobs: JobStore, item: ClipItem, tries: list[_Try], rows: list[Job]
) -> tuple[Routed, ClipPlan]:
    order = read_order(services, item)
    draft = draft_clip(services, order)
    if draft.request.scene is not None:
        draft = with_prompt(draft, _prompt_of_plan(services, item))
    ranking = rank_draft(services, item.run.project_id, draft)
    move = next_candidate(ranking, _tried(ranking, tries, rows))
    if move.move is not Move.TRY or move.candidate is None:
        raise ModelUnavailable(f"no model made the clip: {move.reason}.")
    maker = maker_of(ranking, move.candidate, draft)
    plan = decide_clip(item, draft, maker)
    write_plan(services, item, plan, draft.materials)
    if maker.asked is None:
        return Routed(step=Step.FINISH, clip_key=plan.clip_key), plan
    attempt = Attempt(
        project_id=item.run.project_id,
        batch_id=item.run.batch_id,
        run_id=item.run.run_id,
        stem=item.stem,
        manifest=item.run.manifest,
        clip_key=plan.clip_key,
        candidate=move.candidate,
        request=maker.asked,
        files=_files(services, draft, maker.asked),
        tried=sum(each.candidate == move.candidate.key for each in tries),
    )
    job = open_attempt(services.objects, services.work_bucket, jobs, attempt, services.now())
    _write_tries(services, item, [*tries, _Try(candidate=move.candidate.key, job_id=job.job_id)])
    return Routed(step=Step.GENERATE, clip_key=plan.clip_key, job_id=job.job_id), plan


def _prompt_of_plan(services: Services, item: ClipItem) -> WrittenPrompt:
    """The prompt that PrepareClip had written: everybody who tries gets the same."""
    ref = ObjectRef(bucket=services.work_bucket, key=item.run.work.plan(item.index))
    plan = ClipPlan.model_validate_json(services.objects.read(ref))
    sent = plan.generation or Generation()
    return WrittenPrompt(
        text=plan.prompt or "",
        by=sent.prompt_written_by,
        model=sent.prompt_model,
        note=sent.prompt_note,
    )


def _files(services: Services, draft: Draft, asked: VideoRequest) -> dict[str, bytes]:
    """The files of a request, by its field, as bytes."""
    files = pictures(draft.materials, draft.shape.path.start, draft.shape.size)
    if asked.audio is not None:
        files["audio"] = services.objects.read(draft.order.inputs["audio"])
    return files


def _tried(ranking: Ranking, tries: list[_Try], rows: list[Job]) -> list[Tried]:
    """The attempts as the fallback rule wants them; those whose candidate is gone need no rule."""
    candidates = {candidate.key: candidate for candidate in ranking.candidates}
    endings = {job.job_id: job.ending for job in rows}
    found: list[Tried] = []
    for each in tries:
        candidate, ending = candidates.get(each.candidate), endings.get(each.job_id)
        if candidate is not None and isinstance(ending, Ending):
            found.append((candidate, ending))
    return found


def _paid(job: Job) -> float:
    """What an attempt cost, as far as is known; what nobody knows counts as its estimate."""
    if job.ending is None or job.ending.billed is Billed.NO:
        return 0.0
    return job.ending.cost_usd if job.ending.cost_usd is not None else job.estimate_usd


def _read_tries(services: Services, item: ClipItem) -> list[_Try]:
    ref = ObjectRef(bucket=services.work_bucket, key=item.run.work.tries(item.index))
    try:
        return [_Try(**each) for each in json.loads(services.objects.read(ref))]
    except FileNotFoundError:
        return []


def _write_tries(services: Services, item: ClipItem, tries: list[_Try]) -> None:
    services.objects.write(
        services.work_bucket,
        item.run.work.tries(item.index),
        json.dumps([each.model_dump() for each in tries]).encode(),
        content_type="application/json",
    )
