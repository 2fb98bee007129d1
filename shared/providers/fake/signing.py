"""Webhooks signed as each vendor signs them."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of the fake providers").decode()
"""Known to everybody: it protects nothing but the fake."""

_FAL_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"fake fal").digest())


def fal_jwks() -> dict[str, Any]:
    """What fal serves under `/.well-known/jwks.json`."""
    public = _FAL_KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "fake", "x": text}]}


def wavespeed_headers(body: bytes) -> dict[str, str]:
    event, stamp = _event()
    key = WEBHOOK_SECRET.removeprefix("whsec_").encode()
    seal = hmac.new(key, f"{event}.{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return _standard(event, stamp, f"v3,{seal}")


def standard_headers(body: bytes) -> dict[str, str]:
    event, stamp = _event()
    key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    seal = hmac.new(key, f"{event}.{stamp}.".encode() + body, hashlib.sha256).digest()
    # An older key's signature comes first, as during the rotation of a secret.
    old = base64.b64encode(b"\0" * 32).decode()
    return _standard(event, stamp, f"v1,{old} v1,{base64.b64encode(seal).decode()}")


def fal_headers(body: bytes) -> dict[str, str]:
    request = str(json.loads(body).get("request_id", ""))
    stamp = str(int(time.time()))
    digest = hashlib.sha256(body).hexdigest()
    seal = _FAL_KEY.sign("\n".join((request, "fake-user", stamp, digest)).encode())
    return {
        "X-Fal-Webhook-Request-Id": request,
        "X-Fal-Webhook-User-Id": "fake-user",
        "X-Fal-Webhook-Timestamp": stamp,
        "X-Fal-Webhook-Signature": seal.hex(),
    }


def _event() -> tuple[str, str]:
    return f"msg_{uuid.uuid4().hex}", str(int(time.time()))


def _standard(event: str, stamp: str, signature: str) -> dict[str, str]:
    return {"webhook-id": event, "webhook-timestamp": stamp, "webhook-signature": signature}
