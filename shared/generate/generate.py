"""`ai_video_generate`: validate, refuse, choose, set money aside, make; in one call.

It drives the jobs engine that the deployed system has, over the same rows: an attempt is named by
its content, so calling again with the same content finds the clip that was paid for, or goes on
looking after the attempt that a call before this one had begun.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.catalog.can import Need
from shared.catalog.catalog import load_catalog
from shared.clip import ObjectRef, Operation
from shared.errors import InternalFault, InvalidInput, Problem
from shared.generate.errors import GenerationFailed, GenerationHeld
from shared.generate.files import ReadFiles, read_files
from shared.generate.request import Generated, GenerateRequest
from shared.generate.surroundings import Surroundings
from shared.jobs.job import Job, Waiter
from shared.jobs.outcome import JobState
from shared.jobs.request import VideoRequest
from shared.pipeline.attempt import (
    Attempt,
    is_spent,
    may_still_come,
    open_attempt,
    place_of,
    why_held,
)
from shared.pipeline.choosing import model_request
from shared.pipeline.decide import content_key
from shared.pipeline.materials import input_file
from shared.ports import Conflict
from shared.prompting import Brief, WrittenPrompt, written_once
from shared.prompting.brief import CREATOR
from shared.routing.fallback import Move, Tried, next_candidate
from shared.routing.rank import rank
from shared.routing.ranking import Candidate, Ranking

DEFAULT_SEC = 5.0
WAITER = "in-process"
BUSY_SEC = 1.0


def ai_video_generate(request: GenerateRequest, around: Surroundings) -> Generated:
    """Make one clip and wait for it.

    Raises
    ------
    InvalidInput : a file is not what it should be, or the request contradicts itself.
    ModelUnavailable : nobody of the route can do what is asked; nothing was spent.
    BudgetExceeded : the project's month does not hold it; nothing was spent.
    GenerationFailed : everybody was tried.
    GenerationHeld : somebody may still deliver and charge. Call again to look after it.
    """
    return _Call.open(request, around).made()


@dataclass
class _Call:
    request: GenerateRequest
    around: Surroundings
    files: ReadFiles
    wanted: VideoRequest
    written: WrittenPrompt | None
    ranking: Ranking
    key: str

    @classmethod
    def open(cls, request: GenerateRequest, around: Surroundings) -> "_Call":
        """Everything that is decided before money plays a part."""
        _refuse_contradictions(request)
        files = read_files(request)
        wanted, written = _video_request(request, files), None
        if request.prompt:
            written = WrittenPrompt(text=request.prompt, by=CREATOR)
        elif request.scene is not None:
            _rank(request, around, wanted).best_or_raise()  # nobody is asked for words in vain
            writer = around.prompts(request.project)
            brief = Brief(**request.scene.model_dump())
            written = written_once(around.objects, around.work_bucket, writer, brief)
            wanted = wanted.model_copy(update={"prompt": written.text})
        ranking = _rank(request, around, wanted)
        ranking.best_or_raise()
        # the files are in it by their hashes, not by their names
        said = wanted.model_dump(mode="json", exclude={"model", *files.media})
        hashes = {name: media.sha256 for name, media in files.media.items()}
        return cls(
            *(request, around, files, wanted, written, ranking),
            content_key({"generate": said, "files": hashes}),
        )

    def made(self) -> Generated:
        """The clip, from whoever makes it."""
        tries, driven = self._earlier(), False
        while True:
            jobs = [job for _, job_id in tries if (job := self.around.store.job(job_id))]
            last = jobs[-1] if jobs else None
            if last is not None and not last.state.ended:
                last, driven = self._driven(last), True
                jobs[-1] = last
            if last is not None and last.state is JobState.SUCCEEDED:
                return self._result(last, reused=not driven)
            held = next((job for job in jobs if _is_held(job)), None)
            if held is not None:
                raise GenerationHeld(why_held(held), details={"job_id": held.job_id})
            tries.append(self._next(tries, jobs))
            self._keep(tries)

    def _next(self, tries: Sequence[tuple[str, str]], jobs: Sequence[Job]) -> tuple[str, str]:
        """Open the next attempt; its money is asked for before anything is sent."""
        move = next_candidate(self.ranking, self._tried(tries, jobs))
        if move.move is not Move.TRY or move.candidate is None:
            raise GenerationFailed(
                f"no model made the clip: {move.reason}.",
                details={"attempts": [_told(job) for job in jobs]},
            )
        around, attempt = self.around, self._attempt(move.candidate, tries)
        place = place_of(around.objects, around.store, attempt)
        bucket, now = around.work_bucket, around.now()
        job = open_attempt(around.objects, bucket, around.store, attempt, place, now)
        if job.state is JobState.QUEUED:
            around.treasury.reserve(job)
        return move.candidate.key, job.job_id

    def _attempt(self, candidate: Candidate, tries: Sequence[tuple[str, str]]) -> Attempt:
        row = load_catalog().find(candidate.model)
        if row is None:
            raise InternalFault(f"the catalogue lost {candidate.model}")
        return Attempt(
            project_id=self.request.project,
            clip_key=self.key,
            candidate=candidate,
            request=model_request(row, candidate, self.wanted),
            files=self.files.data,
            stem=self.key[:12],
            tried=sum(key == candidate.key for key, _ in tries),
        )

    def _driven(self, job: Job) -> Job:
        """Advance the job until it has an end, or nobody can say whether it runs."""
        engine, desk = self.around.engine()
        since = self.around.now().isoformat()
        engine.wait(job.job_id, Waiter(token=WAITER, since=since))
        while True:
            try:
                moved = engine.advance(job.job_id)
            except Conflict:  # somebody else looks after the same row: their step counts
                self.around.sleep(BUSY_SEC)
                continue
            if moved is None:
                raise InternalFault(f"the row of job {job.job_id} is gone")
            if moved.state.ended or moved.state is JobState.SUBMIT_UNKNOWN:
                return moved
            self.around.sleep(desk.delay_sec.pop(job.job_id, BUSY_SEC))

    def _tried(self, tries: Sequence[tuple[str, str]], jobs: Sequence[Job]) -> list[Tried]:
        candidates = {candidate.key: candidate for candidate in self.ranking.candidates}
        endings = {job.job_id: job.ending for job in jobs}
        found: list[Tried] = []
        for key, job_id in tries:
            candidate, ending = candidates.get(key), endings.get(job_id)
            if candidate is not None and ending is not None:
                found.append((candidate, ending))
        return found

    def _earlier(self) -> list[tuple[str, str]]:
        """The attempts of the same call before, as long as their last one still counts.

        Once everybody was tried in vain, calling again is a new wish: it begins with the first.
        """
        try:
            data = self.around.objects.read(self._tries_ref)
        except FileNotFoundError:
            return []
        tries = [(key, job_id) for key, job_id in json.loads(data)]
        job = self.around.store.job(tries[-1][1]) if tries else None
        gone = job is None or is_spent(self.around.objects, job)
        return [] if gone else tries

    @property
    def _tries_ref(self) -> ObjectRef:
        project = content_key(self.request.project)[:12]
        key = f"generated/{project}/{self.key}/tries.json"
        return ObjectRef(bucket=self.around.work_bucket, key=key)

    def _keep(self, tries: Sequence[tuple[str, str]]) -> None:
        ref = self._tries_ref
        data = json.dumps(tries).encode()
        self.around.objects.write(ref.bucket, ref.key, data, content_type="application/json")

    def _result(self, job: Job, *, reused: bool) -> Generated:
        row, sent = load_catalog().find(job.request.model), job.request
        if job.result is None or row is None:
            raise InternalFault(f"job {job.job_id} succeeded without a file")
        charged = job.ending.cost_usd if job.ending else None
        candidate = next((c for c in self.ranking.candidates if c.key == job.candidate), None)
        expands = row.capabilities.prompt_expansion is not Need.NO
        return Generated(
            file=job.result,
            job_id=job.job_id,
            model=sent.model,
            provider=job.provider,
            prediction_id=job.provider_job_id,
            cost_usd=job.estimate_usd if charged is None else charged,
            reused=reused,
            operation=sent.operation,
            prompt=sent.prompt,
            prompt_written_by=self.written.by if self.written else "",
            prompt_expansion=sent.enable_prompt_expansion if expands else None,
            duration_sec=sent.audio.duration_sec
            if row.capabilities.duration_from_audio and sent.audio
            else sent.duration_sec,
            resolution=sent.resolution or row.capabilities.default_resolution,
            inputs={name: input_file(each) for name, each in self.files.media.items()},
            why=tuple(self.ranking.explanation(candidate)),
        )


def _refuse_contradictions(request: GenerateRequest) -> None:
    problems = []
    if request.prompt and request.scene is not None:
        problems.append(Problem("scene", "is given beside `prompt`.", "Keep one.", "conflict"))
    if request.operation is Operation.CAMERA_MOVE:
        message = "is `camera_move`, which no model is asked for."
        problems.append(Problem("operation", message, "Drop a manifest.", "contradiction"))
    if request.operation is Operation.TEXT_TO_VIDEO and request.image is not None:
        message = "is given, and `text_to_video` makes a clip from words alone."
        problems.append(Problem("image", message, "Ask for `image_to_video`.", "contradiction"))
    if request.operation is Operation.TALKING_AVATAR:
        problems += [
            Problem(name, "is required for `talking_avatar`.", f"Give `{name}`.", "missing")
            for name in ("image", "audio")
            if getattr(request, name) is None
        ]
    if problems:
        raise InvalidInput.because(problems)


def _video_request(request: GenerateRequest, files: ReadFiles) -> VideoRequest:
    from_sound = request.operation is Operation.TALKING_AVATAR
    return VideoRequest(
        operation=request.operation,
        model="",
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        **dict(files.media),
        duration_sec=request.duration_sec or (None if from_sound else DEFAULT_SEC),
        resolution=None if request.resolution == "auto" else request.resolution,
        aspect=request.aspect,
        seed=request.seed,
        guidance=request.guidance,
        enable_prompt_expansion=request.enable_prompt_expansion,
        params=request.params,
    )


def _rank(request: GenerateRequest, around: Surroundings, wanted: VideoRequest) -> Ranking:
    image = wanted.image
    size = (image.width, image.height) if image else (None, None)
    return rank(
        request.route,
        wanted,
        around.policy(request.project),
        around.engines,
        prompt_follows=request.scene is not None and not wanted.prompt,
        lines=min(size[0], size[1]) if size[0] and size[1] else None,
    )


def _is_held(job: Job) -> bool:
    return job.state is JobState.SUBMIT_UNKNOWN or may_still_come(job)


def _told(job: Job) -> dict[str, Any]:
    ending = job.ending
    return {
        "candidate": job.candidate,
        "job_id": job.job_id,
        "outcome": ending.outcome.value if ending else job.state.value,
        "billed": ending.billed.value if ending else "unknown",
        "message": ending.message if ending else job.note,
    }
