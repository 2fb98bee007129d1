"""The next attempt at a clip: who may try, with what, and who gets the clip when nobody may."""

from dataclasses import replace

from shared.catalog.model import CAMERA_MOVE
from shared.clip import ClipPlan, Deviation
from shared.errors import ModelUnavailable
from shared.jobs.ports import JobStore
from shared.jobs.request import VideoRequest
from shared.pipeline.attempt import Attempt, begun, open_attempt
from shared.pipeline.choosing import maker_of
from shared.pipeline.decide import Draft, Maker, decide_clip
from shared.pipeline.draft import rank_draft, write_plan
from shared.pipeline.history import History
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.step import Routed, Step
from shared.pipeline.tries import Try, another_seed, tried_so_far, write_tries
from shared.pipeline.views import pictures
from shared.routing.fallback import Move, NextStep, Tried, next_candidate
from shared.routing.ranking import Candidate, Ranking


class NextTry:
    """One look at who may try next, with everything that it is decided from."""

    def __init__(
        self,
        services: Services,
        jobs: JobStore,
        item: ClipItem,
        draft: Draft,
        ranking: Ranking,
        history: History,
    ) -> None:
        self._services = services
        self._jobs = jobs
        self._item = item
        self._draft = draft
        self._ranking = ranking
        self._tries = history.tries
        self._rows = history.rows

    def open(self) -> tuple[Routed, ClipPlan]:
        """Open the next attempt, or hand the clip to the camera, or to a person."""
        ranking = self._ranking
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
        attempt = self._attempt(draft, chosen, plan, maker.asked)
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
            self._attempt(draft, candidate, plan, maker.asked, with_files=False),
        )

    def _attempt(
        self,
        draft: Draft,
        candidate: Candidate,
        plan: ClipPlan,
        asked: VideoRequest,
        *,
        with_files: bool = True,
    ) -> Attempt:
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
            files=_files(self._services, draft, asked) if with_files else {},
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


def _files(services: Services, draft: Draft, asked: VideoRequest) -> dict[str, bytes]:
    """The files of a request, by its field, as bytes."""
    files = pictures(draft.materials, draft.shape.path.start, draft.shape.size)
    if asked.audio is not None:
        files["audio"] = services.objects.read(draft.order.inputs["audio"])
    return files
