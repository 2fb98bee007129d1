"""RouteClip: what happens next to a clip that a model makes: try, finish, hold, or give up.

It is asked before the first attempt and after each. All it knows are the jobs' rows, so a retry, a
replay or a redrive comes to the same answer, and never to a second payment.
"""

import hashlib
import io
import json
from enum import StrEnum

from PIL import Image

from shared.batch import ClipStatus, Cost
from shared.catalog.model import CAMERA_MOVE
from shared.clip import ClipPlan, Document, ObjectRef
from shared.errors import ModelUnavailable
from shared.jobs.deadlines import RESCUE, deadline_for
from shared.jobs.job import Job, job_id, new_deadlines
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from shared.jobs.ports import JobStore
from shared.pipeline.choosing import (
    KEYFRAME_TYPE,
    camera_params,
    full_prompt,
    maker_of,
    rank_clip,
    video_request,
)
from shared.pipeline.decide import Shape, decide_clip, decide_shape
from shared.pipeline.plan import ClipOrder
from shared.pipeline.prepare import lut_hash, read_keyframe, read_order, write_plan
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
        held = next((job for job in rows if _may_still_come(job)), None)
        if held is not None:
            return Routed(step=Step.HOLD, clip_key=held.clip_key, reason=_why_held(held))
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
    ranking = rank_clip(services, item.run.project_id, order.request, shape)
    move = next_candidate(ranking, _tried(ranking, tries, rows))
    if move.move is not Move.TRY or move.candidate is None:
        raise ModelUnavailable(f"no model made the clip: {move.reason}.")
    maker = maker_of(ranking, move.candidate, order.request.motion.duration_sec)
    plan = decide_clip(item, order, keyframe, shape, maker, lut_hash(services, order))
    write_plan(services, item, plan, keyframe)
    if maker.engine == CAMERA_MOVE:
        return Routed(step=Step.FINISH, clip_key=plan.clip_key), plan
    job = _open_job(services, jobs, item, order, keyframe, shape, plan, move.candidate, tries)
    _write_tries(services, item, [*tries, _Try(candidate=move.candidate.key, job_id=job.job_id)])
    return Routed(step=Step.GENERATE, clip_key=plan.clip_key, job_id=job.job_id), plan


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
    attempt = 1 + sum(each.candidate == candidate.key for each in tries)
    identity = job_id(item.run.project_id, plan.clip_key, candidate.key, attempt)
    there = jobs.job(identity)
    while there is not None and _is_spent(services, there):
        attempt += 1
        identity = job_id(item.run.project_id, plan.clip_key, candidate.key, attempt)
        there = jobs.job(identity)
    if there is not None:
        return there
    image = _first_view(keyframe, shape)
    key = f"jobs/{identity}/keyframe.png"
    ref = services.objects.write(services.work_bucket, key, image, content_type=KEYFRAME_TYPE)
    request = video_request(order.request, shape)
    facts = {"size_bytes": len(image), "sha256": hashlib.sha256(image).hexdigest()}
    media = request.image.model_copy(update=facts) if request.image else None
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
                "params": {
                    **request.params,
                    **camera_params(order.request, shape, candidate.model),
                },
            }
        ),
        inputs={"image": ref} if media else {},
        manifest=item.run.manifest,
        estimate_usd=float(candidate.quote.high),
        **new_deadlines(services.now(), deadline_for(request.operation, candidate.engine), RESCUE),
    )
    try:
        return jobs.save_job(job)
    except Conflict:  # a retry of this very step was faster
        return jobs.job(identity) or job


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
