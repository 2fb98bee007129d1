"""RouteClip: what happens next to a clip that a model makes: try, finish, hold, or give up.

It is asked before the first attempt and after each. All it knows are the jobs' rows, so a retry, a
replay or a redrive comes to the same answer, and never to a second payment.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.batch import ClipStatus, Cost
from shared.catalog.model import CAMERA_MOVE
from shared.clip import ClipPlan, Document, Generation, ObjectRef
from shared.errors import BatchCancelled, ModelUnavailable
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.jobs.ports import JobStore
from shared.jobs.request import VideoRequest
from shared.pipeline.attempt import Attempt, begun, may_still_come, open_attempt, why_held
from shared.pipeline.choosing import maker_of
from shared.pipeline.decide import Draft, Maker, decide_clip
from shared.pipeline.prepare import draft_clip, rank_draft, read_order, with_prompt, write_plan
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.pipeline.views import pictures
from shared.prompting import WrittenPrompt
from shared.routing.fallback import Move, Tried, next_candidate
from shared.routing.ranking import Candidate, Ranking


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
    BatchCancelled : CANCEL was dropped; says what runs on at a provider, and may be billed.
    """
    tries = _read_tries(services, item)
    rows = [job for each in tries if (job := jobs.job(each.job_id)) is not None]
    try:
        with ClipStage(services, item, "route_clip", ClipStatus.GENERATING) as stage:
            return _route(services, jobs, item, stage, tries, rows)
    except BatchCancelled as stopped:
        raise BatchCancelled(". ".join((stopped.message, *_what_runs_on(rows)))) from stopped


def _route(
    services: Services,
    jobs: JobStore,
    item: ClipItem,
    stage: ClipStage,
    tries: list[_Try],
    rows: list[Job],
) -> Routed:
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


def _what_runs_on(rows: list[Job]) -> Iterator[str]:
    """What a person who cancelled should know of the last attempt."""
    if not rows:
        return
    job = rows[-1]
    if job.state is JobState.SUCCEEDED:
        yield f"{job.provider} had made it already: dropped again, it is finished from that file"
    elif job.state is JobState.SUBMIT_UNKNOWN:
        yield why_held(job)
    elif not job.state.ended:
        yield job.stopping or f"{job.provider} may still be at work on it, and bill it"
        yield "If it is made after all, dropping the manifest again takes it, already paid"


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
    project = item.run.project_id
    draft = draft_clip(services, project, order)
    if draft.request.scene is not None:
        draft = with_prompt(draft, _prompt_of_plan(services, item))
    ranking = rank_draft(services, project, draft)
    tried = _tried(ranking, tries, rows)
    move = next_candidate(ranking, tried)
    if move.move is not Move.TRY or move.candidate is None:
        raise ModelUnavailable(f"no model made the clip: {move.reason}.")
    choice = _decided(item, draft, ranking, move.candidate, tries)
    health = services.health()
    if choice.candidate.engine in health and not choice.is_begun(services, jobs):
        # Paused, and nothing of it is paid: who is well goes first. The camera is another kind of
        # clip: it stands in when the models have failed, not while one takes a rest.
        well = rank_draft(services, project, draft, health)
        other = next_candidate(well, tried).candidate
        if other is not None and other.engine not in {CAMERA_MOVE, *health}:
            choice = _decided(item, draft, well, other, tries)
    plan = choice.plan
    write_plan(services, item, plan, draft.materials)
    if choice.maker.asked is None:
        return Routed(step=Step.FINISH, clip_key=plan.clip_key), plan
    files = _files(services, draft, choice.maker.asked)
    attempt = choice.attempt(choice.maker.asked, files)
    job = open_attempt(services.objects, services.work_bucket, jobs, attempt, services.now())
    tried_now = _Try(candidate=choice.candidate.key, job_id=job.job_id)
    _write_tries(services, item, [*tries, tried_now])
    return Routed(step=Step.GENERATE, clip_key=plan.clip_key, job_id=job.job_id), plan


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """A candidate, and the plan of the clip that it would make."""

    item: ClipItem
    candidate: Candidate
    maker: Maker
    plan: ClipPlan
    tried: int

    def is_begun(self, services: Services, jobs: JobStore) -> bool:
        """Does the candidate's attempt exist, made or in the making, by whichever run?"""
        asked = self.maker.asked
        return asked is not None and begun(services.objects, jobs, self.attempt(asked, {}))

    def attempt(self, asked: VideoRequest, files: Mapping[str, bytes]) -> Attempt:
        run = self.item.run
        return Attempt(
            project_id=run.project_id,
            batch_id=run.batch_id,
            run_id=run.run_id,
            stem=self.item.stem,
            manifest=run.manifest,
            clip_key=self.plan.clip_key,
            candidate=self.candidate,
            request=asked,
            files=files,
            tried=self.tried,
        )


def _decided(
    item: ClipItem, draft: Draft, ranking: Ranking, candidate: Candidate, tries: list[_Try]
) -> _Choice:
    maker = maker_of(ranking, candidate, draft)
    return _Choice(
        item=item,
        candidate=candidate,
        maker=maker,
        plan=decide_clip(item, draft, maker),
        tried=sum(each.candidate == candidate.key for each in tries),
    )


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
    withdrawn = {job.job_id for job in rows if _is_withdrawn(job)}
    found: list[Tried] = []
    for each in tries:
        candidate, ending = candidates.get(each.candidate), endings.get(each.job_id)
        if each.job_id in withdrawn:
            continue
        if candidate is not None and isinstance(ending, Ending):
            found.append((candidate, ending))
    return found


def _is_withdrawn(job: Job) -> bool:
    """Stopped by a CANCEL that was for another run: this one wants the clip, and may try anew."""
    ending = job.ending
    by_us = job.cancel_requested or bool(job.stopping)
    return by_us and ending is not None and ending.outcome is Outcome.CANCELLED


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
