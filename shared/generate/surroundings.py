"""What a call needs around it: the jobs engine's ports, and who may make clips for whom."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.jobs.engine import JobsEngine
from shared.jobs.job import Job
from shared.jobs.memory import NeverPaused
from shared.jobs.ports import Breakers, Gateway, JobStore, Slots, Treasury
from shared.pipeline.services import open_policy, template_writer
from shared.ports import ObjectStore
from shared.prompting.brief import PromptWriter
from shared.routing.policy import Policy


def nobody_watches(_job: Job) -> None:
    """Where nobody wants to see progress."""


@dataclass(kw_only=True)
class Surroundings:
    """The outside world of a call: the very ports that the deployed jobs engine has.

    `progress` is told of the job at every look (C12); `sleep` waits between two.
    """

    objects: ObjectStore
    work_bucket: str
    store: JobStore
    slots: Slots
    treasury: Treasury
    gateway: Callable[[Job], Gateway]
    engines: frozenset[str]
    breakers: Breakers = field(default_factory=NeverPaused)
    policy: Callable[[str], Policy] = open_policy
    prompts: Callable[[str], PromptWriter] = template_writer
    progress: Callable[[Job], None] = nobody_watches
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    def engine(self) -> tuple[JobsEngine, "InProcessDesk"]:
        """The jobs engine, and the desk that says when to look again."""
        desk = InProcessDesk(self.progress)
        engine = JobsEngine(
            store=self.store,
            gateway=self.gateway,
            slots=self.slots,
            breakers=self.breakers,
            treasury=self.treasury,
            desk=desk,
            now=self.now,
        )
        return engine, desk


@dataclass
class InProcessDesk:
    """`Desk` of an engine that the caller drives: the caller is the queue, and waits itself."""

    progress: Callable[[Job], None]
    delay_sec: dict[str, int] = field(default_factory=dict)

    def again(self, job_id: str, delay_sec: int) -> None:
        self.delay_sec[job_id] = delay_sec

    def tell(self, job: Job) -> None:
        self.progress(job)

    def alive(self, job: Job) -> None:
        self.progress(job)

    def wanted(self, job: Job) -> bool:
        """The caller waits for it."""
        return True

    def rescued(self, job: Job) -> None:
        """The caller sees the end itself."""
