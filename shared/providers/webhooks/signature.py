"""Checking signatures over the raw bytes, by each provider's scheme.

| scheme | key | signed text | signature |
| --- | --- | --- | --- |
| WaveSpeed | the secret after `whsec_`, as it stands | `id.timestamp.body` | `v3,<hex>` |
| Standard Webhooks (Replicate) | the same, base64-decoded | same | `v1,<base64>`, several |
| sync, ElevenLabs | the secret | `timestamp.body` | `t=…,v1=<hex>` or `v0=` |
| fal | a public key of its JWKS | request, user, timestamp, SHA-256 of the body | Ed25519, hex |

All are HMAC-SHA256 but the last. Comparisons take the same time wherever they fail.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import DropreelError

HMAC_AGE_SEC = 300.0
TIMESTAMPED_AGE_SEC = 1800.0


class SignatureRefused(DropreelError):
    """A webhook that was not signed by whom it should be, or too long ago."""


@dataclass(frozen=True)
class WebhookHint:
    """A job worth asking after. `event_id` is the same when the provider sends it again."""

    provider_job_id: str
    event_id: str = ""
    status: str = ""


def check_wavespeed(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> str:
    """Returns the event's id."""
    event, stamp, given = _standard_headers(headers)
    _check_age(stamp, now, HMAC_AGE_SEC)
    seal = _hmac(secret.removeprefix("whsec_").encode(), f"{event}.{stamp}.".encode() + body)
    _match((f"v3,{seal.hex()}",), given.split())
    return event


def check_standard(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> str:
    """Standard Webhooks (https://www.standardwebhooks.com). Returns the event's id."""
    event, stamp, given = _standard_headers(headers)
    _check_age(stamp, now, HMAC_AGE_SEC)
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise SignatureRefused("our webhook secret is not base64") from error
    seal = _hmac(key, f"{event}.{stamp}.".encode() + body)
    _match((f"v1,{base64.b64encode(seal).decode()}",), given.split())
    return event


def check_timestamped(
    header: str, body: bytes, secret: str, now: float, *, version: str = "v1"
) -> str:
    """`t=<time>,v1=<hex>` (sync.so) or `v0=` (ElevenLabs). Returns the timestamp."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamp = next((value for name, _, value in pairs if name == "t"), "")
    _check_age(stamp, now, TIMESTAMPED_AGE_SEC)
    seal = _hmac(secret.encode(), f"{stamp}.".encode() + body).hex()
    _match((seal,), (value for name, _, value in pairs if name == version))
    return stamp


def check_fal(headers: Mapping[str, str], body: bytes, jwks: Mapping[str, Any], now: float) -> str:
    """fal's Ed25519 signature; `jwks` is its key set, cached for at most a day. Returns the id."""
    # Here, because only fal needs the library.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    names = ("request-id", "user-id", "timestamp", "signature")
    request, user, stamp, given = (headers.get(f"x-fal-webhook-{name}", "") for name in names)
    _check_age(stamp, now, HMAC_AGE_SEC)
    digest = hashlib.sha256(body).hexdigest()
    signed = "\n".join((request, user, stamp, digest)).encode()
    for key in _ed25519_keys(jwks):
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(given), signed)
        except (InvalidSignature, ValueError):
            continue
        return request
    raise SignatureRefused("the webhook's signature fits none of fal's keys")


def _ed25519_keys(jwks: Mapping[str, Any]) -> Iterable[bytes]:
    keys = jwks.get("keys")
    for key in keys if isinstance(keys, list) else ():
        text = key.get("x") if isinstance(key, dict) else None
        if isinstance(text, str):
            try:
                yield base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            except (binascii.Error, ValueError):
                continue


def _standard_headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    event, stamp, given = (headers.get(name, "") for name in names)
    if not event or not given:
        raise SignatureRefused("the webhook carries no signature")
    return event, stamp, given


def _check_age(stamp: str, now: float, most_sec: float) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
        raise SignatureRefused("the webhook carries no readable time")
    if abs(now - int(stamp)) > most_sec:
        raise SignatureRefused("the webhook was signed too long ago, or in the future")


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _match(right: Iterable[str], given: Iterable[str]) -> None:
    """One of `given` must be right. All are compared, so time tells nothing."""
    wanted = tuple(right)
    fits = [hmac.compare_digest(each.encode(), want.encode()) for each in given for want in wanted]
    if not any(fits):
        raise SignatureRefused("the webhook's signature does not fit")
