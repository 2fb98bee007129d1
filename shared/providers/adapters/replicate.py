"""Replicate (https://replicate.com/docs/reference/http).

Everything of a prediction, its result included, is deleted an hour after it ends. `aborted` ended
before it started and costs nothing; `canceled` is charged for what ran.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from shared.jobs.outcome import Billed, Outcome, Reading, SubmitReading
from shared.jobs.request import VideoRequest
from shared.providers.auth import bearer
from shared.providers.body import write_body
from shared.providers.call import Answer, Call, reach
from shared.providers.contract import (
    Adapter,
    Declaration,
    JobContext,
    JobRef,
    RateHint,
    Transport,
    WebhookScheme,
)
from shared.providers.readings import finished, running, words
from shared.providers.refusals import accepted, ended, failed, read_refusal

_PERCENT = re.compile(r"\b(\d{1,3})%\|")
_STEPS = re.compile(r"%\|[^|]*\| *(\d{1,5})/(\d{1,5})")


class Replicate(Adapter):
    """`model` is `owner/name`, or `owner/name:version` for community models."""

    declaration: ClassVar[Declaration] = Declaration(
        name="replicate",
        base_url="https://api.replicate.com",
        auth=bearer("REPLICATE_API_TOKEN"),
        transports=(Transport.URL, Transport.DATA_URI),
        webhook=WebhookScheme.STANDARD,
        cancels=True,
        result_hosts=(".replicate.delivery", "api.replicate.com"),
        result_auth_hosts=("api.replicate.com",),
        result_ttl_sec=3600,
        rate=RateHint(concurrent=6, per_minute=6),
        note="6 a minute without a payment method, 600 with one. Runs end after 30 minutes.",
    )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        body = write_body(self.declaration, request, context)
        name, _, version = context.model.partition(":")
        if version:
            body["version"] = version
        if context.callback_url:
            body |= {"webhook": context.callback_url, "webhook_events_filter": ["completed"]}
        path = "predictions" if version else f"models/{name}/predictions"
        return Call(method="POST", url=f"{context.base_url}/v1/{path}", json=body, timeout_sec=60)

    def read_submit(self, answer: Answer) -> SubmitReading:
        if answer.ok and (job_id := answer.text_at("id")):
            return accepted(job_id)
        said = (answer.text_at("title"), answer.text_at("detail"))
        return read_refusal(answer, ": ".join(filter(None, said)))

    def poll(self, job: JobRef) -> Call:
        return Call(method="GET", url=f"{job.base_url}/v1/predictions/{job.path_id}")

    def read_poll(self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()) -> Reading:
        del job, before
        if not answer.ok:
            return running()
        status = answer.text_at("status")
        error = words(answer.at("error"))
        match status:
            case "succeeded":
                return finished(answer.at("output"), status=status)
            case "failed":
                ending = failed(error, billed=Billed.UNKNOWN, retryable=True)
            case "canceled":
                ending = ended(Outcome.CANCELLED, error or "canceled", billed=Billed.YES)
            case "aborted":
                message = error or "it did not start before its deadline"
                ending = ended(Outcome.TIMED_OUT, message, billed=Billed.NO, retryable=True)
            case _:
                logs = words(answer.at("logs"))[-2000:]
                seen, steps = _PERCENT.findall(logs), _STEPS.findall(logs)
                text = "step {} of {}".format(*steps[-1]) if steps else ""
                return running(status, int(seen[-1]) / 100 if seen else None, text)
        return Reading(ending=ending, provider_status=status)

    def cancel(self, job: JobRef) -> Call:
        return Call(method="POST", url=f"{job.base_url}/v1/predictions/{job.path_id}/cancel")

    def hinted_job(self, body: object) -> str | None:
        return words(reach(body, "id")) or None
