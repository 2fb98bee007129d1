"""Luma's Agents API (model ray-3.2; the older Dream Machine API is legacy).

The result's address is good for one hour. A picture can start a clip of five seconds as
`start_frame`; longer ones take it as a keyframe at position 0.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from shared.jobs.outcome import Billed, Ending, Outcome, Reading, SubmitReading
from shared.jobs.request import MediaInput, VideoRequest
from shared.providers.auth import bearer
from shared.providers.body import write_body
from shared.providers.call import Answer, Call
from shared.providers.contract import (
    Adapter,
    Declaration,
    JobContext,
    JobRef,
    RateHint,
    Transport,
)
from shared.providers.media import choose_transport
from shared.providers.readings import finished, running, words
from shared.providers.refusals import accepted, ended, failed, read_refusal

OUTCOMES = {
    "content_moderated": (Outcome.MODERATED, Billed.UNKNOWN, False),
    "budget_exhausted": (Outcome.NO_CREDIT, Billed.NO, False),
    "rate_limited": (Outcome.RATE_LIMITED, Billed.NO, True),
    "generation_failed": (Outcome.FAILED, Billed.UNKNOWN, True),
    "output_not_found": (Outcome.FAILED, Billed.UNKNOWN, True),
}
"""failure_code: outcome, billed, may be tried again. Others are about the input: never again."""


class LumaAgents(Adapter):
    """`model` is `ray-3.2`."""

    declaration: ClassVar[Declaration] = Declaration(
        name="luma_agents",
        base_url="https://agents.lumalabs.ai/v1",
        auth=bearer("LUMA_AGENTS_API_KEY"),
        transports=(Transport.URL, Transport.BARE_BASE64),
        result_hosts=(".lumalabs.ai", ".amazonaws.com", ".cdn-luma.com"),
        result_ttl_sec=3600,
        rate=RateHint(concurrent=10, per_minute=20),
        note="No webhooks and no cancel. Rates are those of the older API.",
    )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        body = write_body(self.declaration, request, context, around=self._frame)
        body["model"] = context.model
        video = body.get("video", {})
        if video.get("duration") == "10s" and "start_frame" in video:
            video["keyframes"] = [video.pop("start_frame")]
            video["keyframe_indexes"] = [0]
            if "end_frame" in video:
                video["keyframes"].append(video.pop("end_frame"))
                video["keyframe_indexes"].append(240)  # ten seconds on its grid of 24 a second
        return Call(method="POST", url=f"{context.base_url}/generations", json=body, timeout_sec=60)

    def _frame(self, text: str, item: MediaInput) -> dict[str, Any]:
        if choose_transport(self.declaration, item) is Transport.URL:
            return {"url": text}
        return {"data": text, "media_type": item.content_type}

    def read_submit(self, answer: Answer) -> SubmitReading:
        if answer.ok and (job_id := answer.text_at("id")):
            return accepted(job_id)
        places = (("failure_reason",), ("detail",), ("error", "message"), ("error",), ("message",))
        said = next(filter(None, (answer.text_at(*place) for place in places)), "")
        return read_refusal(answer, said)

    def poll(self, job: JobRef) -> Call:
        return Call(method="GET", url=f"{job.base_url}/generations/{job.path_id}")

    def read_poll(self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()) -> Reading:
        del job, before
        if not answer.ok:
            return running()
        state = answer.text_at("state")
        if state == "completed":
            return finished(answer.at("output"), status=state)
        if state == "failed":
            ending = _failure(answer.text_at("failure_code"), words(answer.at("failure_reason")))
            return Reading(ending=ending, provider_status=state)
        return running(state)


def _failure(code: str, said: str) -> Ending:
    text = ": ".join(filter(None, (code, said)))
    if code in OUTCOMES:
        outcome, billed, retryable = OUTCOMES[code]
        return ended(outcome, text, billed=billed, retryable=retryable)
    return failed(text, billed=Billed.UNKNOWN)
