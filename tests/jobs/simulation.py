"""A provider that takes money, and everything around it, in memory and in one thread."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from shared.clip import ObjectRef, Operation
from shared.jobs import breaker
from shared.jobs.breaker import Breaker, Contact
from shared.jobs.engine import JobsEngine
from shared.jobs.job import Job, Waiter, job_id, new_deadlines
from shared.jobs.outcome import Billed, Ending, JobState, Outcome, Reading, SubmitReading
from shared.jobs.ports import Down, ResultExpired
from shared.jobs.request import VideoRequest
from shared.ports import Conflict

PRICE = 0.25
START = datetime(2026, 11, 1, tzinfo=UTC)


ENDINGS = {
    "failed": (Outcome.FAILED, Billed.NO),
    "filtered": (Outcome.MODERATED, Billed.YES),
    "cancelled": (Outcome.CANCELLED, Billed.NO),
}


class Crash(BaseException):
    """The handler was killed. Not an Exception: nothing may catch it by accident."""


@dataclass
class World:
    """Everything that survives a crash: the rows, the provider's books, the queue, the clock."""

    now: datetime = START
    rows: dict[str, Job] = field(default_factory=dict)
    queue: list[tuple[datetime, str]] = field(default_factory=list)
    told: dict[str, list[str]] = field(default_factory=dict)
    rescues: list[str] = field(default_factory=list)
    provider: dict[str, str] = field(default_factory=dict)  # provider id → status
    owner: dict[str, str] = field(default_factory=dict)  # provider id → job id
    charged: dict[str, float] = field(default_factory=dict)
    booked: dict[str, tuple[str, float]] = field(default_factory=dict)
    reserved: dict[str, float] = field(default_factory=dict)
    slots: set[str] = field(default_factory=set)
    breaker: Breaker = field(default_factory=lambda: Breaker(provider="wavespeed"))
    sent_while_down: int = 0
    stopped: set[str] = field(default_factory=set)  # runs of which CANCEL was dropped
    asked_to_stop: list[str] = field(default_factory=list)
    can_cancel: bool = True
    can_look_up: bool = False
    next_answer: str = "accept"
    expired_once: set[str] = field(default_factory=set)
    fuse: int | None = None
    ids: "count[int]" = field(default_factory=count)

    def tick(self) -> None:
        """Every effect on the world burns the fuse, if one is lit."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise Crash

    # JobStore

    def job(self, job_id: str) -> Job | None:
        return self.rows.get(job_id)

    def save_job(self, job: Job) -> Job:
        self.tick()
        there = self.rows.get(job.job_id)
        if (there.version if there else 0) != job.version:
            raise Conflict("somebody else moved the job")
        saved = job.model_copy(update={"version": job.version + 1})
        self.rows[job.job_id] = saved
        self.tick()
        return saved

    def open_jobs(self) -> list[str]:
        return list(self.rows)

    def close_job(self, job_id: str) -> None:
        self.tick()

    # Gateway

    def submit(self, job: Job) -> SubmitReading:
        self.tick()
        if self.next_answer == "down":
            self.sent_while_down += 1
            return _refusal(Outcome.FAILED, retryable=True).model_copy(update={"unreachable": True})
        if self.next_answer == "rate":
            return _refusal(Outcome.RATE_LIMITED, retryable=True)
        if self.next_answer == "moderate":
            return _refusal(Outcome.MODERATED, retryable=False)
        if self.next_answer == "credit":
            return _refusal(Outcome.NO_CREDIT, retryable=False)
        provider_id = f"p{next(self.ids)}"
        self.provider[provider_id] = "processing"
        self.owner[provider_id] = job.job_id
        self.tick()
        if self.next_answer == "lost":
            return SubmitReading(ambiguous="the connection broke after the request was sent")
        return SubmitReading(job_id=provider_id)

    def poll(self, job: Job) -> Reading | Down | None:
        self.tick()
        status = self.provider[job.provider_job_id]
        if self.next_answer == "down":
            return Down("no connection")
        if status == "outage":
            return None
        if status == "completed":
            return Reading(ending=_done(), outputs=("https://results/clip.mp4",))
        if status in ENDINGS:
            return Reading(ending=_ended(*ENDINGS[status]))
        return Reading(provider_status=status, progress_percent=50)

    def cancel(self, job: Job) -> bool | None:
        self.tick()
        if not self.can_cancel:
            return None
        self.asked_to_stop.append(job.job_id)
        if self.provider[job.provider_job_id] == "processing":
            self.provider[job.provider_job_id] = "cancelled"
        return True

    def lookup(self, job: Job) -> SubmitReading | None:
        self.tick()
        if not self.can_look_up:
            return None
        for provider_id, owner in self.owner.items():
            if owner == job.job_id:
                return SubmitReading(job_id=provider_id)
        return _refusal(Outcome.FAILED, retryable=True)

    def fetch(self, job: Job) -> ObjectRef:
        self.tick()
        if job.job_id in self.expired_once:
            self.expired_once.discard(job.job_id)
            raise ResultExpired("410")
        return ObjectRef(bucket="work", key=f"jobs/{job.job_id}/result.mp4")

    def poll_delay_sec(self, job: Job) -> int:
        return 10

    # Slots

    def take(self, provider: str, job_id: str, now: datetime) -> bool:
        self.tick()
        self.slots.add(job_id)
        return True

    def give_back(self, provider: str, job_id: str) -> None:
        self.slots.discard(job_id)

    # Breakers

    def wait_sec(self, provider: str, job_id: str, now: datetime) -> float:
        return breaker.wait_sec(self.breaker, job_id, now)

    def may_send(self, provider: str, job_id: str, now: datetime) -> bool:
        if breaker.wait_sec(self.breaker, job_id, now) > 0:
            return False
        self._changed(breaker.begin_trial(self.breaker, job_id, now))
        return True

    def failed(self, provider: str, contact: Contact, reason: str, now: datetime) -> None:
        self._changed(breaker.failed(self.breaker, contact, reason, now))

    def answered(self, provider: str, contact: Contact) -> None:
        self._changed(breaker.answered(self.breaker, contact))

    def _changed(self, after: Breaker | None) -> None:
        if after is not None:
            self.tick()
            self.breaker = after
            self.tick()

    # Treasury

    def reserve(self, job: Job) -> None:
        self.tick()
        self.reserved[job.job_id] = PRICE
        self.tick()

    def close(self, job: Job) -> None:
        self.tick()
        billed = job.ending.billed if job.ending else Billed.UNKNOWN
        if job.state is JobState.SUBMIT_UNKNOWN:
            billed = Billed.UNKNOWN
        self.booked[job.job_id] = (billed.value, 0.0 if billed is Billed.NO else PRICE)
        self.tick()

    # Desk

    def again(self, job_id: str, delay_sec: int) -> None:
        self.tick()
        self.queue.append((self.now + timedelta(seconds=delay_sec), job_id))

    def tell(self, job: Job) -> None:
        self.tick()
        outcome = job.ending.outcome.value if job.ending else job.state.value
        for waiter in job.waiters:
            self.told.setdefault(waiter.token, []).append(outcome)

    def alive(self, job: Job) -> None:
        self.tick()
        for waiter in job.waiters:
            if waiter.run_id in self.stopped:
                self.told.setdefault(waiter.token, []).append(job.state.value)

    def wanted(self, job: Job) -> bool:
        runs = {waiter.run_id for waiter in job.waiters if waiter.run_id} or {job.run_id}
        return not runs <= self.stopped

    def rescued(self, job: Job) -> None:
        self.rescues.append(job.job_id)

    # driving it

    def engine(self) -> JobsEngine:
        return JobsEngine(
            store=self,
            gateway=lambda _: self,
            slots=self,
            breakers=self,
            treasury=self,
            desk=self,
            now=lambda: self.now,
        )

    def order(self, name: str = "a") -> str:
        """A job, queued once; ordering it again meets the same row."""
        identity = job_id("film", name, "wavespeed/wan-2.5", 1)
        if identity not in self.rows:
            self.rows[identity] = Job(
                version=1,
                job_id=identity,
                project_id="film",
                batch_id="day-1",
                run_id="run",
                stem=name,
                clip_key=name,
                candidate="wavespeed/wan-2.5",
                provider="wavespeed",
                request=VideoRequest(
                    operation=Operation.IMAGE_TO_VIDEO, model="wavespeed/wan-2.5", prompt="waves"
                ),
                estimate_usd=PRICE,
                waiters=(
                    Waiter(token=f"token-{name}", since=START.isoformat(), run_id=f"run-{name}"),
                ),
                **new_deadlines(self.now, timedelta(minutes=20), timedelta(hours=6)),
            )
        self.queue.append((self.now, identity))
        return identity

    def deliver(self, index: int = 0) -> None:
        """Hand one message to a handler; it is gone only if the handler came back."""
        if not self.queue:
            return
        self.queue.sort(key=lambda entry: entry[0])
        due, identity = self.queue[index % len(self.queue)]
        self.now = max(self.now, due)
        try:
            self.engine().advance(identity)
        except (Crash, Conflict):
            return  # the message stays on the queue, and is delivered again
        finally:
            self.fuse = None
        self.queue.remove((due, identity))

    def drain(self, steps: int = 400) -> None:
        """Deliver until nothing is queued, or for so many messages."""
        for _ in range(steps):
            if not self.queue:
                return
            self.deliver()

    def settle_provider(self, provider_id: str, status: str) -> None:
        """The provider comes to an end with a job; it charges for what it finished or filtered."""
        if self.provider[provider_id] == "processing":
            self.provider[provider_id] = status
            if status in ("completed", "filtered"):
                self.charged[provider_id] = PRICE


def _done() -> Ending:
    return Ending(outcome=Outcome.SUCCEEDED, billed=Billed.YES, retryable=False)


def _ended(outcome: Outcome, billed: Billed) -> Ending:
    return Ending(outcome=outcome, billed=billed, retryable=False, message="said the provider")


def _refusal(outcome: Outcome, *, retryable: bool) -> SubmitReading:
    return SubmitReading(
        ending=Ending(outcome=outcome, billed=Billed.NO, retryable=retryable, message="refused")
    )
