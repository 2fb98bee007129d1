"""ReceiveCallback: somebody says that a job has moved; look at it now.

A callback is a hint. It proves itself by our token (and by the provider's signature, where it has
one), and all that it can do is bring the next look forward: what happened, the provider is asked.
"""

import base64
import time
from typing import Any

from lambdas.jobs_wiring import jobs_queue, jobs_store
from lambdas.keys_wiring import CALLBACK_SECRET, provider_secrets
from lambdas.observability import logger
from lambdas.wiring import Event, logged, services
from shared.ports import Conflict
from shared.providers.contract import WebhookScheme
from shared.providers.engines import provider_for
from shared.providers.webhooks.read import read_webhook
from shared.providers.webhooks.signature import SignatureRefused
from shared.providers.webhooks.token import verify_token

FAL_JWKS_URL = "https://rest.fal.ai/.well-known/jwks.json"
KEYS_FRESH_SEC = 24 * 3600
_keys: dict[str, Any] = {}
_keys_at = 0.0

REFUSED = {"statusCode": 401, "body": "refused"}
TAKEN = {"statusCode": 202, "body": "thank you"}


@logged
def handler(event: Event, _context: Any) -> Event:
    secrets = provider_secrets().values()
    token = (event.get("queryStringParameters") or {}).get("t", "")
    try:
        claim = verify_token(secrets.get(CALLBACK_SECRET, ""), token, time.time())
        jobs = jobs_store(services())
        job = jobs.job(claim.job_id)
        if job is None:
            return TAKEN
        _check_signature(event, job.provider, secrets)
    except SignatureRefused as error:
        logger.warning("callback refused", reason=str(error))
        return REFUSED
    try:
        jobs.use_once(claim.use_id)
    except Conflict:
        return TAKEN
    jobs_queue().send(job.job_id)
    return TAKEN


def _check_signature(event: Event, provider_name: str, secrets: dict[str, str]) -> None:
    """Check the provider's own signature, where it signs and we have its secret."""
    provider = provider_for(provider_name, secrets)
    secret = secrets.get(f"{provider.declaration.name.upper()}_WEBHOOK_SECRET", "")
    by_public_key = provider.declaration.webhook is WebhookScheme.FAL
    if not (secret or by_public_key):
        return
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    read_webhook(provider.adapter, event.get("headers") or {}, raw, now=time.time(), secret=secret)
