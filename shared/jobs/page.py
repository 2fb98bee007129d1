"""`docs/jobs.md`: what a job is, and the table of its transitions, written from the code.

Run as `python -m shared.jobs.page [--check]`.
"""

import sys
from pathlib import Path

from shared.generated import write_or_check
from shared.jobs.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE
from shared.jobs.deadlines import DEADLINES, OWN_GPUS, RESCUE
from shared.jobs.transitions import TRANSITIONS, diagram

PAGE = Path(__file__).parents[2] / "docs" / "jobs.md"

TEXT = """# Jobs

A job is one paid attempt at one clip with one candidate (a model on an engine). Its row in the
state table is made of its content: project, everything that the clip's pixels depend on,
candidate, attempt. A replay, a redrive, a duplicate event or another batch with the same clip
meets the same row, and a row is paid for once.

PrepareClip opens a clip's first attempt, and the workflow waits in Generate for the job. A job
that brought the clip leads straight to FinishClip; whatever else ends the wait, RouteClip reads the
rows and decides. `advance_job` moves one job one step and queues the next look with a delay that
grows; nothing waits inside a function.

## Promises

- The row says SUBMITTING before the request is sent, and the request is sent once. Who finds the
  row so, and nobody can still be sending, asks the provider where that is possible; else the job
  is SUBMIT_UNKNOWN, its money stays set aside, and a person decides (`dropreel jobs list`,
  `dropreel jobs resolve`).
- A failed look is no failed job. Words that nobody knows mean "still running" until the deadline.
- A step whose process dies is tried again as soon as the function's own time is over, and sooner
  where a webhook comes: one message is one step, and doing it twice does no harm.
- The result is copied into the work bucket in the step that sees success, from allow-listed hosts
  only.
- A job that outlives its deadline is watched for {rescue:g} hours more. If the provider finishes,
  the manifest is dropped again by itself and the paid clip is delivered.
- The next candidate is tried only after a verified end; never while somebody may still deliver.
- A provider that is down is paused for all batches after {failures} failures in a row (no
  connection, timeout, 5xx; never moderation, bad requests or rate limits). After {first:g} s one
  job may try; each failed try doubles the pause, up to {longest:g} minutes. Jobs that have not been
  sent wait, routes that name somebody else go there, and what runs is asked after as ever.
- CANCEL has the jobs of its batch looked at at once, and one that another batch had opened at its
  next look, within a minute: what has not been sent ends, what runs
  is cancelled at the provider where that is possible (Replicate, fal, Runway), and the clip's task
  ends in any case. What the provider bills is booked when it says so, and a clip that it made after
  all is there, paid, for the next drop. A job that another batch waits for goes on.

| operation | waited for |
| --- | --- |
{deadlines}

On our own GPUs it is the engine that counts, since a job may stand in line there: {own}.

## Transitions

```mermaid
{diagram}
```

| from | to | when |
| --- | --- | --- |
{table}
"""


def page() -> str:
    """The whole page."""
    return TEXT.format(
        rescue=RESCUE.total_seconds() / 3600,
        failures=FAILURES,
        first=FIRST_PAUSE.total_seconds(),
        longest=LONGEST_PAUSE.total_seconds() / 60,
        deadlines="\n".join(
            f"| `{operation.value}` | {limit.total_seconds() / 60:g} minutes |"
            for operation, limit in DEADLINES.items()
        ),
        own=" and ".join(
            f"{limit.total_seconds() / 3600:g} hours on `{engine}`"
            for engine, limit in OWN_GPUS.items()
        ),
        diagram=diagram(),
        table="\n".join(f"| {each.before} | {each.after} | {each.why} |" for each in TRANSITIONS),
    )


def main() -> int:
    """Write the page, or with `--check` say that it is out of date."""
    remedy = "python -m shared.jobs.page"
    return write_or_check({PAGE: page()}, check="--check" in sys.argv[1:], remedy=remedy)


if __name__ == "__main__":
    sys.exit(main())
