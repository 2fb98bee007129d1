"""Every function of the pipeline as one table: bundle, size, and what it may touch.

The table is that of docs/architecture.md; a test holds the two against each other.
"""

from dataclasses import dataclass
from enum import StrEnum

from stacks.settings import Settings


class Bundle(StrEnum):
    """Which libraries a handler needs; each bundle fits Lambda's 250 MB."""

    CORE = "core"
    FINISH = "finish"
    INSPECT = "inspect"


class Access(StrEnum):
    """One right of a handler."""

    READ_DROP = "read drop"
    READ_WORK = "read work"
    READ_LIBRARY = "read library"
    WRITE_ANSWERS = "write drop `_…`"
    WRITE_WORK = "write work"
    WRITE_LIBRARY = "write library"
    WRITE_AUDIT = "write library (audit)"
    USE_TABLE = "use table"
    NOTE_CALLBACKS = "use table (callbacks)"
    START_RUNS = "start runs"
    DROP_AGAIN = "send to the drops queue"
    QUEUE_JOBS = "send to the jobs queue"
    QUEUE_WORK = "send to the workers' queues"
    END_WAITS = "end tasks that wait for an answer"
    TELL_OF_JOBS = "tell tasks that wait for jobs"
    READ_KEYS = "read the providers' secret"
    TELL_PEOPLE = "publish to the creators topic"
    ASK_MODELS = "ask language models"


@dataclass(frozen=True, kw_only=True)
class HandlerSpec:
    """One function; `name` is its module in `lambdas/`."""

    name: str
    bundle: Bundle
    memory_mb: int
    timeout_sec: int
    access: frozenset[Access]

    @property
    def state(self) -> str:
        """The state named after it: `check_manifest` → `CheckManifest`."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def drops_again(self) -> bool:
        return Access.DROP_AGAIN in self.access

    @property
    def queues_jobs(self) -> bool:
        return Access.QUEUE_JOBS in self.access

    @property
    def reads_keys(self) -> bool:
        return Access.READ_KEYS in self.access

    @property
    def knows_engines(self) -> bool:
        """Does it decide what a clip can be made with, or send it there?"""
        return self.reads_keys and self.name != RECEIVE_CALLBACK

    @property
    def tells_people(self) -> bool:
        return Access.TELL_PEOPLE in self.access

    @property
    def asks_people(self) -> bool:
        """Does it ask for approvals, or take their answers?"""
        return self.name in ASKING

    @property
    def entry(self) -> str:
        return f"lambdas.{self.name}.handler"


# Every handler keeps the books and answers in the drop folder.
COMMON = frozenset({Access.USE_TABLE, Access.WRITE_ANSWERS})

ACCEPT_DROP = "accept_drop"
SETTLE_BROKEN_RUN = "settle_broken_run"
ADVANCE_JOB = "advance_job"
RECEIVE_CALLBACK = "receive_callback"
SWEEP_JOBS = "sweep_jobs"
RESERVE_BUDGET = "reserve_budget"
AWAIT_APPROVAL = "await_approval"
ANSWER_APPROVAL = "answer_approval"
OUTSIDE_WORKFLOW = frozenset(
    {
        *(ACCEPT_DROP, SETTLE_BROKEN_RUN, ANSWER_APPROVAL),
        *(ADVANCE_JOB, RECEIVE_CALLBACK, SWEEP_JOBS),
    }
)
ASKING = frozenset({ACCEPT_DROP, RESERVE_BUDGET, AWAIT_APPROVAL, ANSWER_APPROVAL})


def handler_specs(settings: Settings) -> tuple[HandlerSpec, ...]:
    """The table, with the settings filled in."""
    core, finish, inspect = Bundle.CORE, Bundle.FINISH, Bundle.INSPECT
    drop, work, library = Access.READ_DROP, Access.READ_WORK, Access.READ_LIBRARY
    keys, tell = Access.READ_KEYS, Access.TELL_PEOPLE
    return (
        _spec(
            *(ACCEPT_DROP, core, 512, 60, drop),
            *(Access.START_RUNS, Access.END_WAITS, Access.QUEUE_JOBS),
        ),
        _spec("check_manifest", core, 1024, 120, drop, Access.WRITE_WORK),
        _spec("await_keyframes", core, 1024, 120, drop, work),
        _spec("plan_batch", core, 1024, 300, drop, work, Access.WRITE_WORK),
        _spec(RESERVE_BUDGET, finish, 1024, 300, drop, work, Access.WRITE_WORK, keys, tell),
        _spec(AWAIT_APPROVAL, core, 512, 60, Access.END_WAITS),
        # looks into the library, so that a name taken by a stranger is refused before rendering
        _spec(
            *("prepare_clip", finish, 3008, 120),
            *(drop, work, library, Access.WRITE_WORK, keys, Access.ASK_MODELS),
        ),
        _spec("route_clip", finish, 3008, 120, drop, work, Access.WRITE_WORK, keys),
        _spec(
            *("finish_clip", finish, settings.finish_memory_mb, 900),
            *(drop, work, Access.WRITE_WORK),
        ),
        _spec("inspect_clip", inspect, 3008, 600, work, Access.WRITE_WORK),
        _spec("publish_clip", core, 512, 300, drop, work, library, Access.WRITE_LIBRARY),
        _spec("record_clip_end", core, 512, 60, work, Access.WRITE_AUDIT),
        _spec(
            *("close_batch", finish, 3008, 900),
            *(drop, work, library, Access.WRITE_LIBRARY, Access.DROP_AGAIN),
        ),
        _spec(SETTLE_BROKEN_RUN, core, 512, 60, Access.DROP_AGAIN),
        # submits, polls, and brings the file home: up to four minutes of download
        _spec(
            *(ADVANCE_JOB, core, 1024, 360),
            *(work, Access.WRITE_WORK, keys),
            *(Access.QUEUE_JOBS, Access.QUEUE_WORK, Access.TELL_OF_JOBS, Access.DROP_AGAIN, tell),
        ),
        # open to the internet, so not even the common rights
        HandlerSpec(
            name=RECEIVE_CALLBACK,
            bundle=core,
            memory_mb=512,
            timeout_sec=30,
            access=frozenset(
                {Access.NOTE_CALLBACKS, Access.WRITE_ANSWERS, keys, Access.QUEUE_JOBS}
            ),
        ),
        # as open as that: it shows a question and takes one answer, whoever has the link
        HandlerSpec(
            name=ANSWER_APPROVAL,
            bundle=core,
            memory_mb=512,
            timeout_sec=30,
            access=frozenset({Access.NOTE_CALLBACKS, keys, Access.END_WAITS}),
        ),
        _spec(SWEEP_JOBS, core, 512, 120, Access.QUEUE_JOBS, tell),
    )


def _spec(
    name: str, bundle: Bundle, memory_mb: int, timeout_sec: int, *access: Access
) -> HandlerSpec:
    return HandlerSpec(
        name=name,
        bundle=bundle,
        memory_mb=memory_mb,
        timeout_sec=timeout_sec,
        access=COMMON | frozenset(access),
    )
