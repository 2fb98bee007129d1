"""The handler behind the callback address: all that anything can do there is ask for a look."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas import receive_callback
from lambdas.keys_wiring import CALLBACK_SECRET
from shared.aws.documents import DocumentTable
from shared.aws.jobs import DynamoJobs
from shared.jobs.job import Job
from shared.providers.fake.signing import WEBHOOK_SECRET
from shared.providers.webhooks import sign_token
from shared.providers.webhooks.read import MOST_BYTES
from shared.providers.webhooks.signature import _hmac
from tests.jobs.simulation import World

SECRET = "our-secret-of-the-tests"
VALUES = {CALLBACK_SECRET: SECRET, "REPLICATE_WEBHOOK_SECRET": WEBHOOK_SECRET}
SOON = 600

Event = dict[str, Any]
CONTEXT = SimpleNamespace(
    function_name="callback", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)


class Post:
    """The handler, and what it put on the jobs queue."""

    def __init__(self, jobs: DynamoJobs) -> None:
        self.jobs = jobs
        self.sent: list[str] = []

    def send(self, job_id: str) -> None:
        self.sent.append(job_id)

    def job(self, provider: str) -> Job:
        world = World()
        row = world.rows[world.order()]
        named = row.model_copy(update={"version": 0, "provider": provider, "job_id": provider})
        return self.jobs.save_job(named)

    def receive(
        self,
        token: str,
        body: bytes = b"{}",
        headers: Mapping[str, str] | None = None,
        *,
        coded: bool = False,
    ) -> Event:
        text = base64.b64encode(body).decode() if coded else body.decode()
        event = {
            "queryStringParameters": {"t": token} if token else None,
            "headers": dict(headers or {}),
            "body": text,
            "isBase64Encoded": coded,
        }
        answer: Event = receive_callback.handler(event, CONTEXT)
        return answer


@pytest.fixture
def post(documents: DocumentTable, monkeypatch: pytest.MonkeyPatch) -> Post:
    desk = Post(DynamoJobs(documents))

    def put(name: str, value: Callable[..., Any]) -> None:
        monkeypatch.setattr(receive_callback, name, value)

    put("provider_secrets", lambda: SimpleNamespace(values=lambda: VALUES))
    put("services", lambda: None)
    put("jobs_store", lambda _house: desk.jobs)
    put("jobs_queue", lambda: desk)
    return desk


def token(job: Job, **more: Any) -> str:
    return sign_token(SECRET, job.job_id, int(time.time()) + SOON, **more)


def signed(body: bytes, event: str = "evt-1", at: float | None = None) -> dict[str, str]:
    """As Replicate signs (Standard Webhooks)."""
    stamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    seal = base64.b64encode(_hmac(key, f"{event}.{stamp}.".encode() + body)).decode()
    return {
        "Webhook-Id": event,
        "Webhook-Timestamp": stamp,
        "Webhook-Signature": f"v1,{seal}",
    }


def test_a_callback_brings_one_look_forward_and_its_replay_none(post: Post) -> None:
    job = post.job("kling")
    right = token(job)
    body = b'{"task_id": "t-1", "task_status": "succeed"}'
    assert [post.receive(right, body)["statusCode"] for _ in range(3)] == [202] * 3
    assert post.sent == ["kling"]
    assert post.jobs.job("kling") == job, "what it says is not believed, only asked after"


def test_callbacks_in_another_order_change_nothing(post: Post) -> None:
    """The end before the beginning: still one look, at a row that nobody has touched."""
    job = post.job("kling")
    right = token(job)
    for status in ("succeed", "processing", "submitted", "failed"):
        post.receive(right, json.dumps({"task_id": "t-1", "task_status": status}).encode())
    assert post.sent == ["kling"]
    assert post.jobs.job("kling") == job


@pytest.mark.parametrize("wrong", ["", "d1.x.y", "nonsense", "d1." + "A" * 5000, "\u00e4.\u00f6"])
def test_without_a_token_of_ours_nobody_is_heard(wrong: str, post: Post) -> None:
    post.job("kling")
    assert post.receive(wrong)["statusCode"] == 401
    assert post.sent == []


def test_tokens_of_others_and_of_yesterday_are_refused(post: Post) -> None:
    job = post.job("kling")
    late = sign_token(SECRET, job.job_id, int(time.time()) - 1)
    forged = sign_token("another secret", job.job_id, int(time.time()) + SOON)
    assert [post.receive(each)["statusCode"] for each in (late, forged)] == [401, 401]
    assert post.sent == []


def test_a_token_for_a_job_that_is_not_there_is_taken_and_forgotten(post: Post) -> None:
    assert post.receive(sign_token(SECRET, "gone", int(time.time()) + SOON))["statusCode"] == 202
    assert post.sent == []


def test_minimax_gets_its_challenge_back_and_its_token_is_still_good(post: Post) -> None:
    right = token(post.job("minimax"))
    for _ in range(2):
        echo = post.receive(right, b'{"challenge": "a-b-c"}')
        assert (echo["statusCode"], json.loads(echo["body"])) == (200, {"challenge": "a-b-c"})
    assert post.sent == []
    assert post.receive(right, b'{"task_id": "1", "status": "Success"}')["statusCode"] == 202
    assert post.sent == ["minimax"]


def test_a_challenge_is_nobody_elses_and_needs_the_token(post: Post) -> None:
    post.job("minimax")
    assert post.receive("d1.x.y", b'{"challenge": "a"}')["statusCode"] == 401
    assert "challenge" not in post.receive(token(post.job("kling")), b'{"challenge": "a"}')["body"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 5000, b'"x"', b"7", b'{"challenge": 7}', b'{"challenge": {"a": 1}}']
)
def test_no_body_upsets_the_handler(body: bytes, post: Post) -> None:
    assert post.receive(token(post.job("minimax")), body)["statusCode"] in {200, 202}


@pytest.mark.parametrize("coded", [False, True], ids=["as it is", "base64"])
def test_a_signature_holds_for_the_very_bytes(coded: bool, post: Post) -> None:
    right = token(post.job("replicate"))
    body = '{ "id":"p-1",  "status": "succeeded", "who": "Zo\u00eb" }'.encode()
    respelt = json.dumps(json.loads(body)).encode()
    for wrong in (respelt, body + b" ", body.replace(b"p-1", b"p-2"), b""):
        assert post.receive(right, wrong, signed(body), coded=coded)["statusCode"] == 401
    assert post.receive(right, body, {}, coded=coded)["statusCode"] == 401
    assert post.receive(right, body, signed(body, at=time.time() - 3600))["statusCode"] == 401
    assert post.sent == [], "a forgery does not use the token up"
    assert post.receive(right, body, signed(body), coded=coded)["statusCode"] == 202
    assert post.receive(right, body, signed(body, "evt-2"), coded=coded)["statusCode"] == 202
    assert post.sent == ["replicate"]


@pytest.mark.parametrize("provider", ["replicate", "kling", "minimax"])
def test_more_than_a_webhook_can_hold_is_refused_unread(provider: str, post: Post) -> None:
    right = token(post.job(provider))
    body = b'{"challenge": "' + b"x" * MOST_BYTES + b'"}'
    assert post.receive(right, body, signed(body))["statusCode"] == 401
    assert post.sent == []
