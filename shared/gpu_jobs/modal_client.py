"""`ModalCalls` through Modal's own client, which is imported when a job goes there.

What its exceptions mean, as its source (1.6.4) has it:

| raised by `get(timeout=0)` | means |
| --- | --- |
| builtin `TimeoutError` | still running |
| `modal.exception.FunctionTimeoutError` | it ran longer than it may |
| `modal.exception.OutputExpiredError`, `NotFoundError` | nobody knows any more |
| `ConnectionError`, `ServiceError`, `ResourceExhaustedError` | nobody could be asked |
| anything else | it failed |

A spawn has two parts. Looking the function up starts nothing, so whatever goes wrong there is a
refusal. Once the call itself is sent, only an answer that says "not accepted" is one.
"""

import os
from functools import cached_property
from typing import Any

from shared.catalog.clip_seconds import Shape, seconds_for
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.modal import CallReading, CallState
from shared.jobs.outcome import Outcome, SubmitReading
from shared.providers.refusals import refused, unknown

APP = "dropreel"
CLASSES = {"rtx4090": "Rtx4090", "a100": "A100", "h100": "H100"}
"""Class of GPU → class of the Modal app (`gpu_functions/modal_app.py`)."""

LONGEST_THROTTLE_SEC = "10"
"""Rather an error than a function that waits for its own end."""

LATER_SEC = 30.0

SHORT_SEC = 120.0
"""A clip that is generated sooner may share its container."""

AT_ONCE = 4
"""Jobs in such a container: one is generated, two are handed on, one is ready to be next."""


def shares_gpu(document: GpuJob) -> bool:
    """Is the clip known to be so short that waiting for three like it does not matter?

    A container then hands on some clips while it generates the next. A long clip has one for
    itself: handing on is little of it, and a run that waits nears the end of its time.
    """
    asked = document.settings
    if asked.steps is None:
        return False
    shape = Shape(asked.width, asked.height, asked.num_frames, asked.steps)
    known = seconds_for(document.model, document.gpu_class, shape)
    return known is not None and known.generating <= SHORT_SEC


class ModalClient:
    """Modal with one token.

    Parameters
    ----------
    app : name of the deployed app; `environment` is Modal's word for a stage.
    """

    def __init__(
        self, token_id: str, token_secret: str, *, app: str = APP, environment: str = ""
    ) -> None:
        self._token = (token_id, token_secret)
        self._app = app
        self._environment = environment or None

    @cached_property
    def _client(self) -> Any:
        os.environ.setdefault("MODAL_MAX_THROTTLE_WAIT", LONGEST_THROTTLE_SEC)
        import modal  # noqa: PLC0415 - a second to import, and only jobs at Modal need it

        return modal.Client.from_credentials(*self._token)

    def spawn(self, document: GpuJob) -> SubmitReading:
        import modal  # noqa: PLC0415
        from modal import exception as said  # noqa: PLC0415

        try:
            found = modal.Cls.from_name(
                self._app,
                CLASSES[document.gpu_class],
                environment_name=self._environment,
                client=self._client,
            )
            if shares_gpu(document):
                beside = found.with_concurrency(max_inputs=AT_ONCE, target_inputs=1)
                method = beside(model=document.model).run_beside
            else:
                method = found(model=document.model).run
            method.hydrate()
        except (said.NotFoundError, said.AuthError, said.PermissionDeniedError) as error:
            return refused(Outcome.FAILED, f"Modal refused: {_first_line(error)}")
        except Exception as error:  # looking up starts nothing, whatever went wrong
            message = f"Modal could not be asked: {_first_line(error)}"
            return refused(
                Outcome.FAILED, message, retryable=True, retry_after_sec=LATER_SEC
            ).model_copy(update={"unreachable": True})
        try:
            call = method.spawn(document.model_dump(mode="json", exclude_none=True))
        except said.ResourceExhaustedError as error:
            message = f"Modal takes no more just now: {_first_line(error)}"
            return refused(Outcome.RATE_LIMITED, message, retryable=True, retry_after_sec=LATER_SEC)
        except (
            *(said.AuthError, said.PermissionDeniedError, said.NotFoundError),
            *(said.InvalidError, said.RequestSizeError, said.SerializationError),
        ) as error:
            return refused(Outcome.FAILED, f"Modal refused: {_first_line(error)}")
        except Exception as error:
            return unknown(f"Modal did not answer the spawn: {_first_line(error)}")
        return SubmitReading(job_id=call.object_id)

    def look(self, call_id: str) -> CallReading:
        import modal  # noqa: PLC0415
        from modal import exception as said  # noqa: PLC0415

        try:
            modal.FunctionCall.from_id(call_id, client=self._client).get(timeout=0)
        except TimeoutError:  # the builtin one
            return CallReading(state=CallState.RUNNING)
        except said.FunctionTimeoutError:
            message = "the run took longer than a job may at Modal"
            return CallReading(state=CallState.TIMED_OUT, message=message)
        except (said.OutputExpiredError, said.NotFoundError):
            message = "Modal no longer knows this call"
            return CallReading(state=CallState.VANISHED, message=message)
        except (
            *(said.ConnectionError, said.ServiceError, said.ResourceExhaustedError),
            *(said.AuthError, said.InternalError),
        ) as error:
            message = f"Modal could not be asked: {_first_line(error)}"
            return CallReading(state=CallState.NOBODY_SAYS, message=message)
        except Exception as error:
            message = f"the run failed: {_first_line(error)}"
            return CallReading(state=CallState.FAILED, message=message)
        return CallReading(state=CallState.RETURNED)

    def cancel(self, call_id: str) -> bool:
        """Ask for a stop; was it heard?"""
        import modal  # noqa: PLC0415

        try:
            modal.FunctionCall.from_id(call_id, client=self._client).cancel()
        except Exception:  # whatever it was: the runner hears of the stop when it speaks next
            return False
        return True


def _first_line(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}".strip()
    return text.partition("\n")[0][:300]
