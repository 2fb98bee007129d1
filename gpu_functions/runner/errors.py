"""What can end a run.

DropreelError
├── NotOurs             the job is somebody else's, or over: leave it alone
├── Stopped             we were told to stop
└── Transient
    ├── CallbackSilent  nobody answers at the callback address
    └── FilesSilent     S3 does not answer, or broke off
"""

from gpu_functions.generators.contract import GenerationCancelled
from shared.errors import DropreelError, Transient
from shared.gpu_jobs.messages import Verdict


class NotOurs(DropreelError):
    """The job may not be run here, now or ever; `verdict` says which."""

    verdict: Verdict = Verdict.DONE
    retry_after_sec: float = 0.0


class CallbackRefused(DropreelError):
    """Our signature or token was refused: it has ended, or the clock of this machine is wrong."""


class Stopped(GenerationCancelled):
    """We were told to stop; `verdict` says why: `cancel`, `lost` or `done`."""

    verdict: Verdict = Verdict.CANCEL


class TooLate(DropreelError):
    """The job's last moment has passed."""


class CallbackSilent(Transient):
    """Nobody answers at the callback address."""


class FilesSilent(Transient):
    """A file could not be read or written just now."""


def not_ours(verdict: Verdict, retry_after_sec: float = 0.0) -> NotOurs:
    error = NotOurs(f"the job is not ours: {verdict.value}")
    error.verdict, error.retry_after_sec = verdict, retry_after_sec
    return error


def stopped(verdict: Verdict) -> Stopped:
    error = Stopped(f"told to stop: {verdict.value}")
    error.verdict = verdict
    return error
