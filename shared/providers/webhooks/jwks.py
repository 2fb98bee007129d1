"""fal's public keys, fetched when they are needed and kept for a day."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from shared.providers.call import Answer, Call
from shared.providers.provider import Provider

FAL_JWKS_URL = "https://rest.fal.ai/.well-known/jwks.json"
KEPT_SEC = 24 * 3600.0
"""fal's own limit."""

RETRY_SEC = 60.0
"""So often at most is a key set asked for that could not be had, or that a signature did not fit:
anybody may send us signatures that fit nothing."""


class FalKeys:
    """The key set, empty while it cannot be had: then fal's webhooks are refused and polls do."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._keys: Mapping[str, Any] = {}
        self._read_at = 0.0
        self._tried_at = 0.0

    def get(self, provider: Provider, *, again: bool = False) -> Mapping[str, Any]:
        """The keys; `again` asks anew, for a signature that fits none of them."""
        now = self._now()
        old = again or not self._keys or now - self._read_at >= KEPT_SEC
        if old and now - self._tried_at >= RETRY_SEC:
            self._tried_at = now
            answer = provider.client.send(
                Call(method="GET", url=_address(provider), authorized=False)
            )
            document = answer.document if isinstance(answer, Answer) and answer.ok else None
            if isinstance(document, dict) and document.get("keys"):
                self._keys, self._read_at = document, now
        return {} if now - self._read_at >= KEPT_SEC else self._keys


def _address(provider: Provider) -> str:
    """Where the keys lie: beside the API, if that is not fal's own."""
    if provider.client.base_url == provider.declaration.base_url:
        return FAL_JWKS_URL
    return f"{provider.client.base_url}/.well-known/jwks.json"
