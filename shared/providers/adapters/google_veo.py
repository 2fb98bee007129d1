"""Google's Veo as a long-running operation, on Vertex AI and behind a Gemini API key.

`done` is not success: an operation may carry an error, videos, or only a count of what its filter
kept back. Filtered videos are not charged. The audio filter refuses harmless prompts at random, so
that refusal alone may be tried again.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from shared.jobs.outcome import Billed, Ending, Outcome, Reading, SubmitReading
from shared.jobs.request import MediaInput, VideoRequest
from shared.providers.body import write_body
from shared.providers.call import MIB, Answer, Call, as_number, as_whole, reach
from shared.providers.contract import (
    Adapter,
    Declaration,
    JobContext,
    JobRef,
    Pace,
    RateHint,
    Transport,
)
from shared.providers.google_auth import gemini_auth, vertex_auth
from shared.providers.readings import finished, running, words
from shared.providers.refusals import (
    accepted,
    empty_handed,
    ended,
    failed,
    read_refusal,
)

INLINE = "inline:"
"""An output that lies in the operation itself: its address is `inline:<number>`."""

MOST_BYTES = 96 * MIB
PACE = Pace(first_sec=10)


class GoogleVeo(Adapter):
    """Veo on Vertex AI; `model` is such as `veo-3.1-fast-generate-001`.

    Settings: `GOOGLE_CLOUD_PROJECT`; `GOOGLE_CLOUD_LOCATION` (default `global`; a regional base URL
    goes with it); `GOOGLE_VEO_STORAGE_URI`, a `gs://` folder, without which the video comes inside
    the answer.
    """

    declaration: ClassVar[Declaration] = Declaration(
        name="google_veo",
        base_url="https://aiplatform.googleapis.com",
        auth=vertex_auth(),
        transports=(Transport.BYTES,),
        inline_limit_bytes=20 * MIB,
        result_hosts=("storage.googleapis.com",),
        result_auth_hosts=("storage.googleapis.com",),
        result_ttl_sec=2 * 24 * 3600,
        pace=PACE,
        rate=RateHint(concurrent=10, per_minute=10),
        settings=("GOOGLE_CLOUD_PROJECT",),
        note="EU, UK, CH and MENA: no people but adults. Every video carries a SynthID mark.",
    )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        body = write_body(self.declaration, request, context, around=_picture)
        if storage := context.settings.get("GOOGLE_VEO_STORAGE_URI"):
            body.setdefault("parameters", {})["storageUri"] = storage
        model = _resource(context.base_url, context.settings, context.model)
        return Call(
            method="POST",
            url=f"{model}:predictLongRunning",
            json=body,
            timeout_sec=60,
        )

    def read_submit(self, answer: Answer) -> SubmitReading:
        return _read_submit(answer)

    def poll(self, job: JobRef) -> Call:
        # An operation is asked for at the model that its name begins with.
        model, _, _ = job.job_id.rpartition("/operations/")
        place = f"{job.base_url}/v1beta1/{_escaped(model)}"
        return Call(
            method="POST",
            url=f"{place}:fetchPredictOperation",
            json={"operationName": job.job_id},
            timeout_sec=120,
            max_bytes=MOST_BYTES,
        )

    def read_poll(self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()) -> Reading:
        del job, before
        return _read_operation(answer)

    def result(self, job: JobRef, output: str) -> Call | None:
        return self.poll(job) if output.startswith(INLINE) else None

    def read_result(self, answer: Answer, output: str) -> bytes | None:
        index = output.removeprefix(INLINE)
        videos = _videos(answer.at("response"))
        if not index.isdigit() or int(index) >= len(videos):
            return None
        return _bytes_of(videos[int(index)])


class GeminiVeo(Adapter):
    """Veo behind a Gemini API key; `model` is such as `veo-3.1-fast-generate-preview`.

    Google's SDK 3.x has dropped this way; whether the service still answers could not be verified.
    """

    declaration: ClassVar[Declaration] = Declaration(
        name="gemini_veo",
        base_url="https://generativelanguage.googleapis.com",
        auth=gemini_auth(),
        transports=(Transport.BYTES,),
        inline_limit_bytes=20 * MIB,
        result_hosts=("generativelanguage.googleapis.com", ".googleusercontent.com"),
        result_auth_hosts=("generativelanguage.googleapis.com",),
        result_ttl_sec=2 * 24 * 3600,
        pace=PACE,
        rate=RateHint(concurrent=2, per_minute=2),
        note="Unverified since Google's SDK dropped it; Vertex is the safe way.",
    )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        return Call(
            method="POST",
            url=f"{context.base_url}/v1beta/models/{context.model}:predictLongRunning",
            json=write_body(self.declaration, request, context, around=_picture),
            timeout_sec=60,
        )

    def read_submit(self, answer: Answer) -> SubmitReading:
        return _read_submit(answer)

    def poll(self, job: JobRef) -> Call:
        return Call(method="GET", url=f"{job.base_url}/v1beta/{_escaped(job.job_id)}")

    def read_poll(self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()) -> Reading:
        del job, before
        return _read_operation(answer)


def _escaped(name: str) -> str:
    """A resource name as a path: it brings its own slashes, and nothing else that has a meaning."""
    steps = (step for step in name.split("/") if step not in {"", ".", ".."})
    return "/".join(quote(step, safe="") for step in steps)


def _picture(text: str, item: MediaInput) -> dict[str, str]:
    return {"bytesBase64Encoded": text, "mimeType": item.content_type}


def _resource(base_url: str, settings: Any, model: str) -> str:
    project = settings.get("GOOGLE_CLOUD_PROJECT", "")
    location = settings.get("GOOGLE_CLOUD_LOCATION", "global")
    return (
        f"{base_url}/v1beta1/projects/{project}/locations/{location}"
        f"/publishers/google/models/{model}"
    )


def _read_submit(answer: Answer) -> SubmitReading:
    if answer.ok and (name := answer.text_at("name")):
        return accepted(name)
    return read_refusal(answer, words(answer.at("error", "message")))


def _read_operation(answer: Answer) -> Reading:
    if not answer.ok:
        return running()
    if answer.at("done") is not True:
        return running("running", _progress(answer))
    error = answer.at("error")
    if isinstance(error, dict):
        return Reading(ending=_failure(error), provider_status="error")
    response = answer.at("response")
    outputs = [_address(index, video) for index, video in enumerate(_videos(response))]
    if any(outputs):
        return finished(outputs, status="done")
    count, reasons = _filtered(response)
    if count or reasons:
        said = "; ".join(reasons) or f"{count:g} filtered"
        # https://github.com/googleapis/js-genai/issues/1272
        again = "audio" in said.lower()
        return Reading(
            ending=ended(Outcome.MODERATED, said, billed=Billed.NO, retryable=again),
            provider_status="filtered",
        )
    return Reading(ending=empty_handed(), provider_status="done")


def _nested(response: Any) -> Any:
    """Where the Gemini API puts what Vertex says at the top."""
    return reach(response, "generateVideoResponse")


def _videos(response: Any) -> list[Any]:
    places = (
        reach(response, "videos"),
        reach(response, "generatedVideos"),
        reach(response, "generatedSamples"),
        reach(_nested(response), "generatedSamples"),
    )
    found = next((each for each in places if isinstance(each, list) and each), [])
    return [reach(each, "video") or each for each in found]


def _filtered(response: Any) -> tuple[float, list[str]]:
    """The count and reasons, which stand at the top or nested (python-genai issue 1559)."""
    count, reasons = 0.0, []
    for place in (response, _nested(response)):
        count = max(count, as_number(reach(place, "raiMediaFilteredCount")) or 0)
        listed = reach(place, "raiMediaFilteredReasons")
        reasons += [words(each) for each in listed] if isinstance(listed, list) else []
    return count, [reason for reason in reasons if reason]


def _address(index: int, video: Any) -> str:
    for field in ("uri", "gcsUri"):
        uri = words(reach(video, field))
        if uri.startswith("gs://"):
            return f"https://storage.googleapis.com/{uri.removeprefix('gs://')}"
        if uri:
            return uri
    return f"{INLINE}{index}" if _encoded(video) else ""


def _encoded(video: Any) -> str:
    for field in ("bytesBase64Encoded", "encodedVideo"):
        text = reach(video, field)
        if isinstance(text, str) and text:
            return text
    return ""


def _bytes_of(video: Any) -> bytes | None:
    try:
        return base64.b64decode(_encoded(video), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _failure(error: dict[str, Any]) -> Ending:
    """Codes are those of google.rpc.Code."""
    code, said = as_whole(error.get("code")), words(error.get("message")) or "no reason given"
    if code == 8:
        return ended(Outcome.RATE_LIMITED, said, billed=Billed.NO, retryable=True)
    return failed(said, billed=Billed.UNKNOWN, retryable=code in {4, 13, 14})


def _progress(answer: Answer) -> float | None:
    percent = as_number(answer.at("metadata", "progressPercent"))
    return None if percent is None else percent / 100
