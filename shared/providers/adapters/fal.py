"""fal's queue (https://fal.ai/docs/model-apis).

`COMPLETED` includes failures: the truth is in `error`, or in what the response address answers.
Server errors are never charged; a 422 may be. The response address has been seen to answer 504
after COMPLETED, so it is asked again rather than the job being given up.
"""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from shared.jobs.outcome import Billed, Outcome, Reading, SubmitReading
from shared.jobs.request import VideoRequest
from shared.providers.auth import Auth, key_scheme
from shared.providers.body import write_body
from shared.providers.call import Answer, Call, as_text, as_whole, reach
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
from shared.providers.refusals import accepted, failed, read_refusal, refused

VERDICTS = frozenset({400, 403, 413, 415, 422})
"""Statuses of the response address that are about the job; others are about the asking."""


def _auth() -> Auth:
    whole = key_scheme("FAL_KEY", "Key")
    parts = ("FAL_KEY_ID", "FAL_KEY_SECRET")

    def headers(secrets: Any, now: float) -> dict[str, str]:
        if secrets.get("FAL_KEY"):
            return whole.headers(secrets, now)
        return {"Authorization": "Key " + ":".join(secrets[name] for name in parts)}

    return Auth((("FAL_KEY",), parts), headers, whole.described)


class Fal(Adapter):
    """`model` is the app's id, such as `fal-ai/kling-video/v2.5-turbo/pro/image-to-video`."""

    declaration: ClassVar[Declaration] = Declaration(
        name="fal",
        base_url="https://queue.fal.run",
        auth=_auth(),
        transports=(Transport.URL, Transport.DATA_URI),
        webhook=WebhookScheme.FAL,
        cancels=True,
        result_hosts=(".fal.media",),
        rate=RateHint(concurrent=2, per_minute=60),
        note="Two at once at first, up to 40 with spending; more are queued, not refused.",
    )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        body = write_body(self.declaration, request, context)
        hook = (
            f"?{urlencode({'fal_webhook': context.callback_url})}" if context.callback_url else ""
        )
        return Call(
            method="POST",
            url=f"{context.base_url}/{context.model}{hook}",
            json=body,
            timeout_sec=60,
        )

    def read_submit(self, answer: Answer) -> SubmitReading:
        if answer.ok and (job_id := answer.text_at("request_id")):
            return accepted(job_id, answer.text_at("status_url"), answer.text_at("cancel_url"))
        said = explain(answer.document)
        if answer.status == 422:
            kind = failed(said, billed=Billed.UNKNOWN)
            return refused(kind.outcome, f"HTTP 422: {said}", billed=Billed.UNKNOWN)
        if answer.status == 403 and "lock" in said.lower():
            return refused(Outcome.NO_CREDIT, said)
        return read_refusal(answer, said)

    def poll(self, job: JobRef) -> Call:
        return Call(method="GET", url=job.poll_url or f"{_request_url(job)}/status")

    def read_poll(
        self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()
    ) -> Reading | Call:
        if before:
            return self._read_response(answer)
        if not answer.ok:
            return running()
        status = answer.text_at("status")
        error = explain(answer.document)
        if status in {"COMPLETED", "FAILED", "ERROR"} and (error or status != "COMPLETED"):
            kind = answer.text_at("error_type")
            ending = failed(f"{kind} {error}".strip(), billed=_billed(kind), retryable=True)
            return Reading(ending=ending, provider_status=status)
        if status == "COMPLETED":
            base = job.poll_url.partition("?")[0].removesuffix("/status")
            return Call(method="GET", url=base or _request_url(job))
        place = as_whole(answer.at("queue_position"))
        waits = status == "IN_QUEUE" and place is not None and place > 0
        return running(status, text=f"place {place} in the queue" if waits else "")

    def _read_response(self, answer: Answer) -> Reading:
        if answer.ok:
            places = (("video",), ("videos",), ("output",), ("video_url",), ("outputs",))
            found = (answer.at(*place) for place in places)
            outputs = next((each for each in found if each), None)
            if answer.document is None:
                return running("COMPLETED")
            return finished(outputs, status="COMPLETED")
        if answer.status in VERDICTS:
            said = explain(answer.document) or f"HTTP {answer.status}"
            return Reading(ending=failed(said, billed=Billed.UNKNOWN), provider_status="COMPLETED")
        return running("COMPLETED")

    def cancel(self, job: JobRef) -> Call:
        return Call(method="PUT", url=job.cancel_url or f"{_request_url(job)}/cancel")

    def hinted_job(self, body: object) -> str | None:
        return words(reach(body, "request_id")) or None


def explain(document: Any) -> str:
    """The error in one of fal's shapes: `error`, `detail` as text, or a list of validations."""
    error = reach(document, "error") or reach(document, "payload_error")
    if isinstance(error, dict):
        error = reach(error, "message")
    detail = reach(document, "detail")
    if isinstance(detail, list):
        parts = (f"{as_text(reach(d, 'msg'))} {as_text(reach(d, 'type'))}" for d in detail[:5])
        detail = "; ".join(part.strip() for part in parts)
    return words(error) or words(detail)


def _billed(error_type: str) -> Billed:
    server_side = error_type.startswith(("internal", "runner", "startup", "server"))
    return Billed.NO if server_side else Billed.UNKNOWN


def _request_url(job: JobRef) -> str:
    """Requests live under owner and app, without the rest of the app's path."""
    owner, app, *_ = [*job.model.split("/"), "", ""]
    return f"{job.base_url}/{owner}/{app}/requests/{job.path_id}"
