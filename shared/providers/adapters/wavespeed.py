"""WaveSpeed AI (https://wavespeed.ai/docs): many vendors' models behind one API.

A failed task comes back as HTTP 200 with `status: failed`. Its charge is returned within three
hours; a refused picture may stay charged.
"""

from collections.abc import Sequence
from typing import ClassVar

from shared.jobs.outcome import Billed, Outcome, Reading, SubmitReading
from shared.jobs.request import VideoRequest
from shared.providers.auth import bearer
from shared.providers.body import write_body
from shared.providers.call import Answer, Call, as_whole, reach
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

# `cancelled`, `timeout` and `deleted` are not documented; the vendor's own SDK ends on them.
FAILED, STOPPED = {"failed"}, {"cancelled", "canceled", "timeout", "deleted"}


class WaveSpeed(Adapter):
    """`model` is the path of the model, such as `alibaba/wan-2.5/image-to-video`."""

    declaration: ClassVar[Declaration] = Declaration(
        name="wavespeed",
        base_url="https://api.wavespeed.ai",
        auth=bearer("WAVESPEED_API_KEY"),
        transports=(Transport.URL, Transport.DATA_URI),
        webhook=WebhookScheme.WAVESPEED,
        result_hosts=(".wavespeed.ai", ".cloudfront.net"),
        rate=RateHint(concurrent=2, per_minute=2),
        note="The key is dead until the first top-up. The life of result addresses is not stated.",
    )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        body = write_body(self.declaration, request, context)
        if context.callback_url:
            body["webhook_url"] = context.callback_url
        return Call(
            method="POST",
            url=f"{context.base_url}/api/v3/{context.model}",
            json=body,
            timeout_sec=60,
        )

    def read_submit(self, answer: Answer) -> SubmitReading:
        job_id = answer.text_at("data", "id")
        if answer.ok and job_id:
            return accepted(job_id)
        code = as_whole(answer.at("code"))
        if answer.ok and code is not None and 400 <= code < 600:
            # The envelope repeats the HTTP status, and sometimes is the only one to tell it.
            answer = Answer(code, answer.headers, answer.body)
        return read_refusal(answer, _said(answer))

    def poll(self, job: JobRef) -> Call:
        return Call(method="GET", url=f"{job.base_url}/api/v3/predictions/{job.path_id}/result")

    def read_poll(self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()) -> Reading:
        del job, before
        if not answer.ok:
            return running()
        data = answer.at("data")
        status = words(reach(data, "status"))
        if status == "completed":
            flags = reach(data, "has_nsfw_contents")
            if isinstance(flags, list) and any(flag is True for flag in flags):
                refusal = ended(
                    Outcome.MODERATED, "the result was flagged as unsafe", billed=Billed.YES
                )
                return Reading(ending=refusal, provider_status=status)
            return finished(reach(data, "outputs"), status=status)
        if status in FAILED:
            ending = failed(words(reach(data, "error")), billed=Billed.NO, retryable=True)
            if ending.outcome is Outcome.MODERATED:
                ending = ending.model_copy(update={"billed": Billed.UNKNOWN})
            return Reading(ending=ending, provider_status=status)
        if status in STOPPED:
            outcome = Outcome.TIMED_OUT if status == "timeout" else Outcome.CANCELLED
            message = words(reach(data, "error")) or f"the provider says {status}"
            return Reading(
                ending=ended(outcome, message, billed=Billed.UNKNOWN), provider_status=status
            )
        return running(status)

    def hinted_job(self, body: object) -> str | None:
        return words(reach(body, "id")) or words(reach(body, "data", "id")) or None


def _said(answer: Answer) -> str:
    places = (("message",), ("data", "error"), ("error",), ("detail",))
    return next(filter(None, (answer.text_at(*place) for place in places)), "")
