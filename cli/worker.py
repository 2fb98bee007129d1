"""`dropreel worker`: start a worker for this deployment's jobs on this machine's GPUs."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import show
from cli.errors import WrongUse
from cli.target import CHECKOUT, Account, find_target, stack_outputs
from local_cloud.cloud import attach
from local_cloud.sessions import environment_for
from shared.gpu_jobs.gpu import tiers


def worker(
    weights: Annotated[Path, typer.Option(help="Folder with one folder a model.")],
    gpus: Annotated[str, typer.Option(help="Indices such as `0` or `0,1`; or `cpu`.")] = "0",
    gpu_class: Annotated[
        str, typer.Option("--class", help="What they are: rtx4090, a100 or h100.")
    ] = "rtx4090",
    small: Annotated[
        bool, typer.Option("--small", help="Run everything in miniature, to try the way.")
    ] = False,
    profile: Annotated[
        str | None, typer.Option(help="AWS profile; without it the embedded cloud is used.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="AWS region of the deployment.")] = None,
) -> None:
    """Pull jobs and run them here, until Ctrl-C."""
    if gpu_class not in tiers():
        raise WrongUse(f"--class {gpu_class}: there is {', '.join(tiers())}.")
    url, environment = _queue(Account(profile, region), f"Worker{gpu_class.capitalize()}QueueUrl")
    if not url:
        raise WrongUse(f"The deployment has no queue for {gpu_class}: see setting `worker_gpus`.")
    command = [sys.executable, "-m", "gpu_functions.worker", "--queue", url, "--gpus", gpus]
    command += ["--weights", str(weights.resolve()), *(["--small"] if small else [])]
    show.step(f"worker for {gpu_class} on {url}")
    os.chdir(CHECKOUT)
    # in this one's place, so that whoever stops it stops the worker
    os.execve(sys.executable, command, {**os.environ, **environment})  # noqa: S606 - our own module


def _queue(account: Account, output: str) -> tuple[str, dict[str, str]]:
    if not account.given:
        running = attach(CHECKOUT)
        return running.outputs.get(output, ""), environment_for(running.endpoint)
    target = find_target(account)
    named = {"AWS_PROFILE": account.profile, "AWS_REGION": account.region}
    environment = {name: value for name, value in named.items() if value}
    return stack_outputs(target.client("cloudformation")).get(output, ""), environment
