"""Sending a call once, and saying truthfully what is known afterwards.

    Exchange
    ├── Answer      it answered, whatever it said
    ├── NotSent     nothing left this machine: no address, no connection, no TLS
    └── NoAnswer    it may have arrived: a timeout, a disconnect, an answer too long to read

Nothing here retries, follows a redirect, or keeps a connection for later.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from shared.providers.auth import Secrets
from shared.providers.call import Answer, Call
from shared.providers.contract import Declaration, ProviderNotConfigured
from shared.providers.network import GuardedTransport, is_loopback

USER_AGENT = "dropreel/0.1"
CONNECT_SEC = 10.0

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)

OpenTransport = Callable[[float], httpx.BaseTransport]
"""Makes the transport of one exchange, given its deadline on the monotonic clock."""


@dataclass(frozen=True)
class NotSent:
    """The provider never saw the call."""

    reason: str


@dataclass(frozen=True)
class NoAnswer:
    """The provider may have seen the call; nobody knows what became of it."""

    reason: str


Exchange = Answer | NotSent | NoAnswer


class HttpClient:
    """Sends calls of one provider, with its key.

    Parameters
    ----------
    base_url : the provider's origin and path prefix; plain http only for this machine.
    deadline_sec : the longest that any call may take, whatever it declares.
    open_transport : the seam for tests; by default real, guarded connections.

    Raises
    ------
    ProviderNotConfigured : `base_url` is not https.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        base_url: str = "",
        secrets: Secrets | None = None,
        deadline_sec: float = 120.0,
        open_transport: OpenTransport = GuardedTransport,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.declaration = declaration
        self.base_url = (base_url or declaration.base_url).rstrip("/")
        self.origin = _origin(self.base_url)
        self._secrets = dict(secrets or {})
        self._deadline_sec = deadline_sec
        self._open = open_transport
        self._now = now
        place = httpx.URL(self.base_url)
        if place.scheme != "https" and not (place.scheme == "http" and is_loopback(place.host)):
            raise ProviderNotConfigured(
                f"{declaration.base_url_setting} must be an https address; plain http is only for "
                "a server on this machine."
            )

    @property
    def configured(self) -> bool:
        return self.declaration.auth.satisfied_by(self._secrets)

    def send(self, call: Call) -> Exchange:
        """Send the call, once.

        Raises
        ------
        ProviderNotConfigured : there is no key for it.
        """
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # so that max_bytes bounds what is unpacked as well
            **call.headers,
        }
        if call.authorized and _origin(call.url) == self.origin:
            headers.update(self.authorization())
        seconds = min(call.timeout_sec, self._deadline_sec)
        deadline = time.monotonic() + seconds
        timeout = httpx.Timeout(seconds, connect=min(CONNECT_SEC, seconds))
        with httpx.Client(
            transport=self._open(deadline), timeout=timeout, follow_redirects=False, trust_env=False
        ) as client:
            try:
                with client.stream(call.method, call.url, headers=headers, **_body(call)) as reply:
                    return _read(reply, call.max_bytes, deadline)
            except NEVER_SENT as error:
                return NotSent(self._words(error))
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                return NoAnswer(self._words(error))

    def authorization(self) -> Mapping[str, str]:
        """The provider's key as headers.

        Raises
        ------
        ProviderNotConfigured : there is none.
        """
        auth = self.declaration.auth
        if not auth.satisfied_by(self._secrets):
            wanted = " or ".join(" and ".join(names) for names in auth.alternatives)
            raise ProviderNotConfigured(
                f"{self.declaration.name} has no key: set {wanted} (docs/providers.md)."
            )
        return auth.headers(self._secrets, self._now())

    def redact(self, text: str) -> str:
        """The text without any secret of this provider."""
        for secret in self._secrets.values():
            if len(secret) >= 6:
                text = text.replace(secret, "…")
        return text

    def _words(self, error: Exception) -> str:
        return self.redact(f"{type(error).__name__}: {error}"[:200])


def _origin(url: str) -> tuple[str, str, int | None]:
    place = httpx.URL(url)
    default = {"https": 443, "http": 80}.get(place.scheme)
    return place.scheme, place.host, place.port or default


def _body(call: Call) -> dict[str, Any]:
    if call.multipart is not None:
        plain = {n: p.data for n, p in call.multipart if p.filename is None}
        named = [
            (n, (p.filename, p.data, p.content_type or "application/octet-stream"))
            for n, p in call.multipart
            if p.filename is not None
        ]
        return {"data": plain, "files": named}
    if call.json is not None:
        return {"json": call.json}
    return {"content": call.content} if call.content is not None else {}


def _read(reply: httpx.Response, max_bytes: int, deadline: float) -> Exchange:
    """The answer, unless it is longer than allowed or never ends.

    A status that already says no is an answer, however its body ends.
    """
    pieces = bytearray()
    trouble = ""
    try:
        for piece in reply.iter_bytes():
            pieces += piece
            if len(pieces) > max_bytes:
                trouble = f"more than {max_bytes} bytes"
                break
            if time.monotonic() > deadline:
                trouble = "a body that did not end in time"
                break
    except httpx.HTTPError as error:
        trouble = f"a body that broke off ({type(error).__name__})"
    if trouble and reply.is_success:
        return NoAnswer(f"HTTP {reply.status_code} with {trouble}")
    headers = {name.lower(): value for name, value in reply.headers.items()}
    return Answer(reply.status_code, headers, bytes(pieces[:max_bytes]))
