"""Kling's own API.

Success is spelt `succeed`. Our job id goes along as `external_task_id`, which is unique in an
account: the one provider that can be asked later whether a submit arrived.
"""

from collections.abc import Container, Sequence
from typing import ClassVar
from urllib.parse import quote

from shared.clip import Operation
from shared.jobs.outcome import Billed, Outcome, Reading, SubmitReading
from shared.jobs.request import VideoRequest
from shared.providers.auth import Auth, Headers, Secrets, jwt_hs256
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
from shared.providers.refusals import (
    accepted,
    failed,
    rate_limited,
    read_refusal,
    refused,
    unknown,
)

REFUSALS: tuple[tuple[Container[int | None], Outcome], ...] = (
    ({1301}, Outcome.MODERATED),
    ({1302, 1303}, Outcome.RATE_LIMITED),
    # parameters, method, resource, policy; 1304 is an address that the account does not allow,
    # though it comes with the status of a rate limit
    ({1200, 1201, 1202, 1203, 1300, 1304}, Outcome.FAILED),
    (range(1000, 1005), Outcome.FAILED),  # the key
    (range(1100, 1200), Outcome.NO_CREDIT),  # the account
)
"""Codes that are said before anything starts."""

SERVER_ERRORS = range(5000, 6000)

TOKEN_SEC, TOKEN_SLACK_SEC = 1800, 5


def _headers(secrets: Secrets, now: float) -> Headers:
    if secrets.get("KLING_API_KEY"):
        return {"Authorization": f"Bearer {secrets['KLING_API_KEY']}"}
    claims = {
        "iss": secrets["KLING_ACCESS_KEY"],
        "exp": int(now) + TOKEN_SEC,
        "nbf": int(now) - TOKEN_SLACK_SEC,
    }
    return {"Authorization": f"Bearer {jwt_hs256(claims, secrets['KLING_SECRET_KEY'])}"}


class Kling(Adapter):
    """`model` is `<model_name>` or `<model_name>/<mode>`, such as `kling-v2-5-turbo/pro`."""

    declaration: ClassVar[Declaration] = Declaration(
        name="kling",
        base_url="https://api-singapore.klingai.com",
        auth=Auth(
            (("KLING_API_KEY",), ("KLING_ACCESS_KEY", "KLING_SECRET_KEY")),
            _headers,
            "Authorization: Bearer, the key itself or a token minted for 30 minutes",
        ),
        transports=(Transport.URL, Transport.BARE_BASE64),
        webhook=WebhookScheme.UNSIGNED,
        looks_up=True,
        result_hosts=(".klingai.com", ".kwimgs.com", ".kuaishou.com"),
        rate=RateHint(concurrent=3, per_minute=20),
        note="Models from 3.0 Turbo on need KLING_API_KEY. Callbacks are not signed.",
    )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        body = write_body(self.declaration, request, context)
        name, _, mode = context.model.partition("/")
        body["model_name"] = name  # left out, it would be the oldest model they have
        if mode:
            body["mode"] = mode
        body["external_task_id"] = context.reference
        if context.callback_url:
            body["callback_url"] = context.callback_url
        return Call(
            method="POST",
            url=f"{context.base_url}/v1/videos/{_action(request.operation)}",
            json=body,
            timeout_sec=60,
        )

    def read_submit(self, answer: Answer) -> SubmitReading:
        job_id, code, said = answer.text_at("data", "task_id"), _code(answer), _said(answer)
        if answer.ok and job_id and code == 0:
            return accepted(job_id)
        kind = next((kind for codes, kind in REFUSALS if code in codes), None)
        if kind is Outcome.RATE_LIMITED:
            return rate_limited(answer, said)
        if kind is not None:
            return refused(kind, said)
        if answer.ok or code in SERVER_ERRORS:
            return unknown(said or "no task id")
        return read_refusal(answer, said)

    def poll(self, job: JobRef) -> Call:
        return self._ask(job, job.path_id)

    def read_poll(self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()) -> Reading:
        del job, before
        if not answer.ok or _code(answer) != 0:
            return running()
        status = answer.text_at("data", "task_status")
        if status == "succeed":
            return finished(answer.at("data", "task_result", "videos"), status=status)
        if status == "failed":
            said = words(answer.at("data", "task_status_msg"))
            ending = failed(said, billed=Billed.UNKNOWN, retryable=True)
            return Reading(ending=ending, provider_status=status)
        return running(status)

    def lookup(self, job: JobRef) -> Call:
        return self._ask(job, quote(job.reference, safe=""))

    def read_lookup(self, answer: Answer) -> SubmitReading | None:
        """Found means accepted. Not found is no proof of the contrary, so it stays unknown."""
        job_id = answer.text_at("data", "task_id")
        if answer.ok and _code(answer) == 0 and job_id:
            return accepted(job_id)
        return unknown(f"Kling does not show it: {_said(answer)}")

    def hinted_job(self, body: object) -> str | None:
        return words(reach(body, "task_id")) or words(reach(body, "data", "task_id")) or None

    def _ask(self, job: JobRef, name: str) -> Call:
        return Call(method="GET", url=f"{job.base_url}/v1/videos/{_action(job.operation)}/{name}")


def _action(operation: Operation) -> str:
    return "text2video" if operation is Operation.TEXT_TO_VIDEO else "image2video"


def _code(answer: Answer) -> int | None:
    return as_whole(answer.at("code"))


def _said(answer: Answer) -> str:
    return f"{answer.text_at('code')} {words(answer.at('message'))}".strip()
