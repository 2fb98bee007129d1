"""RouteClip: what happens next to a clip that a model makes: try, finish, hold, or give up.

It is asked before the first attempt and after each. All it knows are the jobs' rows, so a retry, a
replay or a redrive comes to the same answer, and never to a second payment.
"""

import io
import json
from collections.abc import Iterator
from enum import StrEnum

from PIL import Image

from shared.batch import ClipStatus, Cost
from shared.catalog.model import CAMERA_MOVE
from shared.clip import ClipPlan, Document, ObjectRef
from shared.errors import BatchCancelled, ModelUnavailable
from shared.jobs.deadlines import RESCUE, deadline_for
from shared.jobs.job import Job, job_id, new_deadlines
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.jobs.ports import JobStore
from shared.pipeline.choosing import (
    KEYFRAME_TYPE,
    full_prompt,
    maker_of,
    rank_clip,
    video_request,
)
from shared.pipeline.decide import Shape, decide_clip, decide_shape
from shared.pipeline.plan import ClipOrder
from shared.pipeline.prepare import (
    lut_hash,
    read_keyframe,
    read_order,
    scoring_of,
    write_plan,
)
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.ports import Conflict
from shared.routing.fallback import Move, Tried, next_candidate
from shared.routing.ranking import Candidate, Ranking
from shared.video.keyframe import Keyframe


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
            routed = _route(services, jobs, item, stage, tries, rows)
            services.meter.add("transitions", TRANSITIONS[routed.step])
            return routed
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
    held = next((job for job in rows if _may_still_come(job)), None)
    if held is not None:
        return Routed(step=Step.HOLD, clip_key=held.clip_key, reason=_why_held(held))
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
        yield _why_held(job)
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
        reason=_why_held(job) if held else "",
    )


def _may_still_come(job: Job) -> bool:
    ending = job.ending
    return (
        ending is not None
        and ending.outcome is Outcome.TIMED_OUT
        and ending.billed is Billed.UNKNOWN
    )


def _why_held(job: Job) -> str:
    if job.state is JobState.SUBMIT_UNKNOWN:
        return (
            f"nobody can say whether {job.provider} accepted job {job.job_id} ({job.note}). "
            "Nothing else is paid until that is known: see `dropreel jobs`."
        )
    return job.ending.message if job.ending else ""


def _next_try(
    services: Services, jobs: JobStore, item: ClipItem, tries: list[_Try], rows: list[Job]
) -> tuple[Routed, ClipPlan]:
    order = read_order(services, item)
    keyframe = read_keyframe(services, order.keyframe)
    shape = decide_shape(order.request, keyframe)
    ranking = rank_clip(services, item.run.project_id, order.request, shape.size)
    tried = _tried(ranking, tries, rows)
    move = next_candidate(ranking, tried)
    if move.move is not Move.TRY or move.candidate is None:
        raise ModelUnavailable(f"no model made the clip: {move.reason}.")

    _, denied = scoring_of(services, item, order)

    def decide(chosen: Ranking, candidate: Candidate) -> ClipPlan:
        maker = maker_of(chosen, candidate, order.request.motion.duration_sec)
        return decide_clip(item, order, keyframe, shape, maker, lut_hash(services, order), denied)

    candidate, plan = move.candidate, decide(ranking, move.candidate)
    health = services.health()
    if candidate.engine in health and not _is_begun(services, jobs, item, plan, candidate, tries):
        # Paused, and nothing of it is paid: who is well goes first. The camera is another kind of
        # clip: it stands in when the models have failed, not while one takes a rest.
        well = rank_clip(services, item.run.project_id, order.request, shape.size, health)
        other = next_candidate(well, tried).candidate
        if other is not None and other.engine not in {CAMERA_MOVE, *health}:
            candidate, plan = other, decide(well, other)
    if _read_plan(services, item) != plan:  # PrepareClip's, as long as its first choice holds
        write_plan(services, item, plan, keyframe)
    if plan.engine == CAMERA_MOVE:
        return Routed(step=Step.FINISH, clip_key=plan.clip_key), plan
    job = _open_job(services, jobs, item, order, keyframe, shape, plan, candidate, tries)
    _write_tries(services, item, [*tries, _Try(candidate=candidate.key, job_id=job.job_id)])
    return Routed(step=Step.GENERATE, clip_key=plan.clip_key, job_id=job.job_id), plan


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


def _open_job(
    services: Services,
    jobs: JobStore,
    item: ClipItem,
    order: ClipOrder,
    keyframe: Keyframe,
    shape: Shape,
    plan: ClipPlan,
    candidate: Candidate,
    tries: list[_Try],
) -> Job:
    """The row of the next attempt: a new one, or the very one that the same content has already."""
    attempt, identity, there = _attempt(services, jobs, item, plan, candidate, tries)
    if there is not None:
        return there
    image = _first_view(keyframe, shape)
    key = f"jobs/{identity}/keyframe.png"
    ref = services.objects.write(services.work_bucket, key, image, content_type=KEYFRAME_TYPE)
    request = video_request(order.request, shape.size)
    media = request.image.model_copy(update={"size_bytes": len(image)}) if request.image else None
    job = Job(
        job_id=identity,
        project_id=item.run.project_id,
        batch_id=item.run.batch_id,
        run_id=item.run.run_id,
        stem=item.stem,
        clip_key=plan.clip_key,
        candidate=candidate.key,
        provider=candidate.engine.removeprefix("api:"),
        attempt=attempt,
        request=request.model_copy(
            update={
                "model": candidate.model,
                "prompt": full_prompt(order.request, shape, candidate.model),
                "image": media,
                "duration_sec": candidate.duration_sec or request.duration_sec,
            }
        ),
        inputs={"image": ref} if media else {},
        manifest=item.run.manifest,
        estimate_usd=float(candidate.quote.high),
        **new_deadlines(
            services.now(),
            services.limits.job_deadline or deadline_for(request.operation),
            RESCUE,
        ),
    )
    try:
        return jobs.save_job(job)
    except Conflict:  # a retry of this very step was faster
        return jobs.job(identity) or job


def _attempt(
    services: Services,
    jobs: JobStore,
    item: ClipItem,
    plan: ClipPlan,
    candidate: Candidate,
    tries: list[_Try],
) -> tuple[int, str, Job | None]:
    """Number and name of the candidate's next attempt, and its row if somebody has begun it."""
    attempt = 1 + sum(each.candidate == candidate.key for each in tries)
    while True:
        identity = job_id(item.run.project_id, plan.clip_key, candidate.key, attempt)
        there = jobs.job(identity)
        if there is None or not _is_spent(services, there):
            return attempt, identity, there
        attempt += 1


def _is_begun(
    services: Services,
    jobs: JobStore,
    item: ClipItem,
    plan: ClipPlan,
    candidate: Candidate,
    tries: list[_Try],
) -> bool:
    """Does the candidate's attempt exist, made or in the making, by whichever run?"""
    return _attempt(services, jobs, item, plan, candidate, tries)[2] is not None


def _is_spent(services: Services, job: Job) -> bool:
    """Is this row no use any more: ended without a clip, or its file has expired since?"""
    if job.state is JobState.SUCCEEDED:
        result = job.result
        return result is None or services.objects.head(result.bucket, result.key) is None
    return job.state.ended and not _may_still_come(job)


def _first_view(keyframe: Keyframe, shape: Shape) -> bytes:
    """The start rectangle of the keyframe at the clip's size, as PNG."""
    x1, y1, x2, y2 = shape.path.start
    width, height = keyframe.size
    box = (x1 * width, y1 * height, x2 * width, y2 * height)
    view = Image.fromarray(keyframe.rgb).resize(shape.size, Image.Resampling.LANCZOS, box=box)
    out = io.BytesIO()
    view.save(out, "PNG")
    return out.getvalue()


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


def _read_plan(services: Services, item: ClipItem) -> ClipPlan | None:
    ref = ObjectRef(bucket=services.work_bucket, key=item.run.work.plan(item.index))
    try:
        return ClipPlan.model_validate_json(services.objects.read(ref))
    except FileNotFoundError:
        return None


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
