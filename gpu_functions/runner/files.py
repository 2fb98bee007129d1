"""Presigned GET and PUT: what comes is checked, what goes arrives whole or not at all."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import BinaryIO

import httpx

from gpu_functions.runner.errors import FilesSilent
from gpu_functions.runner.lease import Watch
from shared.errors import InvalidInput
from shared.gpu_jobs.document import Addresses, GpuJob
from shared.gpu_jobs.report import Report

MOST_INPUT_BYTES = 256 * 1024 * 1024
CHUNK = 1024 * 1024
TRIES = 5
PAUSE_SEC = 1.0
TIMEOUT = httpx.Timeout(60.0, connect=10.0, write=120.0)
ENDED = frozenset({400, 401, 403})
"""What S3 says to an address that has ended: it is asked for again, once."""

WRITTEN_BEFORE = frozenset({409, 412})

Address = Callable[[Addresses], str]


@cache
def open_client() -> httpx.Client:
    """One for the process."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False)


class Files:
    """The files of one job.

    Parameters
    ----------
    fetched : inputs that are here already.
    pause : waits between tries.
    """

    def __init__(
        self,
        job: GpuJob,
        watch: Watch,
        *,
        fetched: Mapping[str, bytes] | None = None,
        client: httpx.Client | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._job, self._watch = job, watch
        self._fetched = fetched or {}
        self._client = client or open_client()
        self._pause = pause

    def read_input(self, name: str) -> bytes:
        """An input, exactly as it was when the job was written.

        Raises
        ------
        FilesSilent : it cannot be had just now.
        InvalidInput : what lies there is another file.
        """
        if name in self._fetched:
            return self._fetched[name]
        wanted = self._job.inputs[name]
        data = self._get(lambda addresses: addresses.inputs[name], MOST_INPUT_BYTES)
        if data is None:
            raise InvalidInput(f"the job's {name} is no longer there")
        if wanted.sha256 and hashlib.sha256(data).hexdigest() != wanted.sha256:
            raise InvalidInput(f"the job's {name} is not the file that the job was written for")
        return data

    def report_there(self) -> bytes | None:
        """The report of somebody who was faster, as far as it can be seen."""
        try:
            return self._get(lambda addresses: addresses.report_there, CHUNK)
        except FilesSilent:
            return None

    def write_result(self, path: Path) -> None:
        """Upload the video. S3 keeps it only if every byte arrived as it left.

        Raises
        ------
        FilesSilent
        """
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "md5").digest()
        headers = {
            "content-type": "video/mp4",
            "content-length": str(path.stat().st_size),
            "content-md5": base64.b64encode(digest).decode(),
        }
        self._put(lambda addresses: addresses.result, lambda: _chunks(path), headers)

    def write_report(self, report: Report) -> bool:
        """Write the report, unless there is one; False when there was.

        Raises
        ------
        FilesSilent
        """
        body = report.model_dump_json().encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "if-none-match": "*",
        }
        status = self._put(
            lambda addresses: addresses.report, lambda: body, headers, also=WRITTEN_BEFORE
        )
        return status not in WRITTEN_BEFORE

    def _get(self, address: Address, most_bytes: int) -> bytes | None:
        why = ""
        for attempt in self._tries():
            try:
                with self._client.stream("GET", address(self._watch.addresses)) as response:
                    if response.is_success:
                        return _limited(response, most_bytes)
                    status = response.status_code
            except httpx.HTTPError as error:
                why = type(error).__name__
                continue
            if status == 404:
                return None
            why = f"HTTP {status}"
            if status in ENDED and not self._refreshed(attempt):
                break
        raise FilesSilent(f"a file of the job cannot be read ({why})")

    def _put(
        self,
        address: Address,
        content: Callable[[], bytes | Iterator[bytes]],
        headers: dict[str, str],
        also: frozenset[int] = frozenset(),
    ) -> int:
        why = ""
        for attempt in self._tries():
            try:
                response = self._client.put(
                    address(self._watch.addresses), content=content(), headers=headers
                )
            except httpx.HTTPError as error:
                why = type(error).__name__
                continue
            status = response.status_code
            if response.is_success or status in also:
                return status
            why = f"HTTP {status}"
            if status in ENDED and not self._refreshed(attempt):
                break
        raise FilesSilent(f"a file of the job cannot be written ({why})")

    def _tries(self) -> Iterator[int]:
        for attempt in range(TRIES):
            if attempt:
                self._pause(PAUSE_SEC * 2**attempt)
            yield attempt

    def _refreshed(self, attempt: int) -> bool:
        """Ask for fresh addresses after the first refusal; a second one is meant."""
        if attempt == 0:
            self._watch.refresh()
        return attempt == 0


def _limited(response: httpx.Response, most_bytes: int) -> bytes:
    found = bytearray()
    for chunk in response.iter_bytes(CHUNK):
        found += chunk
        if len(found) > most_bytes:
            raise InvalidInput(f"a file of the job has more than {most_bytes:,} bytes")
    return bytes(found)


def _chunks(path: Path) -> Iterator[bytes]:
    file: BinaryIO
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
