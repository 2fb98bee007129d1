"""From an HTTP request to a hint."""

import json
from collections.abc import Mapping
from typing import Any

from shared.providers.call import as_text, reach
from shared.providers.contract import Adapter, WebhookScheme
from shared.providers.webhooks.signature import (
    SignatureRefused,
    WebhookHint,
    check_fal,
    check_standard,
    check_timestamped,
    check_wavespeed,
)

MOST_BYTES = 1024 * 1024

TIMESTAMPED = {"sync-signature": "v1", "elevenlabs-signature": "v0"}
"""Who signs `t=…,<version>=…`, and under which header."""


def read_webhook(
    adapter: Adapter,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    secret: str = "",
    jwks: Mapping[str, Any] | None = None,
) -> WebhookHint:
    """The job that a provider's webhook is about, once its signature is checked.

    Parameters
    ----------
    headers : in any letter case.
    body : the raw bytes as they arrived.
    secret : the webhook secret of WaveSpeed or Replicate.
    jwks : fal's public keys.

    Raises
    ------
    SignatureRefused : also when the provider has no webhooks, or we lack its key. A provider that
        does not sign is read as it is: its caller must have shown our own token.
    """
    if len(body) > MOST_BYTES:
        raise SignatureRefused("the webhook is too long")
    low = {name.lower(): value for name, value in headers.items()}
    event = _check(adapter.declaration.webhook, low, body, now, secret, jwks)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SignatureRefused("the webhook is no JSON") from error
    job_id = adapter.hinted_job(document)
    if not job_id:
        raise SignatureRefused("the webhook names no job")
    return WebhookHint(job_id, event, as_text(reach(document, "status"))[:100])


def _check(
    scheme: WebhookScheme | None,
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    secret: str,
    jwks: Mapping[str, Any] | None,
) -> str:
    if scheme is WebhookScheme.UNSIGNED:
        return ""
    if scheme is WebhookScheme.FAL:
        return check_fal(headers, body, jwks or {}, now)
    if not secret:
        raise SignatureRefused("there is no secret to check this webhook with")
    if scheme is WebhookScheme.WAVESPEED:
        return check_wavespeed(headers, body, secret, now)
    if scheme is WebhookScheme.STANDARD:
        return check_standard(headers, body, secret, now)
    if scheme is WebhookScheme.TIMESTAMPED:
        return _check_timestamped(headers, body, secret, now)
    raise SignatureRefused("this provider sends no webhooks")


def _check_timestamped(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> str:
    for name, version in TIMESTAMPED.items():
        if name in headers:
            return check_timestamped(headers[name], body, secret, now, version=version)
    raise SignatureRefused("the webhook carries no signature")
