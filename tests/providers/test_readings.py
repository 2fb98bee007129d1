"""What adapters make of answers: the vendors' own cases, and anything at all."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.outcome import Billed, Outcome, Reading, SubmitReading
from shared.providers import ADAPTERS, JobRef
from shared.providers.call import Answer, Call
from shared.providers.refusals import clean, read_refusal
from tests.providers.cases import CASES, KEY


def answer(status: int, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, json.dumps(document).encode())


def job(name: str, model: str = "") -> JobRef:
    return JobRef(job_id="j", model=model or CASES[name].model, base_url="https://api.example")


def polled(name: str, document: object, status: int = 200, model: str = "") -> Reading:
    reading = ADAPTERS[name].read_poll(answer(status, document), job(name, model))
    assert isinstance(reading, Reading)
    return reading


def submitted(name: str, document: object, status: int = 200) -> SubmitReading:
    return ADAPTERS[name].read_submit(answer(status, document))


def ending(reading: Reading | SubmitReading) -> tuple[Outcome, Billed, bool]:
    assert reading.ending is not None
    return reading.ending.outcome, reading.ending.billed, reading.ending.retryable


WORDS = """
    id code message data status urls outputs output error detail title logs request_id status_url
    cancel_url failure failureCode cost credits progress done response videos name task_id task
    file file_id download_url base_resp status_code status_msg task_status task_result state
    failure_code failure_reason has_nsfw_contents error_type video generateVideoResponse
    generatedSamples raiMediaFilteredCount raiMediaFilteredReasons metadata content type
"""
KEYS = st.sampled_from(WORDS.split()) | st.text(max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "failed",
            "succeeded",
            "completed",
            "COMPLETED",
            "Success",
            "succeed",
            "FAILED",
            "SUCCEEDED",
        ]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.binary(max_size=64) | JSON.map(lambda document: json.dumps(document).encode())
STATUSES = st.sampled_from([200, 201, 202, 204, 302, 400, 401, 402, 404, 408, 422, 429, 500, 503])


@pytest.mark.parametrize("name", sorted(ADAPTERS))
@given(status=STATUSES, body=BODIES, later=BODIES, after=st.text(max_size=10))
def test_no_answer_upsets_an_adapter(
    name: str, status: int, body: bytes, later: bytes, after: str
) -> None:
    adapter, given_answer = ADAPTERS[name], Answer(status, {"retry-after": after}, body)
    first = adapter.read_submit(given_answer)
    said = [first.job_id is not None, first.ending is not None, bool(first.ambiguous)]
    assert said.count(True) == 1
    assert first.job_id != ""
    reading = adapter.read_poll(given_answer, job(name))
    if isinstance(reading, Call):
        reading = adapter.read_poll(Answer(status, {}, later), job(name), (given_answer,))
    assert isinstance(reading, Reading)
    if reading.ending is not None and reading.ending.outcome is Outcome.SUCCEEDED:
        assert reading.outputs
    adapter.read_lookup(given_answer)
    adapter.read_result(given_answer, "inline:0")
    adapter.hinted_job(given_answer.document)


REFUSED, UNKNOWN = "refused", "ambiguous"


@pytest.mark.parametrize(
    ("statuses", "says"),
    [
        ([400, 401, 402, 403, 404, 405, 413, 415, 422, 429, 301, 307, 308], REFUSED),
        ([408, 409, 425, 499, 500, 502, 503, 504, 520, 302, 303, 204], UNKNOWN),
    ],
)
@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_each_status_of_a_submit_is_refused_or_ambiguous(
    name: str, statuses: list[int], says: str
) -> None:
    for status in statuses:
        reading = submitted(name, {"message": "no"}, status)
        assert bool(reading.ambiguous) is (says == UNKNOWN), status
        assert (reading.ending is None) is (says == UNKNOWN), status


def test_a_server_error_that_speaks_of_moderation_is_a_refusal_with_an_open_bill() -> None:
    reading = read_refusal(Answer(500, {}, b""), "All generated images contained NSFW content")
    assert ending(reading) == (Outcome.MODERATED, Billed.UNKNOWN, False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("-4", 0.0), ("1e9", 900.0), ("nan", None), ("soon", None), ("", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_in_all_its_shapes(header: str, seconds: float | None) -> None:
    reading = read_refusal(Answer(429, {"retry-after": header}, b"{}"), "slow down")
    assert reading.retry_after_sec == seconds


def test_messages_are_fit_to_be_shown() -> None:
    said = clean(f"see https://x.example/a.png?X-Amz-Signature=1 and Bearer {KEY}\n{'y' * 900}")
    assert "Signature" not in said
    assert KEY not in said
    assert "\n" not in said
    assert len(said) <= 300


# WaveSpeed


def test_wavespeed_may_refuse_inside_a_200() -> None:
    reading = submitted("wavespeed", {"code": 429, "message": "rate limit", "data": None})
    assert ending(reading)[0] is Outcome.RATE_LIMITED
    assert submitted("wavespeed", {"code": 200, "data": {}}).ambiguous


def test_wavespeed_says_unsafe_in_flags_too() -> None:
    data = {"id": "j", "status": "completed", "outputs": ["u"], "has_nsfw_contents": [True]}
    assert ending(polled("wavespeed", {"data": data})) == (Outcome.MODERATED, Billed.YES, False)


def test_wavespeed_returns_the_charge_of_failures_only() -> None:
    def failed(error: str) -> Reading:
        return polled("wavespeed", {"data": {"status": "failed", "error": error}})

    assert ending(failed("worker crashed")) == (Outcome.FAILED, Billed.NO, True)
    assert ending(failed("content policy violation")) == (Outcome.MODERATED, Billed.UNKNOWN, False)


@pytest.mark.parametrize("word", ["cancelled", "timeout", "deleted"])
def test_wavespeed_ends_in_words_that_its_documents_lack(word: str) -> None:
    assert polled("wavespeed", {"data": {"status": word}}).ending is not None


# Replicate


def test_replicate_aborted_is_free_and_canceled_is_not() -> None:
    assert ending(polled("replicate", {"status": "aborted"})) == (
        Outcome.TIMED_OUT,
        Billed.NO,
        True,
    )
    assert ending(polled("replicate", {"status": "canceled"}))[:2] == (
        Outcome.CANCELLED,
        Billed.YES,
    )


@pytest.mark.parametrize(
    "output", ["https://a/b.mp4", ["https://a/b.mp4"], {"url": "https://a/b.mp4"}]
)
def test_replicate_hands_over_one_or_many(output: object) -> None:
    reading = polled("replicate", {"status": "succeeded", "output": output})
    assert reading.outputs == ("https://a/b.mp4",)


def test_replicate_progress_is_read_from_its_log() -> None:
    logs = "loading\n 10%|# | 1/10\n 40%|####  | 4/10"
    assert polled("replicate", {"status": "processing", "logs": logs}).progress_percent == 40


# fal


def fal_result(status: int, document: object) -> Reading:
    first = answer(200, {"status": "COMPLETED"})
    adapter = ADAPTERS["fal"]
    assert isinstance(adapter.read_poll(first, job("fal")), Call)
    reading = adapter.read_poll(answer(status, document), job("fal"), (first,))
    assert isinstance(reading, Reading)
    return reading


def test_fal_completed_with_an_error_has_failed() -> None:
    document = {"status": "COMPLETED", "error": "boom", "error_type": "internal_server_error"}
    assert ending(polled("fal", document)) == (Outcome.FAILED, Billed.NO, True)
    assert ending(polled("fal", {"status": "FAILED"}))[0] is Outcome.FAILED


@pytest.mark.parametrize("status", [404, 408, 429, 500, 502, 504])
def test_fal_s_result_is_asked_for_again(status: int) -> None:
    assert fal_result(status, {"detail": "Gateway Time-out"}).ending is None


def test_fal_s_422_may_be_charged() -> None:
    detail = [{"msg": "flagged", "type": "content_policy_violation"}]
    assert ending(fal_result(422, {"detail": detail})) == (
        Outcome.MODERATED,
        Billed.UNKNOWN,
        False,
    )
    reading = submitted("fal", {"detail": [{"msg": "duration must be 5 or 10"}]}, 422)
    assert ending(reading)[:2] == (Outcome.FAILED, Billed.UNKNOWN)


# Runway


def test_runway_charges_what_it_says() -> None:
    def failed(code: str, credits_taken: int | None) -> Reading:
        cost = {} if credits_taken is None else {"cost": {"credits": credits_taken}}
        return polled("runway", {"status": "FAILED", "failureCode": code, **cost})

    assert ending(failed("SAFETY.INPUT.TEXT", None)) == (Outcome.MODERATED, Billed.YES, False)
    assert ending(failed("SAFETY.INPUT.TEXT", 0)) == (Outcome.MODERATED, Billed.NO, False)
    assert ending(failed("INTERNAL.BAD_OUTPUT.CODE01", 0)) == (Outcome.FAILED, Billed.NO, True)
    assert ending(failed("ASSET.INVALID", 0)) == (Outcome.FAILED, Billed.NO, False)


def test_runway_success_brings_its_cost() -> None:
    document = {"status": "SUCCEEDED", "output": ["u"], "cost": {"credits": 25}}
    reading = polled("runway", document)
    assert reading.ending is not None
    assert reading.ending.cost_usd == pytest.approx(0.25)


def test_runway_waits_while_throttled() -> None:
    reading = polled("runway", {"status": "THROTTLED"})
    assert (reading.ending, reading.provider_status) == (None, "THROTTLED")


# Google


@pytest.mark.parametrize("nest", [lambda x: x, lambda x: {"generateVideoResponse": x}])
@pytest.mark.parametrize("name", ["google_veo", "gemini_veo"])
def test_veo_filtered_is_found_wherever_it_stands(name: str, nest: Any) -> None:
    response = nest({"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Unsafe prompt"]})
    reading = polled(name, {"done": True, "response": response})
    assert ending(reading) == (Outcome.MODERATED, Billed.NO, False)
    assert reading.ending is not None
    assert "Unsafe" in reading.ending.message


def test_veo_s_audio_filter_may_be_tried_again() -> None:
    reasons = ["We encountered an issue with the audio for your prompt"]
    reading = polled("google_veo", {"done": True, "response": {"raiMediaFilteredReasons": reasons}})
    assert ending(reading) == (Outcome.MODERATED, Billed.NO, True)


def test_veo_done_without_anything_is_no_success() -> None:
    assert ending(polled("google_veo", {"done": True}))[0] is Outcome.FAILED
    assert ending(polled("google_veo", {"done": True, "response": {}}))[0] is Outcome.FAILED


def test_veo_errors_have_codes() -> None:
    def failed(code: int) -> Reading:
        return polled("google_veo", {"done": True, "error": {"code": code, "message": "no"}})

    assert ending(failed(8)) == (Outcome.RATE_LIMITED, Billed.NO, True)
    assert ending(failed(13))[2]
    assert not ending(failed(3))[2]


def test_veo_in_a_bucket_has_an_https_address() -> None:
    videos = [{"gcsUri": "gs://bucket/a/b.mp4", "mimeType": "video/mp4"}]
    reading = polled("google_veo", {"done": True, "response": {"videos": videos}})
    assert reading.outputs == ("https://storage.googleapis.com/bucket/a/b.mp4",)


def test_veo_inside_the_answer_is_fetched_from_it() -> None:
    text = base64.b64encode(b"film").decode()
    given_answer = answer(
        200, {"done": True, "response": {"videos": [{"bytesBase64Encoded": text}]}}
    )
    adapter = ADAPTERS["google_veo"]
    reading = adapter.read_poll(given_answer, job("google_veo"))
    assert isinstance(reading, Reading)
    assert reading.outputs == ("inline:0",)
    assert adapter.read_result(given_answer, "inline:0") == b"film"
    assert adapter.read_result(given_answer, "inline:1") is None


def test_google_s_402_is_credit_and_its_429_is_rate() -> None:
    error = {"error": {"message": "exhausted", "status": "RESOURCE_EXHAUSTED"}}
    assert ending(submitted("google_veo", error, 402))[0] is Outcome.NO_CREDIT
    assert ending(submitted("google_veo", error, 429))[0] is Outcome.RATE_LIMITED


# Luma


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("content_moderated", (Outcome.MODERATED, Billed.UNKNOWN, False)),
        ("budget_exhausted", (Outcome.NO_CREDIT, Billed.NO, False)),
        ("rate_limited", (Outcome.RATE_LIMITED, Billed.NO, True)),
        ("generation_failed", (Outcome.FAILED, Billed.UNKNOWN, True)),
        ("corrupt_input", (Outcome.FAILED, Billed.UNKNOWN, False)),
        ("something_new", (Outcome.FAILED, Billed.UNKNOWN, False)),
    ],
)
def test_luma_failure_codes(code: str, expected: object) -> None:
    assert ending(polled("luma_agents", {"state": "failed", "failure_code": code})) == expected


# Kling


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, 1301, Outcome.MODERATED),
        (429, 1302, Outcome.RATE_LIMITED),
        (429, 1303, Outcome.RATE_LIMITED),
        (429, 1304, Outcome.FAILED),
        (400, 1201, Outcome.FAILED),
        (401, 1000, Outcome.FAILED),
        (429, 1102, Outcome.NO_CREDIT),
        (500, 5000, None),
        (200, 5001, None),
        (200, 0, None),
    ],
)
def test_kling_s_codes_say_more_than_its_statuses(
    status: int, code: int, outcome: Outcome | None
) -> None:
    reading = submitted("kling", {"code": code, "message": "words"}, status)
    assert (reading.ending.outcome if reading.ending else None) is outcome
    assert bool(reading.ambiguous) is (outcome is None)


def test_kling_spells_success_in_its_own_way() -> None:
    data = {"task_status": "succeed", "task_result": {"videos": [{"url": "https://k/v.mp4"}]}}
    assert polled("kling", {"code": 0, "data": data}).outputs == ("https://k/v.mp4",)


# MiniMax


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (1002, Outcome.RATE_LIMITED),
        (1008, Outcome.NO_CREDIT),
        (1026, Outcome.MODERATED),
        (2013, Outcome.FAILED),
        (1004, Outcome.FAILED),
        (1000, None),
        (9999, None),
    ],
)
def test_minimax_refuses_with_a_200(code: int, outcome: Outcome | None) -> None:
    document = {"task_id": "", "base_resp": {"status_code": code, "status_msg": "words"}}
    reading = submitted("minimax", document)
    assert (reading.ending.outcome if reading.ending else None) is outcome


def test_minimax_v2_speaks_in_statuses() -> None:
    error = {"type": "error", "error": {"message": "insufficient balance (1008)"}}
    assert ending(submitted("minimax", error, 402))[0] is Outcome.NO_CREDIT
    task = {"task": {"status": "failed", "error": {"message": "sensitive output (1027)"}}}
    assert ending(polled("minimax", task, model="MiniMax-H3"))[0] is Outcome.MODERATED
    done = {"task": {"status": "succeeded", "content": {"url": "https://m/v.mp4"}}}
    assert polled("minimax", done, model="MiniMax-H3").outputs == ("https://m/v.mp4",)


def test_minimax_asks_for_the_file_s_address_until_it_has_one() -> None:
    adapter = ADAPTERS["minimax"]
    first = answer(200, {"status": "Success", "file_id": "77"})
    call = adapter.read_poll(first, job("minimax"))
    assert isinstance(call, Call)
    assert call.url.endswith("/v1/files/retrieve?file_id=77")
    reading = adapter.read_poll(answer(500, {}), job("minimax"), (first,))
    assert isinstance(reading, Reading)
    assert reading.ending is None
