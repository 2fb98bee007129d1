"""How a runner proves itself: our token in the address, and a signature over every body.

The key of the signatures is made of the token, so it is good for one job and ends with it; and the
address alone, which proxies write into their logs, opens nothing.
"""

import hashlib
import hmac

from shared.providers.webhooks.signature import check_timestamped

HEADER = "x-dropreel-signature"


def body_key(secret: str, token: str) -> str:
    """The key of the job whose callback address carries `token`."""
    return hmac.new(secret.encode(), b"gpu-body." + token.encode(), hashlib.sha256).hexdigest()


def sign_body(key: str, body: bytes, now: float) -> str:
    """The value of `HEADER` for a body that is sent now."""
    stamp = str(int(now))
    seal = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={seal}"


def check_body(key: str, header: str, body: bytes, now: float) -> None:
    """Raises `SignatureRefused` unless the body was signed with the key, and not long ago."""
    check_timestamped(header, body, key, now)
