"""MiniMax: Hailuo models by API v1, H3 by API v2 (https://platform.minimax.io/docs).

v1 answers every error with HTTP 200 and a code in `base_resp`, and keeps the file elsewhere: a
finished job names a file, which is asked for its address. v2 uses HTTP statuses and says where the
file is, but wants prompt and pictures as one list.
"""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from shared.errors import Problem
from shared.jobs.outcome import Billed, Ending, Outcome, Reading, SubmitReading
from shared.jobs.request import VideoRequest
from shared.providers.auth import bearer
from shared.providers.body import write_body
from shared.providers.call import Answer, Call, as_whole, reach
from shared.providers.contract import (
    Adapter,
    Declaration,
    JobContext,
    JobRef,
    Pace,
    RateHint,
    RequestNotPossible,
    Transport,
    WebhookScheme,
)
from shared.providers.readings import finished, running, words
from shared.providers.refusals import (
    accepted,
    ended,
    failed,
    rate_limited,
    read_refusal,
    refused,
    unknown,
)

LONGEST_PROMPT = 2000
REFUSALS = {
    1004: Outcome.FAILED,  # the key
    2049: Outcome.FAILED,  # the key
    2013: Outcome.FAILED,  # the parameters
    1008: Outcome.NO_CREDIT,
    1026: Outcome.MODERATED,  # what was given
    1027: Outcome.MODERATED,  # what was made
}
"""v1 codes that mean for certain that nothing runs; any other stays ambiguous."""


class MiniMax(Adapter):
    """`model` is MiniMax's name, such as `MiniMax-Hailuo-2.3` or `MiniMax-H3`."""

    declaration: ClassVar[Declaration] = Declaration(
        name="minimax",
        base_url="https://api.minimax.io",
        auth=bearer("MINIMAX_API_KEY"),
        transports=(Transport.URL, Transport.DATA_URI),
        inline_limit_bytes=14_000_000,
        webhook=WebhookScheme.UNSIGNED,
        result_hosts=(".minimax.io", ".minimaxi.com", ".hailuoai.video", ".aliyuncs.com"),
        result_ttl_sec=9 * 3600,
        pace=Pace(first_sec=10),
        rate=RateHint(concurrent=2, per_minute=5),
        note="Callbacks are not signed, and begin with a challenge that must be echoed.",
    )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        if len(request.prompt) > LONGEST_PROMPT:
            message = f"MiniMax takes at most {LONGEST_PROMPT} characters."
            raise RequestNotPossible(message, problems=[Problem("prompt", message)])
        body = write_body(self.declaration, request, context)
        version = _version(context.model)
        if version == "v2":
            body["content"] = _content(body)
        body["model"] = context.model
        if context.callback_url:
            body["callback_url"] = context.callback_url
        return Call(
            method="POST",
            url=f"{context.base_url}/{version}/video_generation",
            json=body,
            timeout_sec=60,
        )

    def read_submit(self, answer: Answer) -> SubmitReading:
        code, job_id = _code(answer.document), answer.text_at("task_id")
        said = words(answer.at("base_resp", "status_msg")) or words(answer.at("error", "message"))
        if answer.ok and job_id and code in {None, 0}:
            return accepted(job_id)
        if code == 1002:
            return rate_limited(answer, f"{code} {said}")
        if code is not None and code in REFUSALS:
            return refused(REFUSALS[code], f"{code} {said}")
        return read_refusal(answer, said) if not answer.ok else unknown(f"{code} {said}")

    def poll(self, job: JobRef) -> Call:
        name, version = job.path_id, _version(job.model)
        place = f"/{name}" if version == "v2" else f"?task_id={name}"
        return Call(method="GET", url=f"{job.base_url}/{version}/query/video_generation{place}")

    def read_poll(
        self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()
    ) -> Reading | Call:
        if before:
            url = answer.text_at("file", "download_url") if answer.ok else ""
            # The file is there; an answer without its address is asked for again.
            return finished(url, status="Success") if url else running("Success")
        task = answer.at("task") if _version(job.model) == "v2" else answer.document
        status = words(reach(task, "status")) if answer.ok else ""
        match status.lower():
            case "success" if file_id := words(reach(task, "file_id")):
                return Call(
                    method="GET",
                    url=f"{job.base_url}/v1/files/retrieve?file_id={quote(file_id, safe='')}",
                )
            case "success" | "succeeded":
                return finished(_output(task), status=status)
            case "fail" | "failed" | "cancelled" | "expired":
                return Reading(ending=_failure(task, status.lower()), provider_status=status)
        return running(status)

    def challenge_reply(self, body: object) -> dict[str, str] | None:
        return challenge(body)

    def hinted_job(self, body: object) -> str | None:
        return words(reach(body, "task_id")) or words(reach(body, "task", "id")) or None


def challenge(body: object) -> dict[str, str] | None:
    """What to answer to the first callback: the challenge that it brings, if it brings one."""
    text = words(reach(body, "challenge"))
    return {"challenge": text} if text else None


def _version(model: str) -> str:
    return "v2" if model.startswith("MiniMax-H3") else "v1"


def _content(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Prompt and pictures as v2 wants them, taken out of the flat body."""
    content: list[dict[str, Any]] = [{"type": "text", "text": body.pop("prompt", "")}]
    for role in ("first_frame", "last_frame"):
        if role in body:
            content.append(
                {"type": "image_url", "role": role, "image_url": {"url": body.pop(role)}}
            )
    return content


def _output(task: Any) -> Any:
    content = reach(task, "content")
    for place in (
        ("url",),
        ("video_url",),
        ("video_url", "url"),
        (0, "url"),
        (0, "video_url", "url"),
    ):
        url = reach(content, *place)
        if isinstance(url, str):
            return url
    return None


def _failure(task: Any, status: str) -> Ending:
    code = _code(task)
    places = (("base_resp", "status_msg"), ("error", "message"), ("error_message",))
    said = next(filter(None, (words(reach(task, *place)) for place in places)), "")
    if code in {1026, 1027} or "(1026)" in said or "(1027)" in said:
        return ended(Outcome.MODERATED, f"{code} {said}", billed=Billed.UNKNOWN)
    if status in {"cancelled", "expired"}:
        return ended(Outcome.CANCELLED, said or status, billed=Billed.UNKNOWN)
    return failed(said, billed=Billed.UNKNOWN, retryable=True)


def _code(document: Any) -> int | None:
    return as_whole(reach(document, "base_resp", "status_code"))
