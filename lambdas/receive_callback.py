"""ReceiveCallback: somebody says that a job has moved; look at it now.

A callback is a hint. It proves itself by our token (and by the provider's signature, where it has
one), and all that it can do is bring the next look forward: what happened, the provider is asked.

Runners of ours say more: they claim a job, tell how far it is, and ask for fresh addresses of its
files. Each message is signed with the job's own key; the end is told once.
"""

import base64
import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from lambdas.gpu_wiring import OWN, records
from lambdas.keys_wiring import CALLBACK_SECRET, provider_secrets
from lambdas.observability import logger
from lambdas.wiring import Event, jobs_queue, jobs_store, logged, services
from shared.aws.jobs import DynamoJobs
from shared.gpu_jobs.messages import Answer as RunnerAnswer
from shared.gpu_jobs.messages import Word
from shared.gpu_jobs.receive import read_said, receive
from shared.gpu_jobs.signing import HEADER, body_key, check_body
from shared.jobs.job import Job
from shared.pipeline.services import Services
from shared.ports import Conflict
from shared.providers.call import Answer as HttpAnswer
from shared.providers.contract import WebhookScheme
from shared.providers.engines import provider_for
from shared.providers.provider import Provider
from shared.providers.webhooks.jwks import FalKeys
from shared.providers.webhooks.read import read_webhook
from shared.providers.webhooks.signature import SignatureRefused
from shared.providers.webhooks.token import CallbackToken, verify_token

fal_keys = FalKeys()

REFUSED = {"statusCode": 401, "body": "refused"}
TAKEN = {"statusCode": 202, "body": "thank you"}
BUSY = {"statusCode": 503, "body": "again, please"}


@logged
def handler(event: Event, _context: Any) -> Event:
    secrets = provider_secrets().values()
    token = (event.get("queryStringParameters") or {}).get("t", "")
    try:
        claim = verify_token(secrets.get(CALLBACK_SECRET, ""), token, time.time())
        house = services()
        jobs = jobs_store(house)
        job = jobs.job(claim.job_id)
        if job is None:
            return TAKEN
        if job.provider in OWN:
            key = body_key(secrets[CALLBACK_SECRET], token)
            return _hear_runner(house, jobs, job, claim, event, key)
        provider, raw = provider_for(job.provider, secrets), _raw_body(event)
        echo = provider.adapter.challenge_reply(HttpAnswer(200, {}, raw).document)
        if echo is not None:  # it only asks whether somebody listens: the token is not used up
            return {"statusCode": 200, "body": json.dumps(echo)}
        check_signature(event.get("headers") or {}, raw, provider, secrets)
    except SignatureRefused as error:
        logger.warning("callback refused", reason=str(error))
        return REFUSED
    try:
        jobs.use_once(claim.use_id)
    except Conflict:
        return TAKEN
    jobs_queue().send(job.job_id)
    return TAKEN


def _hear_runner(
    house: Services, jobs: DynamoJobs, job: Job, claim: CallbackToken, event: Event, key: str
) -> Event:
    """A message of a runner of ours.

    Raises
    ------
    SignatureRefused : it was not signed with the job's key.
    """
    body, now = _raw_body(event), time.time()
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    check_body(key, headers.get(HEADER, ""), body, now)
    said = read_said(body)
    logger.append_keys(job=job.job_id)
    try:
        answer = receive(records(house), job, said, now)
    except Conflict:
        return BUSY
    if said.word is Word.END:
        _end_once(jobs, job, claim)
    elif said.word is Word.REFRESH and answer.addresses is None:
        jobs_queue().send(job.job_id)  # that step signs them
    logger.info("runner", word=said.word, runner=said.runner, verdict=answer.verdict)
    return _answered(answer)


def _end_once(jobs: DynamoJobs, job: Job, claim: CallbackToken) -> None:
    """Look at the job now. What its end was, its report says, whoever told of it."""
    try:
        jobs.use_once(f"{claim.use_id}.end")
    except Conflict:
        return
    jobs_queue().send(job.job_id)


def _answered(answer: RunnerAnswer) -> Event:
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": answer.model_dump_json(exclude_none=True),
    }


def _raw_body(event: Event) -> bytes:
    """The body byte for byte, as it was signed."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def check_signature(
    headers: Mapping[str, str], raw: bytes, provider: Provider, secrets: Mapping[str, str]
) -> None:
    """Check the provider's own signature, where it signs and we have its secret."""
    secret = secrets.get(f"{provider.declaration.name.upper()}_WEBHOOK_SECRET", "")
    by_public_key = provider.declaration.webhook is WebhookScheme.FAL
    if not (secret or by_public_key):
        return
    read = partial(read_webhook, provider.adapter, headers, raw, now=time.time(), secret=secret)
    if not by_public_key:
        read()
        return
    try:
        read(jwks=fal_keys.get(provider))
    except SignatureRefused:  # perhaps by a key that is newer than ours
        read(jwks=fal_keys.get(provider, again=True))
