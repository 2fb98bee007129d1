"""How a key becomes a header. Only the client that sends a call ever holds both."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Headers = dict[str, str]
Secrets = Mapping[str, str]


@dataclass(frozen=True)
class Auth:
    """Which secrets a provider wants, and how they are shown.

    `alternatives` are sets of secret names, any one of which is enough; `headers` gets the secrets
    and the Unix time. `described` is for the docs.
    """

    alternatives: tuple[tuple[str, ...], ...]
    headers: Callable[[Secrets, float], Headers]
    described: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for names in self.alternatives for name in names)

    def satisfied_by(self, secrets: Secrets) -> bool:
        return any(all(secrets.get(name) for name in names) for names in self.alternatives)


def bearer(name: str) -> Auth:
    """`Authorization: Bearer <key>`."""
    return Auth(
        ((name,),),
        lambda secrets, _now: {"Authorization": f"Bearer {secrets[name]}"},
        "Authorization: Bearer",
    )


def key_scheme(name: str, scheme: str) -> Auth:
    """`Authorization: <scheme> <key>`."""
    return Auth(
        ((name,),),
        lambda secrets, _now: {"Authorization": f"{scheme} {secrets[name]}"},
        f"Authorization: {scheme}",
    )


def jwt_hs256(claims: Mapping[str, object], secret: str) -> str:
    """A JSON web token signed with HMAC-SHA256 (RFC 7519)."""
    head = _b64url(_compact({"alg": "HS256", "typ": "JWT"}))
    signed = f"{head}.{_b64url(_compact(claims))}"
    seal = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_b64url(seal)}"


def _compact(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
