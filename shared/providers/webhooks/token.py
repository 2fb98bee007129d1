"""Our own callback token: who may say "look at this job now".

Each job's callback address carries one. It names the job, ends, and carries an id of its own, which
the receiver keeps until the token has ended, so that a second use is known. It proves the caller
for engines that do not sign (Modal, workers, Kling, MiniMax), and comes on top for those that do.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from shared.providers.webhooks.signature import SignatureRefused

VERSION = "d1"
LONGEST = 1024


@dataclass(frozen=True)
class CallbackToken:
    """What a token says. `use_id` may be accepted once."""

    job_id: str
    expires_at: int
    use_id: str


def sign_token(secret: str, job_id: str, expires_at: int, *, use_id: str | None = None) -> str:
    """A token for one job, fit for a URL.

    Parameters
    ----------
    expires_at : Unix time from which it is worth nothing.
    """
    claims = [job_id, int(expires_at), use_id or secrets.token_urlsafe(12)]
    body = _encode(json.dumps(claims, separators=(",", ":")).encode())
    return f"{VERSION}.{body}.{_encode(_seal(secret, body))}"


def verify_token(secret: str, token: str, now: float) -> CallbackToken:
    """What the token says, if we signed it and it has not ended.

    Raises
    ------
    SignatureRefused
    """
    version, _, rest = token.partition(".")
    body, _, seal = rest.partition(".")
    right = _encode(_seal(secret, body))
    if not secret or len(token) > LONGEST or version != VERSION:
        raise SignatureRefused("this is no callback token of ours")
    if not hmac.compare_digest(seal.encode(), right.encode()):
        raise SignatureRefused("this callback token was not signed by us")
    try:
        job_id, expires_at, use_id = json.loads(_decode(body))
    except (ValueError, binascii.Error) as error:
        raise SignatureRefused("this callback token cannot be read") from error
    if now >= expires_at:
        raise SignatureRefused("this callback token has ended")
    return CallbackToken(str(job_id), int(expires_at), str(use_id))


def _seal(secret: str, body: str) -> bytes:
    return hmac.new(secret.encode(), f"{VERSION}.{body}".encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
