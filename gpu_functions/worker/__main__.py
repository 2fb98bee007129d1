"""`python -m gpu_functions.worker`: see the package's docstring and docs/gpu.md."""

import argparse
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import boto3
from botocore.exceptions import BotoCoreError

from gpu_functions.runner.device import CPU
from gpu_functions.worker.child import quiet_logging
from gpu_functions.worker.foreman import Foreman, deliverers_for
from gpu_functions.worker.scratch import own_scratch
from gpu_functions.worker.tools import WorkerTools
from shared.aws.pull import PullQueue

logger = logging.getLogger("dropreel.worker")

LONGEST_LEASE_SEC = 43_200
"""For so long a queue of AWS hides a message at most."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until SIGTERM or Ctrl-C; a second one does not wait for what is in flight."""
    options = _options().parse_args(arguments)
    quiet_logging()
    if not options.weights.is_dir():
        print(f"{options.weights}: there is no such folder of weights", file=sys.stderr)
        return 2
    if why := _not_here(options.gpus):
        print(why, file=sys.stderr)
        return 2
    try:
        _work(options)
    except (OSError, BotoCoreError) as error:  # no region, a scratch folder that is none
        print(error, file=sys.stderr)
        return 2
    logger.info("drained")
    return 0


def _work(options: argparse.Namespace) -> None:
    with own_scratch(options.scratch) as scratch:
        foreman = Foreman(
            PullQueue(boto3.client("sqs", region_name=_region(options.queue)), options.queue),
            options.gpus,
            WorkerTools.of(options.weights, scratch=scratch, small=options.small),
            deliverers=deliverers_for(options.gpus),
            lease_sec=options.lease_sec,
        )
        _drain_on_signals(foreman)
        logger.info("worker %s on GPUs %s", foreman.runner, ",".join(options.gpus))
        foreman.run()


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gpu_functions.worker",
        description="Pulls jobs of Dropreel from a queue and runs them on this machine's GPUs.",
    )
    parser.add_argument("--queue", required=True, help="URL of the queue of this GPU's class")
    parser.add_argument(
        "--gpus",
        required=True,
        type=_gpus,
        help="indices: `0`, or `0,1` (the last of several hands on); `cpu` without a GPU",
    )
    parser.add_argument(
        "--weights", required=True, type=Path, help="folder with one folder a model"
    )
    parser.add_argument("--scratch", type=Path, help="folder for frames on their way")
    parser.add_argument(
        "--lease-sec",
        type=_lease_sec,
        default=120.0,
        help="silence after which somebody else takes over",
    )
    parser.add_argument(
        "--small", action="store_true", help="run everything in miniature, to try the way"
    )
    return parser


def _gpus(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not names or not all(re.fullmatch(r"\d{1,3}|cpu", name) for name in names):
        raise argparse.ArgumentTypeError(f"{text!r}: write indices such as 0,1 or `cpu`")
    numbered = [name for name in names if name != "cpu"]
    if len(set(numbered)) < len(numbered):
        raise argparse.ArgumentTypeError(f"{text!r} names a GPU twice")
    return names


def _lease_sec(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= LONGEST_LEASE_SEC:
        raise argparse.ArgumentTypeError(f"{text!r}: write 1 to {LONGEST_LEASE_SEC} seconds")
    return seconds


def _not_here(gpus: Sequence[str]) -> str:
    """Why these GPUs cannot be worked on; found out in a process that ends and frees them again."""
    numbered = [name for name in gpus if name != CPU]
    if not numbered:
        return ""
    command = [sys.executable, "-m", "gpu_functions.runner.device", *numbered]
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return said.stderr.strip().rpartition("\n")[2] if said.returncode else ""


def _region(queue_url: str) -> str | None:
    """`us-east-1` of `https://sqs.us-east-1.amazonaws.com/…`; None leaves it to the environment."""
    found = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com", queue_url)
    return found[1] if found else None


def _drain_on_signals(foreman: Foreman) -> None:
    def told(number: int, _frame: FrameType | None) -> None:
        logger.info("told to stop: finishing what is in flight; once more to leave it")
        foreman.drain()
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)


if __name__ == "__main__":
    sys.exit(main())
