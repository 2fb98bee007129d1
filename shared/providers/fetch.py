"""Bringing a result home: only from where results may lie, only a video, only so large.

Every hop is checked anew: the scheme, the host against the provider's list, and the address that is
dialled. The file is streamed to disk under another name and takes its own only when it is whole.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx

from shared.errors import Transient
from shared.jobs.ports import ResultExpired, ResultUnusable
from shared.providers.network import (
    GuardedTransport,
    MayDial,
    Resolve,
    is_loopback,
    is_public,
    resolve,
)
from shared.providers.sniff import container_of, looks_like_video

EXPIRED = frozenset({401, 403, 404, 410})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_HOPS = 4
CONNECT_SEC, READ_SEC = 10.0, 30.0


@dataclass(frozen=True, kw_only=True)
class FetchRules:
    """Where a provider's results may lie, and how large and slow they may be.

    `local_origin` is the origin of a base URL on this machine: the one place that may be private
    and speak plain http.
    """

    hosts: tuple[str, ...]
    auth_hosts: tuple[str, ...] = ()
    local_origin: tuple[str, int] | None = None
    max_bytes: int = 512 * 1024 * 1024
    deadline_sec: float = 240.0


@dataclass(frozen=True)
class FetchedFile:
    """A whole video on disk."""

    path: Path
    size_bytes: int
    sha256: str
    container: str


def fetch(
    url: str,
    path: Path,
    rules: FetchRules,
    *,
    authorization: Mapping[str, str] | None = None,
    resolve: Resolve = resolve,
) -> FetchedFile:
    """Download `url` to `path`.

    Parameters
    ----------
    authorization : headers for those hosts of `rules.auth_hosts` that want the provider's key.

    Raises
    ------
    ResultExpired : the address is no longer good: poll again for a fresh one.
    ResultUnusable : it lies where results may not, is too large, or is no whole video.
    Transient : it could not be had just now.
    """
    deadline = time.monotonic() + rules.deadline_sec
    transport = GuardedTransport(deadline, resolve=resolve, may_dial=_dialling(rules))
    timeout = httpx.Timeout(READ_SEC, connect=CONNECT_SEC)
    part = path.with_name(f"{path.name}.part")
    try:
        with httpx.Client(
            transport=transport, timeout=timeout, follow_redirects=False, trust_env=False
        ) as client:
            for _ in range(MOST_HOPS):
                headers = {"Accept-Encoding": "identity", **_key_for(url, rules, authorization)}
                _check_place(url, rules)
                with client.stream("GET", url, headers=headers) as reply:
                    if reply.status_code in REDIRECTS:
                        url = urljoin(url, reply.headers.get("location", ""))
                        continue
                    _check_status(reply)
                    _save(reply, part, rules, deadline)
                return _keep(part, path)
        raise ResultUnusable(f"the result was passed on more than {MOST_HOPS} times")
    except httpx.ConnectError as error:
        if "not allowed" in str(error):
            raise ResultUnusable(
                f"the result lies at a forbidden address: {_place(url)}"
            ) from error
        raise Transient(f"{_place(url)} cannot be reached") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise Transient(f"{_place(url)} broke off: {type(error).__name__}") from error
    except httpx.InvalidURL as error:
        raise ResultUnusable("the result has no readable address") from error
    finally:
        part.unlink(missing_ok=True)


def save_bytes(data: bytes, path: Path, rules: FetchRules) -> FetchedFile:
    """Keep a result that came inside an answer, under the same checks."""
    if len(data) > rules.max_bytes:
        raise ResultUnusable(f"the result is larger than {rules.max_bytes} bytes")
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        return _keep(part, path)
    finally:
        part.unlink(missing_ok=True)


def host_allowed(host: str, allowed: Iterable[str]) -> bool:
    """Is the host one of those, or below one that begins with a dot?"""
    host = host.lower().rstrip(".")
    return any(
        host == each.lstrip(".") or (each.startswith(".") and host.endswith(each))
        for each in allowed
    )


def _dialling(rules: FetchRules) -> MayDial:
    def may_dial(host: str, port: int, address: str) -> bool:
        if rules.local_origin == (host, port):
            return is_loopback(address)
        return is_public(address)

    return may_dial


def _check_place(url: str, rules: FetchRules) -> None:
    place = httpx.URL(url)
    port = place.port or {"https": 443, "http": 80}.get(place.scheme, 0)
    if rules.local_origin == (place.host, port):
        return
    if place.scheme != "https":
        raise ResultUnusable(f"results are fetched by https only, not from {_place(url)}")
    if place.userinfo or not host_allowed(place.host, rules.hosts):
        raise ResultUnusable(
            f"{place.host} is no place where this provider's results lie.",
            details={"host": place.host, "allowed": list(rules.hosts)},
        )


def _key_for(
    url: str, rules: FetchRules, authorization: Mapping[str, str] | None
) -> Mapping[str, str]:
    place = httpx.URL(url)
    local = rules.local_origin is not None and place.host == rules.local_origin[0]
    wanted = host_allowed(place.host, rules.auth_hosts) and place.scheme == "https"
    return authorization or {} if wanted or (local and rules.auth_hosts) else {}


def _check_status(reply: httpx.Response) -> None:
    if reply.status_code in EXPIRED:
        raise ResultExpired(f"the result's address answers HTTP {reply.status_code}")
    if not reply.is_success:
        raise Transient(f"the result's address answers HTTP {reply.status_code}")


def _save(reply: httpx.Response, part: Path, rules: FetchRules, deadline: float) -> None:
    size = reply.headers.get("content-length", "")
    if size.isdigit() and int(size) > rules.max_bytes:
        raise ResultUnusable(f"the result is larger than {rules.max_bytes} bytes")
    written, head = 0, b""
    with part.open("wb") as file:
        for piece in reply.iter_bytes():
            written += len(piece)
            if written > rules.max_bytes:
                raise ResultUnusable(f"the result is larger than {rules.max_bytes} bytes")
            if time.monotonic() > deadline:
                raise Transient(f"the result did not arrive in {rules.deadline_sec:g} s")
            file.write(piece)
            if len(head) < 8:
                head += piece[: 8 - len(head)]
                if len(head) >= 8 and not looks_like_video(head):
                    raise ResultUnusable("the result is no video (MP4, MOV or WebM)")


def _keep(part: Path, path: Path) -> FetchedFile:
    container = container_of(part) if part.stat().st_size else None
    if container is None:
        raise ResultUnusable("the result is no whole video (MP4, MOV or WebM)")
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    part.replace(path)
    return FetchedFile(path, path.stat().st_size, digest, container)


def _place(url: str) -> str:
    """Scheme, host and path: what may be shown."""
    place = httpx.URL(url)
    return f"{place.scheme}://{place.host}{place.path}"
