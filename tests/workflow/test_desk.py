"""The jobs' desk and the workflow together: which word of a job leads the clip where."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.aws.desk import JobDesk
from shared.aws.jobs import JobsQueue, Tasks
from shared.batch import BatchState
from shared.clip import ObjectRef, Operation
from shared.jobs.job import Job, Waiter, new_deadlines
from shared.jobs.outcome import JobState
from shared.jobs.request import VideoRequest
from shared.state import RunRow
from tests.pipeline.house import build_house
from tests.workflow.answers import ITEM, RUN, generated_clip, routed
from tests.workflow.definitions import clip_definition
from tests.workflow.engine import Engine


@dataclass
class Office:
    """A real desk that tells every task that waits how its job stands."""

    engine: Engine
    state: JobState
    stopped: bool = False
    drops: list[ObjectRef] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.house = build_house()
        row = RunRow(
            project_id=RUN["project_id"],
            batch_id=RUN["batch_id"],
            manifest="manifest.json",
            run_id=RUN["run_id"],
            state=BatchState.RENDERING,
            source=ObjectRef.model_validate(RUN["manifest"]),
            manifest_sha256="",
            accepted_at="",
            cancel_requested=self.stopped,
        )
        self.house.services.rows.save_run(row)

    def open(self) -> None:
        for body in self.engine.new_jobs():
            waiter = Waiter(
                token=body["token"],
                since="",
                run_id=body["run"]["run_id"],
                manifest_key=body["run"]["manifest"]["key"],
            )
            job = self._job(body["job_id"], waiter)
            desk = JobDesk(
                self.house.services,
                JobsQueue(self.engine.clients.sqs, self.engine.jobs),
                Tasks(self.engine.clients.sfn),
                self.house,
            )
            desk.alive(job) if job.state is JobState.RUNNING else desk.tell(job)

    def _job(self, job_id: str, waiter: Waiter) -> Job:
        return Job(
            job_id=job_id,
            project_id=RUN["project_id"],
            batch_id=RUN["batch_id"],
            run_id=RUN["run_id"],
            stem=ITEM["stem"],
            clip_key="xyz",
            candidate="wavespeed/wan-2.5",
            provider="wavespeed",
            state=self.state,
            note="the line broke",
            request=VideoRequest(operation=Operation.IMAGE_TO_VIDEO, model="wavespeed/wan-2.5"),
            waiters=(waiter,),
            **new_deadlines(self.house.clock(), *2 * [self.house.clock.ahead]),
        )


def walk(engine: Engine, office: Office) -> Any:
    why = "so says the row"
    generated_clip(
        engine,
        routed("generate", job_id="job-1"),
        routed("hold", job_id="job-1", reason=why),
    )
    return engine.run(clip_definition(), ITEM, meanwhile=office.open)


def test_a_clip_that_is_there_is_finished_at_once(engine: Engine) -> None:
    ended = walk(engine, Office(engine, JobState.SUCCEEDED))
    assert ended.states[2:4] == ["Generate", "FinishClip"]
    assert "RouteClip" not in ended.states


@pytest.mark.parametrize(
    "state",
    [JobState.FAILED, JobState.REJECTED, JobState.CANCELLED, JobState.SUBMIT_UNKNOWN],
)
def test_a_job_that_brought_nothing_is_for_the_router(engine: Engine, state: JobState) -> None:
    ended = walk(engine, Office(engine, state))
    assert ended.states[2:4] == ["Generate", "RouteClip"]
    assert engine.pauses == []
    assert engine.tries("FinishClip") == 0


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.SUCCEEDED])
def test_the_task_of_a_stopped_run_waits_no_longer_and_the_router_says_why(
    engine: Engine, state: JobState
) -> None:
    ended = walk(engine, Office(engine, state, stopped=True))
    assert ended.states[2:4] == ["Generate", "RouteClip"]
    assert engine.tries("FinishClip") == 0
