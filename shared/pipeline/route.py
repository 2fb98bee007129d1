"""RouteClip: what happens next to a clip that a model makes: try, finish, hold, or give up.

It is asked before the first attempt and after each, and again when a clip has failed inspection.
All it knows are the jobs' rows and what inspection said, so a retry, a replay or a redrive comes to
the same answer, and never to a second payment.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

from shared.batch import ClipStatus, Cost
from shared.catalog.model import CAMERA_MOVE
from shared.clip import ClipPlan, Deviation, Document, Generation, ObjectRef
from shared.errors import BatchCancelled, ModelUnavailable
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, JobState
from shared.jobs.ports import JobStore
from shared.jobs.request import VideoRequest
from shared.pipeline.attempt import Attempt, begun, may_still_come, open_attempt, why_held
from shared.pipeline.camera import Camera
from shared.pipeline.choosing import maker_of
from shared.pipeline.decide import Draft, Maker, decide_clip
from shared.pipeline.prepare import draft_clip, rank_draft, read_order, with_prompt, write_plan
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.pipeline.tries import Try, another_seed, read_tries, tried_so_far, write_tries
from shared.pipeline.views import pictures
from shared.prompting import WrittenPrompt
from shared.routing.fallback import Move, NextStep, Tried, next_candidate
from shared.routing.ranking import Candidate, Ranking


class Step(StrEnum):
    """What the state machine does next."""

    GENERATE = "generate"
    FINISH = "finish"
    HOLD = "hold"


TRANSITIONS = {Step.GENERATE: 3, Step.FINISH: 2, Step.HOLD: 2}
"""RouteClip, ChooseStep, and Generate: what a model's clip has more than a camera's."""


class Routed(Document):
    """The answer of `route_clip`."""

    step: Step
    clip_key: str
    job_id: str = ""
    reason: str = ""


def route_clip(services: Services, jobs: JobStore, item: ClipItem) -> Routed:
    """Decide the next step of one clip.

    Raises
    ------
    ModelUnavailable : every candidate was tried, or none may try; says why of each.
    BatchCancelled : CANCEL was dropped; says what runs on at a provider, and may be billed.
    """
    tries = read_tries(services, item)
    rows = [job for each in tries if (job := jobs.job(each.job_id)) is not None]
    try:
        with ClipStage(services, item, "route_clip", ClipStatus.GENERATING) as stage:
            stage.record(cost=Cost(model_usd=sum(_paid(job) for job in rows)))
            routed = _known_step(item, tries, rows)
            if routed is None:
                routed, plan = _Router(services, jobs, item, tries, rows).next_try()
                stage.keep(clip_key=plan.clip_key)
                stage.record(model=plan.model, deviations=plan.deviations)
            services.meter.add("transitions", TRANSITIONS[routed.step])
            return routed
    except BatchCancelled as stopped:
        raise BatchCancelled(". ".join((stopped.message, *_what_runs_on(rows)))) from stopped


def _known_step(item: ClipItem, tries: list[Try], rows: list[Job]) -> Routed | None:
    """What follows from the jobs' rows alone; None when somebody else may have to try."""
    if rows and not rows[-1].state.ended:
        return _unfinished(item, rows[-1])
    if rows and rows[-1].state is JobState.SUCCEEDED and not tries[-1].failed:
        return Routed(step=Step.FINISH, clip_key=rows[-1].clip_key, job_id=rows[-1].job_id)
    held = next((job for job in rows if may_still_come(job)), None)
    if held is not None:
        return Routed(step=Step.HOLD, clip_key=held.clip_key, reason=why_held(held))
    return None


def _unfinished(item: ClipItem, job: Job) -> Routed:
    """The last attempt has no end: it goes on, or nobody knows."""
    held = job.state is JobState.SUBMIT_UNKNOWN
    return Routed(
        step=Step.HOLD if held else Step.GENERATE,
        clip_key=job.clip_key or item.clip_key,
        job_id=job.job_id,
        reason=why_held(job) if held else "",
    )


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


class _Router:
    """One look at who may try next, with everything that it is decided from."""

    def __init__(
        self, services: Services, jobs: JobStore, item: ClipItem, tries: list[Try], rows: list[Job]
    ) -> None:
        self._services = services
        self._jobs = jobs
        self._item = item
        self._tries = tries
        self._rows = rows
        draft = draft_clip(services, item.run.project_id, read_order(services, item))
        if draft.request.scene is not None:
            draft = with_prompt(draft, _prompt_of_plan(services, item))
        self._draft = draft

    def next_try(self) -> tuple[Routed, ClipPlan]:
        """Open the next attempt, or hand the clip to the camera, or to a person."""
        ranking = rank_draft(self._services, self._item.run.project_id, self._draft)
        tried = tried_so_far(ranking, self._tries, self._rows)
        move = next_candidate(ranking, tried)
        if move.move is not Move.TRY or move.candidate is None:
            return self._give_up(ranking, move)
        seed = self._seed_for(move.candidate) if move.new_seed else None
        draft = _with_seed(self._draft, seed)
        chosen, maker = self._well(ranking, tried, draft, move.candidate)
        plan = decide_clip(self._item, draft, maker)
        write_plan(self._services, self._item, plan, draft)
        if maker.asked is None:
            return Routed(step=Step.FINISH, clip_key=plan.clip_key), plan
        attempt = self._attempt(draft, chosen, plan, maker.asked, maker.camera)
        job = open_attempt(
            self._services.objects,
            self._services.work_bucket,
            self._jobs,
            attempt,
            self._services.now(),
        )
        made = Try(candidate=chosen.key, job_id=job.job_id, seed=seed)
        write_tries(self._services, self._item, [*self._tries, made])
        return Routed(step=Step.GENERATE, clip_key=plan.clip_key, job_id=job.job_id), plan

    def _well(
        self, ranking: Ranking, tried: list[Tried], draft: Draft, first: Candidate
    ) -> tuple[Candidate, Maker]:
        """The candidate, or one that is well where it is paused and nothing of it is paid.

        The camera is another kind of clip: it stands in when the models have failed, not while one
        takes a rest.
        """
        maker = maker_of(ranking, first, draft)
        health = self._services.health()
        if first.engine not in health or self._is_begun(draft, first, maker):
            return first, maker
        well = rank_draft(self._services, self._item.run.project_id, draft, health)
        other = next_candidate(well, tried).candidate
        if other is None or other.engine in {CAMERA_MOVE, *health}:
            return first, maker
        return other, maker_of(well, other, draft)

    def _is_begun(self, draft: Draft, candidate: Candidate, maker: Maker) -> bool:
        """Does the candidate's attempt exist, made or in the making, by whichever run?"""
        if maker.asked is None:
            return False
        plan = decide_clip(self._item, draft, maker)
        return begun(
            self._services.objects,
            self._jobs,
            self._attempt(draft, candidate, plan, maker.asked),
        )

    def _attempt(
        self,
        draft: Draft,
        candidate: Candidate,
        plan: ClipPlan,
        asked: VideoRequest,
        camera: Camera | None = None,
    ) -> Attempt:
        """The attempt; without a camera it has no files, which are not needed to find its row."""
        run = self._item.run
        return Attempt(
            project_id=run.project_id,
            batch_id=run.batch_id,
            run_id=run.run_id,
            stem=self._item.stem,
            manifest=run.manifest,
            clip_key=plan.clip_key,
            candidate=candidate,
            request=asked,
            files=_files(self._services, draft, asked, camera) if camera else {},
            tried=sum(each.candidate == candidate.key for each in self._tries),
            deadline=self._services.limits.job_deadline,
        )

    def _seed_for(self, candidate: Candidate) -> int:
        asked = self._draft.request.generation_params.get("seed")
        return another_seed(self._tries, candidate.key, asked if isinstance(asked, int) else None)

    def _give_up(self, ranking: Ranking, move: NextStep) -> tuple[Routed, ClipPlan]:
        """Hand the last clip that failed inspection to a person; without one nothing was made.

        Raises
        ------
        ModelUnavailable : nobody made the clip, and nobody else may try.
        """
        candidates = {each.key: each for each in ranking.candidates}
        failed = next((each for each in reversed(self._tries) if each.failed), None)
        job = self._jobs.job(failed.job_id) if failed else None
        candidate = candidates.get(failed.candidate) if failed else None
        if failed is None or job is None or candidate is None:
            raise ModelUnavailable(f"no model made the clip: {move.reason}.")
        draft = _with_seed(self._draft, failed.seed)
        plan = decide_clip(self._item, draft, maker_of(ranking, candidate, draft))
        write_plan(self._services, self._item, plan, draft)
        return Routed(
            step=Step.HOLD, clip_key=job.clip_key, job_id=job.job_id, reason=f"{move.reason}."
        ), plan


def _with_seed(draft: Draft, seed: int | None) -> Draft:
    """The draft with another seed than was asked for; as it is where there is none."""
    if seed is None:
        return draft
    params = draft.request.generation_params
    request = draft.request.model_copy(update={"generation_params": {**params, "seed": seed}})
    why = "the clip that the seed before it gave failed inspection"
    change = Deviation(
        field="generation_params.seed", asked=params.get("seed"), used=seed, reason=why
    )
    return replace(draft, request=request, deviations=(*draft.deviations, change))


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


def _files(
    services: Services, draft: Draft, asked: VideoRequest, camera: Camera
) -> dict[str, bytes]:
    """The files of a request, by its field, as bytes."""
    files = pictures(draft.materials, camera, draft.shape.size)
    if asked.audio is not None:
        files["audio"] = services.objects.read(draft.order.inputs["audio"])
    return files


def _paid(job: Job) -> float:
    """What an attempt cost, as far as is known; what nobody knows counts as its estimate."""
    if job.ending is None or job.ending.billed is Billed.NO:
        return 0.0
    return job.ending.cost_usd if job.ending.cost_usd is not None else job.estimate_usd
