"""Speaking to the callback address: one signed POST a message."""

import time
from collections.abc import Callable
from functools import cache

import httpx
from pydantic import ValidationError

from gpu_functions.runner.errors import CallbackRefused, CallbackSilent
from shared.gpu_jobs.document import Callback
from shared.gpu_jobs.messages import Answer, Said
from shared.gpu_jobs.signing import HEADER, sign_body

TIMEOUT = httpx.Timeout(20.0, connect=10.0)
PAUSE_SEC = 0.5
MOST_PAUSE_SEC = 20.0
REFUSALS = frozenset({400, 401, 403, 404})


@cache
def open_client() -> httpx.Client:
    """One for the process: messages are small and many."""
    return httpx.Client(timeout=TIMEOUT)


class Voice:
    """One job's line to us.

    Parameters
    ----------
    pause : waits between tries.
    """

    def __init__(
        self,
        callback: Callback,
        *,
        client: httpx.Client | None = None,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._callback = callback
        self._client = client or open_client()
        self._now, self._pause = now, pause

    def say(self, said: Said, *, tries: int = 1) -> Answer:
        """Say it, and return the answer.

        Raises
        ------
        CallbackRefused : it will never be heard.
        CallbackSilent : it was not heard, after so many tries.
        """
        why = ""
        for attempt in range(tries):
            if attempt:
                self._pause(min(MOST_PAUSE_SEC, PAUSE_SEC * 2**attempt))
            try:
                response = self._post(said)
            except httpx.HTTPError as error:
                why = type(error).__name__  # its text would hold the address
                continue
            if response.status_code in REFUSALS:
                raise CallbackRefused(
                    f"the callback answers {response.status_code}: its token has ended, or the "
                    "clock of this machine is off by more than half an hour."
                )
            if response.is_success:
                return _read(response)
            why = f"HTTP {response.status_code}"
        raise CallbackSilent(f"nobody answers at the callback address ({why})")

    def _post(self, said: Said) -> httpx.Response:
        body = said.model_dump_json().encode()
        headers = {
            "content-type": "application/json",
            HEADER: sign_body(self._callback.key, body, self._now()),
        }
        return self._client.post(self._callback.url, content=body, headers=headers)


def _read(response: httpx.Response) -> Answer:
    try:
        return Answer.model_validate_json(response.content)
    except ValidationError as error:
        raise CallbackSilent("the callback address answers something else") from error
