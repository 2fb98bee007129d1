"""Moving one job one step.

Each step reads the row, does at most one thing in the world, and writes the row under a condition.
A step may die anywhere and be run again, twice at once, late or in any order:

- The row says SUBMITTING before the POST is sent. Who finds it so, and old enough that no POST can
  still be on its way, asks the provider or holds the job: it is never sent again unasked.
- What follows an end (money, slot, waiters) is done every time the ended job is looked at, and is
  harmless to repeat.
- Two steps at once: one of them loses the write, and drops what it knows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.errors import InvalidInput, Transient
from shared.jobs.breaker import Contact
from shared.jobs.job import Job, Waiter
from shared.jobs.outcome import Billed, Ending, JobState, Outcome, Reading, SubmitReading
from shared.jobs.ports import (
    Breakers,
    Desk,
    Down,
    Gateway,
    JobStore,
    ResultExpired,
    ResultUnusable,
    Slots,
    Treasury,
)
from shared.meter import summed
from shared.ports import Conflict

SUBMIT_GRACE = timedelta(minutes=3)
"""How long a POST may be on its way: its timeout, the handler's, and some."""

SLOT_PAUSE_SEC = 10
LONGEST_LOOK_SEC = 60
"""A job that waits for a paused provider is looked at so often: it may have been cancelled."""

UNKNOWN_PAUSE_SEC = 300
RESCUE_PAUSE_SEC = 600
FETCH_TRIES = 12
REFUSALS = 20
WAIT_TRIES = 6

STOPPABLE = frozenset({JobState.QUEUED, JobState.RUNNING})
"""In any other state there is nothing to stop: it was just sent, it is done, or it is over."""

END_STATES = {
    Outcome.FAILED: JobState.FAILED,
    Outcome.TIMED_OUT: JobState.FAILED,
    Outcome.MODERATED: JobState.REJECTED,
    Outcome.NO_CREDIT: JobState.REJECTED,
    Outcome.RATE_LIMITED: JobState.FAILED,
    Outcome.CANCELLED: JobState.CANCELLED,
}


@dataclass(frozen=True, kw_only=True)
class JobsEngine:
    """The engine with its surroundings."""

    store: JobStore
    gateway: Callable[[Job], Gateway]
    slots: Slots
    breakers: Breakers
    treasury: Treasury
    desk: Desk
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    usage: Callable[[], dict[str, float]] = dict

    def advance(self, job_id: str) -> Job | None:
        """Move the job one step; returns its row, or None when there is no such job.

        Raises
        ------
        Conflict : somebody else moved it at the same moment; their step counts.
        """
        job = self.store.job(job_id)
        if job is None:
            return None
        job = self._heed_cancel(job)
        step = {
            JobState.QUEUED: self._submit,
            JobState.SUBMITTING: self._find_submitted,
            JobState.RUNNING: self._poll,
            JobState.FETCHING: self._fetch,
            JobState.SUBMIT_UNKNOWN: self._ask_unknown,
        }.get(job.state, self._after_end)
        return step(job)

    def _heed_cancel(self, job: Job) -> Job:
        """Note on the row that nobody wants the clip any more, as long as that can change a thing.

        The word is the runs' rows, so a job that is opened after CANCEL was dropped hears it too.
        """
        if job.state not in STOPPABLE or job.cancel_requested or self.desk.wanted(job):
            return job
        return self._save(job.model_copy(update={"cancel_requested": True}))

    def wait(self, job_id: str, waiter: Waiter) -> None:
        """Put a waiting task onto the job's row; it is told when the job ends.

        Who waits wants the clip, whoever else has cancelled it before.

        Raises
        ------
        Conflict : the row is too busy just now.
        """
        for _ in range(WAIT_TRIES):
            job = self.store.job(job_id)
            if job is None or any(each.token == waiter.token for each in job.waiters):
                return
            withdrawn = job.cancel_requested and job.state.ended
            update = {"waiters": (*job.waiters, waiter), "cancel_requested": withdrawn}
            try:
                self.store.save_job(job.model_copy(update=update))
            except Conflict:
                continue
            return
        raise Conflict(f"the row of job {job_id} is too busy")

    def _save(self, job: Job) -> Job:
        update = {
            "updated_at": self.now().isoformat(),
            "steps": job.steps + 1,
            "usage": summed(job.usage, self.usage()),
        }
        return self.store.save_job(job.model_copy(update=update))

    # QUEUED

    def _submit(self, job: Job) -> Job:
        now = self.now()
        if job.cancel_requested:
            return self._end(
                job.ended_as(JobState.CANCELLED, Outcome.CANCELLED, "cancelled before it was sent")
            )
        if job.overdue(now) or job.refusals >= REFUSALS:
            message = f"not accepted in time ({job.refusals} refusals)"
            return self._end(job.ended_as(JobState.FAILED, Outcome.TIMED_OUT, message))
        must_wait_sec = self._take_turn(job, now)
        if must_wait_sec:
            self.desk.again(job.job_id, must_wait_sec)
            self.desk.alive(job)
            return job
        try:
            self.treasury.reserve(job)
        except InvalidInput as error:
            return self._end(job.ended_as(JobState.REJECTED, Outcome.NO_CREDIT, error.message))
        submitting = self._save(job.moved(JobState.SUBMITTING, submits=job.submits + 1))
        reading = self.gateway(job).submit(submitting)
        submitted = self._submitted(submitting, reading)
        self._note_sending(job.provider, reading)
        return submitted

    def _take_turn(self, job: Job, now: datetime) -> int:
        """0 when the job may be sent now: its provider is not paused, and it holds a slot."""
        paused_sec = self.breakers.wait_sec(job.provider, job.job_id, now)
        if paused_sec > 0:
            return int(min(LONGEST_LOOK_SEC, paused_sec)) + 1
        if not self.slots.take(job.provider, job.job_id, now):
            return SLOT_PAUSE_SEC
        if self.breakers.may_send(job.provider, job.job_id, now):
            return 0
        self.slots.give_back(job.provider, job.job_id)
        return SLOT_PAUSE_SEC

    def _note_sending(self, provider: str, reading: SubmitReading) -> None:
        """Tell the breaker: after everything else, since forgetting this costs nothing."""
        if reading.ambiguous or reading.unreachable:
            why = reading.ambiguous or (reading.ending.message if reading.ending else "")
            self.breakers.failed(provider, Contact.SEND, why, self.now())
        else:
            self.breakers.answered(provider, Contact.SEND)

    def _submitted(self, job: Job, reading: SubmitReading) -> Job:
        if reading.job_id:
            return self._go_on(job.moved(JobState.RUNNING, **_handles(reading)))
        if reading.ambiguous:
            return self._hold(job, reading.ambiguous)
        ending = reading.ending or _nothing_said()
        refused = job.model_copy(update={"refusals": job.refusals + 1, "note": ending.message})
        if ending.outcome is Outcome.RATE_LIMITED or (ending.retryable and not _final(ending)):
            again = self._save(refused.moved(JobState.QUEUED))
            self.slots.give_back(job.provider, job.job_id)
            self.desk.again(job.job_id, int(reading.retry_after_sec or SLOT_PAUSE_SEC))
            return again
        return self._end(refused.moved(END_STATES[ending.outcome], ending=ending))

    # SUBMITTING, found by somebody who did not send it

    def _find_submitted(self, job: Job) -> Job:
        age = self.now() - datetime.fromisoformat(job.updated_at)
        if age < SUBMIT_GRACE:
            self.desk.again(job.job_id, int((SUBMIT_GRACE - age).total_seconds()) + 1)
            return job
        found = self.gateway(job).lookup(job)
        if found is None:
            return self._hold(job, "the step that sent it never came back")
        return self._submitted(job, found)

    def _hold(self, job: Job, why: str) -> Job:
        held = self._save(job.moved(JobState.SUBMIT_UNKNOWN, note=why))
        return self._after_end(held)

    # SUBMIT_UNKNOWN

    def _ask_unknown(self, job: Job) -> Job:
        found = self.gateway(job).lookup(job)
        if found is not None and found.job_id:
            return self._go_on(job.moved(JobState.RUNNING, **_handles(found)))
        if found is not None and found.ending is not None:
            refused = job.model_copy(update={"refusals": job.refusals + 1})
            return self._end(refused.moved(JobState.FAILED, ending=found.ending))
        return self._after_end(job)

    # RUNNING

    def _poll(self, job: Job) -> Job:
        gateway = self.gateway(job)
        if job.cancel_requested:
            job = job.model_copy(update={"stopping": _heard(gateway.cancel(job), job.provider)})
        reading = self._ask(gateway, job)
        if reading is None or reading.ending is None:
            if job.overdue(self.now()):
                return self._time_out(job)
            if reading is not None:
                job = job.model_copy(
                    update={
                        "progress_percent": max(
                            job.progress_percent, reading.progress_percent or 0
                        ),
                        "progress_text": reading.progress_text,
                        "provider_status": reading.provider_status,
                    }
                )
            return self._go_on(job)
        if reading.ending.outcome is Outcome.SUCCEEDED:
            fetching = job.moved(
                JobState.FETCHING,
                outputs=reading.outputs,
                ending=reading.ending,
                provider_status=reading.provider_status,
                progress_percent=90,
            )
            return self._fetch(self._save(fetching))
        return self._end(job.moved(END_STATES[reading.ending.outcome], ending=reading.ending))

    def _ask(self, gateway: Gateway, job: Job) -> Reading | None:
        """How the job is doing, and a word to the breaker."""
        said = gateway.poll(job)
        if isinstance(said, Down):
            self.breakers.failed(job.provider, Contact.ASK, said.reason, self.now())
            return None
        if said is not None:
            self.breakers.answered(job.provider, Contact.ASK)
        return said

    def _time_out(self, job: Job) -> Job:
        message = (
            f"{job.provider} did not finish by {job.deadline_at}; it is still watched until "
            f"{job.rescue_until}, and delivered if it finishes"
        )
        return self._end(
            job.ended_as(JobState.FAILED, Outcome.TIMED_OUT, message, billed=Billed.UNKNOWN)
        )

    def _go_on(self, job: Job) -> Job:
        saved = self._save(job)
        self.desk.again(saved.job_id, self.gateway(saved).poll_delay_sec(saved))
        self.desk.alive(saved)
        return saved

    # FETCHING

    def _fetch(self, job: Job) -> Job:
        try:
            result = self.gateway(job).fetch(job)
        except ResultExpired:
            return self._go_on(job.moved(JobState.RUNNING, outputs=()))
        except ResultUnusable as error:
            return self._fail_fetch(job, error.message)
        except Transient as error:
            if job.fetch_tries + 1 >= FETCH_TRIES:
                return self._fail_fetch(job, error.message)
            return self._go_on(job.model_copy(update={"fetch_tries": job.fetch_tries + 1}))
        late = self._is_late(job)
        return self._end(
            job.moved(JobState.SUCCEEDED, result=result, progress_percent=100, late=late)
        )

    def _fail_fetch(self, job: Job, why: str) -> Job:
        return self._end(
            job.ended_as(JobState.FAILED, Outcome.FAILED, why, billed=Billed.YES, retryable=True)
        )

    def _is_late(self, job: Job) -> bool:
        """Nobody waits any more: the clip's task was told of the time-out, or was never there.

        A batch that was cancelled is not begun again by what came of it after all: the file is
        there for whoever drops the manifest again.
        """
        return not job.cancel_requested and (job.overdue(self.now()) or not job.waiters)

    # after an end

    def _end(self, job: Job) -> Job:
        return self._after_end(self._save(job))

    def _after_end(self, job: Job) -> Job:
        """Money, slot, waiters; then the late look at jobs that timed out here."""
        self.treasury.close(job)
        if job.state is JobState.SUBMIT_UNKNOWN:
            self.desk.tell(job)
            if not job.beyond_rescue(self.now()):
                self.desk.again(job.job_id, UNKNOWN_PAUSE_SEC)
            return job
        self.slots.give_back(job.provider, job.job_id)
        self.desk.tell(job)
        if job.late:
            self.desk.rescued(job)
        if self._worth_rescuing(job):
            return self._rescue(job)
        self.store.close_job(job.job_id)
        return job

    def _worth_rescuing(self, job: Job) -> bool:
        timed_out = job.ending is not None and job.ending.outcome is Outcome.TIMED_OUT
        return timed_out and bool(job.provider_job_id) and not job.beyond_rescue(self.now())

    def _rescue(self, job: Job) -> Job:
        reading = self._ask(self.gateway(job), job)
        if reading is None or reading.ending is None:
            self.desk.again(job.job_id, RESCUE_PAUSE_SEC)
            return job
        if reading.ending.outcome is Outcome.SUCCEEDED:
            fetching = job.moved(JobState.FETCHING, outputs=reading.outputs, ending=reading.ending)
            return self._fetch(self._save(fetching))
        return self._end(job.model_copy(update={"ending": reading.ending}))


def _handles(reading: SubmitReading) -> dict[str, str]:
    """What is kept of an accepted submit."""
    return {
        "provider_job_id": reading.job_id or "",
        "poll_url": reading.poll_url or "",
        "cancel_url": reading.cancel_url or "",
    }


def _heard(heard: bool | None, provider: str) -> str:
    """What came of asking a provider to stop, for people."""
    if heard is None:
        return f"{provider} cannot be asked to stop a job: it may still finish, and be billed"
    if heard:
        return f"{provider} was asked to stop; what it bills is booked when it says so"
    return f"{provider} did not hear that it is to stop, and is asked again"


def _final(ending: Ending) -> bool:
    return ending.outcome in {Outcome.MODERATED, Outcome.NO_CREDIT}


def _nothing_said() -> Ending:
    return Ending(
        outcome=Outcome.FAILED, billed=Billed.UNKNOWN, retryable=False, message="no answer"
    )
