"""A provider in use: an adapter with its settings, its key and its client.

This is all that the jobs engine needs of any provider. Whatever happens on the wire becomes a
reading; the only errors raised are our own (no key, a request that cannot be asked) and those of
`fetch`.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from shared.clip import Operation
from shared.jobs.outcome import Outcome, Reading, SubmitReading
from shared.jobs.ports import Down, ResultExpired
from shared.jobs.request import VideoRequest
from shared.providers.auth import Secrets
from shared.providers.call import Answer
from shared.providers.contract import (
    Adapter,
    Declaration,
    JobContext,
    JobRef,
    ProviderNotConfigured,
    Upload,
)
from shared.providers.fetch import FetchedFile, FetchRules, fetch, save_bytes
from shared.providers.http import Exchange, HttpClient, NoAnswer, NotSent, OpenTransport
from shared.providers.network import GuardedTransport, Resolve, is_loopback, resolve
from shared.providers.readings import running
from shared.providers.refusals import refused, unknown

MOST_STEPS = 4
"""Calls that one look at a job may need."""

UPLOAD_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """What a deployment says about one provider.

    `base_url` empty means the vendor's; `more_result_hosts` are added to the declared ones;
    `call_deadline_sec` shortens calls that declare more.
    """

    base_url: str = ""
    secrets: Secrets = field(default_factory=dict, repr=False)
    values: Mapping[str, str] = field(default_factory=dict)
    more_result_hosts: tuple[str, ...] = ()
    call_deadline_sec: float = 120.0
    max_result_bytes: int = 512 * 1024 * 1024
    fetch_deadline_sec: float = 240.0


def settings_from(
    declaration: Declaration, values: Mapping[str, str] | None = None
) -> ProviderSettings:
    """The settings among `values` (by default the environment) under their documented names."""
    values = os.environ if values is None else values
    prefix = declaration.name.upper()
    hosts = values.get(f"{prefix}_RESULT_HOSTS", "").split(",")
    return ProviderSettings(
        base_url=values.get(declaration.base_url_setting, ""),
        secrets={name: values[name] for name in declaration.auth.names if values.get(name)},
        values={
            name: value
            for name, value in values.items()
            if name.startswith(("GOOGLE_CLOUD_", prefix))
        },
        more_result_hosts=tuple(host.strip() for host in hosts if host.strip()),
    )


class Provider:
    """One provider, ready to be asked.

    Raises
    ------
    ProviderNotConfigured : the base URL is not https.
    """

    def __init__(
        self,
        adapter: Adapter,
        settings: ProviderSettings | None = None,
        *,
        open_transport: OpenTransport = GuardedTransport,
        resolve: Resolve = resolve,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.adapter = adapter
        self.settings = settings or ProviderSettings()
        self.client = HttpClient(
            adapter.declaration,
            base_url=self.settings.base_url,
            secrets=self.settings.secrets,
            deadline_sec=self.settings.call_deadline_sec,
            open_transport=open_transport,
            now=now,
        )
        self._resolve = resolve

    @property
    def declaration(self) -> Declaration:
        return self.adapter.declaration

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the keys and settings that must still be given before it can be used."""
        lacking = [name for name in self.declaration.settings if not self.settings.values.get(name)]
        if not self.client.configured:
            lacking.append(" or ".join("+".join(n) for n in self.declaration.auth.alternatives))
        return tuple(lacking)

    def ref(
        self,
        job_id: str,
        model: str,
        *,
        reference: str = "",
        operation: Operation = Operation.IMAGE_TO_VIDEO,
        poll_url: str = "",
        cancel_url: str = "",
    ) -> JobRef:
        """A job of this provider. Addresses that the provider gave count only on its own origin."""
        return JobRef(
            job_id=job_id,
            model=model,
            base_url=self.client.base_url,
            poll_url=self._own(poll_url),
            cancel_url=self._own(cancel_url),
            settings=self.settings.values,
            reference=reference,
            operation=operation,
        )

    def submit(
        self,
        request: VideoRequest,
        *,
        model: str,
        reference: str,
        callback_url: str | None = None,
    ) -> SubmitReading:
        """Send the job, once.

        Parameters
        ----------
        model : the provider's own name of the model.
        reference : our job id.
        callback_url : where the provider may tell us of the end; left out where it cannot.

        Raises
        ------
        RequestNotPossible, ProviderNotConfigured : nothing was sent.
        """
        if self.missing:
            raise ProviderNotConfigured(
                f"{self.declaration.name} cannot be used: set {', '.join(self.missing)}."
            )
        context = JobContext(
            base_url=self.client.base_url,
            model=model,
            reference=reference,
            callback_url=callback_url,
            settings=self.settings.values,
        )
        uploaded: dict[str, str] = {}
        for upload in self.adapter.uploads(request, context):
            address = self._upload(upload)
            if not isinstance(address, str):
                why = f"{upload.field_name} could not be uploaded"
                reading = refused(Outcome.FAILED, why, retryable=True)
                return reading.model_copy(update={"unreachable": isinstance(address, Down)})
            uploaded[upload.field_name] = address
        if uploaded:
            context = replace(context, uploaded=uploaded)
        return self._read_submit(self.client.send(self.adapter.submit(request, context)))

    def poll(self, job: JobRef) -> Reading | None:
        """How the job is doing; None when nobody could be asked just now."""
        said = self.look(job)
        return said if isinstance(said, Reading) else None

    def look(self, job: JobRef) -> Reading | Down | None:
        """The same; and when nobody could be asked, whether that is because nobody is there."""
        answers: list[Answer] = []
        call = self.adapter.poll(job)
        for _ in range(MOST_STEPS):
            exchange = self.client.send(call)
            if not isinstance(exchange, Answer):
                # Half a look is worth as much as none, except that we know it has not failed.
                return running() if answers else Down(exchange.reason)
            said = self.adapter.read_poll(exchange, job, tuple(answers))
            if isinstance(said, Reading):
                asked_nobody = not exchange.ok and said.ending is None and not answers
                if asked_nobody:
                    return Down(f"HTTP {exchange.status}") if exchange.status >= 500 else None
                return self._redacted(said)
            answers.append(exchange)
            call = said
        return running()

    def cancel(self, job: JobRef) -> bool:
        """Ask the provider to stop; was it heard? What became of the job, the next poll tells."""
        return bool(self.stop(job))

    def stop(self, job: JobRef) -> bool | None:
        """The same; None where there is no way to ask."""
        call = self.adapter.cancel(job)
        if call is None:
            return None
        exchange = self.client.send(call)
        return isinstance(exchange, Answer) and exchange.ok

    def lookup(self, job: JobRef) -> SubmitReading | None:
        """Was `job.reference` ever accepted? None when the provider cannot be asked that."""
        call = self.adapter.lookup(job)
        if call is None:
            return None
        exchange = self.client.send(call)
        if not isinstance(exchange, Answer):
            return unknown(exchange.reason)
        return self.adapter.read_lookup(exchange)

    def fetch(self, job: JobRef, output: str, path: Path) -> FetchedFile:
        """Copy an output of the job to `path`.

        Raises
        ------
        ResultExpired, ResultUnusable, Transient
        """
        call = self.adapter.result(job, output)
        if call is None:
            return fetch(
                output,
                path,
                self.rules,
                authorization=self.client.authorization() if self.client.configured else None,
                resolve=self._resolve,
            )
        exchange = self.client.send(call)
        data = self.adapter.read_result(exchange, output) if isinstance(exchange, Answer) else None
        if data is None:
            raise ResultExpired(f"{self.declaration.name} did not hand over the result")
        return save_bytes(data, path, self.rules)

    def poll_delay_sec(self, polls: int) -> float:
        """Seconds until the next look, after so many."""
        return self.declaration.pace.delay_sec(polls)

    @property
    def rules(self) -> FetchRules:
        """Where this provider's results may lie."""
        place = httpx.URL(self.client.base_url)
        local = is_loopback(place.host)
        port = place.port or {"https": 443, "http": 80}[place.scheme]
        return FetchRules(
            hosts=(*self.declaration.result_hosts, *self.settings.more_result_hosts),
            auth_hosts=self.declaration.result_auth_hosts,
            local_origin=(place.host, port) if local else None,
            max_bytes=self.settings.max_result_bytes,
            deadline_sec=self.settings.fetch_deadline_sec,
        )

    def _own(self, url: str) -> str:
        """The address, if it is the provider's own: our key goes there."""
        ours = httpx.URL(self.client.base_url)
        try:
            place = httpx.URL(url)
        except httpx.InvalidURL:
            return ""
        same = (place.scheme, place.host, place.port) == (ours.scheme, ours.host, ours.port)
        return url if same else ""

    def _read_submit(self, exchange: Exchange) -> SubmitReading:
        match exchange:
            case NotSent(reason):
                return refused(
                    Outcome.FAILED, f"not reachable: {reason}", retryable=True, retry_after_sec=15
                ).model_copy(update={"unreachable": True})
            case NoAnswer(reason):
                return unknown(reason)
            case Answer():
                reading = self.adapter.read_submit(exchange)
        if reading.ending is None:
            clean = self.client.redact(reading.ambiguous)
            return reading.model_copy(update={"ambiguous": clean})
        message = self.client.redact(reading.ending.message)
        ending = reading.ending.model_copy(update={"message": message})
        return reading.model_copy(update={"ending": ending})

    def _redacted(self, reading: Reading) -> Reading:
        if reading.ending is None:
            return reading
        message = self.client.redact(reading.ending.message)
        ending = reading.ending.model_copy(update={"message": message})
        return reading.model_copy(update={"ending": ending})

    def _upload(self, upload: Upload) -> str | Down | None:
        """The address of the file; without one, `Down` when nobody was there to take it."""
        exchange: Exchange = NotSent("")
        for _ in range(UPLOAD_TRIES):
            exchange = self.client.send(upload.start())
            if not isinstance(exchange, Answer):
                continue
            form, address = upload.send(exchange), upload.address(exchange)
            if form is None or address is None:
                continue
            exchange = self.client.send(form)
            if isinstance(exchange, Answer) and exchange.ok:
                return address
        if isinstance(exchange, Answer):
            return Down(f"HTTP {exchange.status}") if exchange.status >= 500 else None
        return Down(exchange.reason)
