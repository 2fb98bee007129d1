"""`dropreel jobs`: paid attempts, and the answer to those of which nobody knows the fate."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from cli.books import AsJson, Profile, Region, console, plain_table, print_json
from cli.errors import WrongUse
from cli.target import Account, Target, find_target, stack_outputs
from shared.aws.breakers import DynamoBreakers
from shared.aws.documents import DocumentTable
from shared.aws.jobs import DynamoJobs, JobsQueue
from shared.jobs.breaker import Breaker
from shared.jobs.job import Job
from shared.jobs.outcome import JobState
from shared.jobs.resolve import charged_for_nothing, found_at_provider, never_ran

jobs = typer.Typer(help="Paid attempts that are not over.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="As `dropreel jobs list` shows it.")]


@jobs.command("list")
def list_jobs(as_json: AsJson = False, profile: Profile = None, region: Region = None) -> None:
    """Show every job that has not come to its last end, and the providers that are paused."""
    store, _, breakers = _open(find_target(Account(profile, region)))
    rows = [job for each in store.open_jobs() if (job := store.job(each)) is not None]
    paused = breakers.open_breakers()
    if as_json:
        print_json(
            {
                "jobs": [job.model_dump(mode="json", exclude={"waiters"}) for job in rows],
                "paused": [_paused(each) for each in paused],
            }
        )
        return
    table = plain_table("job", "clip", "candidate", "state", "since", "note")
    table.columns[0].no_wrap = True  # it is copied from here
    for job in rows:
        clip = f"{job.project_id}/{job.batch_id} {job.stem}"
        note = job.stopping or job.note
        cells = (job.job_id, clip, job.candidate, job.state.value, job.created_at[:16], note)
        table.add_row(*map(escape, cells))
    console.print(table if rows else "No job is open.")
    for each in paused:
        since = datetime.fromtimestamp(each.opened_at, UTC).isoformat(timespec="minutes")
        console.print(f"[yellow]{each.provider} is paused[/] since {since}: {escape(each.told())}")


def _paused(breaker: Breaker) -> dict[str, str]:
    def iso(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

    return {
        "provider": breaker.provider,
        "reason": breaker.reason,
        "since": iso(breaker.opened_at),
        "tried_again_at": iso(breaker.retry_at),
    }


@jobs.command()
def resolve(
    job_id: JobId,
    found: Annotated[
        str | None, typer.Option(help="It runs at the provider under this id.")
    ] = None,
    never: Annotated[bool, typer.Option("--never-ran", help="The provider never ran it.")] = False,
    charged: Annotated[
        float | None, typer.Option(help="USD charged, with no clip to have.")
    ] = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Answer for a job that is SUBMIT_UNKNOWN, after looking at the provider's own list."""
    if sum((found is not None, never, charged is not None)) != 1:
        raise WrongUse("Give exactly one of --found ID, --never-ran, --charged USD.")
    store, queue, _ = _open(find_target(Account(profile, region)))
    job = store.job(job_id)
    if job is None:
        raise WrongUse(f"There is no job {job_id}; see `dropreel jobs list`.")
    saved = store.save_job(_answered(job, found, charged))
    queue.send(saved.job_id)
    after = (
        "it is looked at again now" if saved.state is JobState.RUNNING else "its money is booked"
    )
    console.print(f"{saved.job_id} is {saved.state.value}: {after}.")


def _answered(job: Job, found: str | None, charged: float | None) -> Job:
    by = getpass.getuser()
    if found is not None:
        return found_at_provider(job, found, datetime.now(UTC))
    return never_ran(job, by) if charged is None else charged_for_nothing(job, charged, by)


def _open(target: Target) -> tuple[DynamoJobs, JobsQueue, DynamoBreakers]:
    outputs = stack_outputs(target.client("cloudformation"))
    if not {"StateTableName", "JobsQueueUrl"} <= outputs.keys():
        raise WrongUse("This deployment is from before there were jobs; deploy it again.")
    table = target.resource("dynamodb").Table(outputs["StateTableName"])
    queue = JobsQueue(target.client("sqs"), outputs["JobsQueueUrl"])
    documents = DocumentTable(table)
    return DynamoJobs(documents), queue, DynamoBreakers(documents)
