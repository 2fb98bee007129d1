"""Runway (https://docs.dev.runwayml.com).

A picture that Runway refuses is charged, and repeating it can suspend the account, so a moderated
job is never tried again. Terminal answers carry the credits that were taken, at a cent each.
Runway fetches pictures with HEAD first, which a presigned GET does not allow: they travel inside
the request, or by upload when they are large.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from shared.clip import Operation
from shared.errors import Problem
from shared.jobs.outcome import Billed, Ending, Outcome, Reading, SubmitReading
from shared.jobs.request import MediaInput, VideoRequest
from shared.providers.auth import bearer
from shared.providers.body import write_body
from shared.providers.call import MIB, Answer, Call, Part, as_number
from shared.providers.contract import (
    Adapter,
    Declaration,
    JobContext,
    JobRef,
    Pace,
    RateHint,
    RequestNotPossible,
    Transport,
    Upload,
)
from shared.providers.dialect import MEDIA_FIELDS, find_dialect
from shared.providers.media import choose_transport, write_media
from shared.providers.readings import finished, fraction, running, words
from shared.providers.refusals import accepted, ended, failed, read_refusal

VERSION = {"X-Runway-Version": "2024-11-06"}
USD_PER_CREDIT = 0.01
LONGEST_PROMPT = 1000  # UTF-16 code units


class Runway(Adapter):
    """`model` is Runway's name, such as `gen4_turbo`."""

    declaration: ClassVar[Declaration] = Declaration(
        name="runway",
        base_url="https://api.dev.runwayml.com",
        auth=bearer("RUNWAYML_API_SECRET"),
        transports=(Transport.DATA_URI, Transport.UPLOAD),
        # The limit of 5 MB is on the encoded text, which is a third longer.
        inline_limit_bytes=3_600_000,
        cancels=True,
        result_hosts=(".cloudfront.net", ".runwayml.com", ".amazonaws.com"),
        result_ttl_sec=24 * 3600,
        pace=Pace(first_sec=6),
        rate=RateHint(concurrent=1, per_minute=10),
        note="No webhooks. Beyond its concurrency jobs wait as THROTTLED.",
    )

    def uploads(self, request: VideoRequest, context: JobContext) -> Sequence[Upload]:
        items = {name: getattr(request, name) for name in MEDIA_FIELDS}
        return tuple(
            _RunwayUpload(name, item, context.base_url)
            for name, item in items.items()
            if item is not None and choose_transport(self.declaration, item) is Transport.UPLOAD
        )

    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        if len(request.prompt.encode("utf-16-le")) > 2 * LONGEST_PROMPT:
            message = f"Runway takes at most {LONGEST_PROMPT} characters."
            raise RequestNotPossible(message, problems=[Problem("prompt", message)])
        ratios = find_dialect("runway", context.model).choices.get("ratio", ())
        ours = {"last_frame": None, **({"aspect": None, "resolution": None} if ratios else {})}
        body = write_body(self.declaration, request.model_copy(update=ours), context)
        body["model"] = context.model
        if ratios:
            body["ratio"] = choose_ratio(request, ratios)
        if request.last_frame is not None:
            body["promptImage"] = self._both_frames(request, context, body)
        from_text = request.operation is Operation.TEXT_TO_VIDEO
        return Call(
            method="POST",
            url=f"{context.base_url}/v1/{'text_to_video' if from_text else 'image_to_video'}",
            headers=VERSION,
            json=body,
            timeout_sec=60,
        )

    def _both_frames(
        self, request: VideoRequest, context: JobContext, body: dict[str, Any]
    ) -> list[dict[str, str]]:
        fields = find_dialect("runway", context.model).fields
        if "last_frame" not in fields or request.last_frame is None:
            message = f"{context.model} takes no last frame."
            raise RequestNotPossible(message, problems=[Problem("last_frame", message)])
        last = write_media(self.declaration, request.last_frame, "last_frame", context.uploaded)
        return [
            {"uri": body["promptImage"], "position": "first"},
            {"uri": last, "position": "last"},
        ]

    def read_submit(self, answer: Answer) -> SubmitReading:
        if answer.ok and (job_id := answer.text_at("id")):
            return accepted(job_id)
        return read_refusal(answer, answer.text_at("error") or answer.text_at("message"))

    def poll(self, job: JobRef) -> Call:
        return Call(method="GET", url=f"{job.base_url}/v1/tasks/{job.path_id}", headers=VERSION)

    def read_poll(self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()) -> Reading:
        del job, before
        if not answer.ok:
            return running()
        status = answer.text_at("status")
        credits_taken = as_number(answer.at("cost", "credits"))
        cost = None if credits_taken is None else credits_taken * USD_PER_CREDIT
        match status:
            case "SUCCEEDED":
                return finished(answer.at("output"), status=status, cost_usd=cost)
            case "FAILED":
                ending = _failure(answer.text_at("failureCode"), words(answer.at("failure")), cost)
            case "CANCELLED":
                ending = ended(Outcome.CANCELLED, "cancelled", billed=_billed(cost), cost_usd=cost)
            case _:
                return running(status, fraction(answer.at("progress")))
        return Reading(ending=ending, provider_status=status)

    def cancel(self, job: JobRef) -> Call:
        return Call(method="DELETE", url=f"{job.base_url}/v1/tasks/{job.path_id}", headers=VERSION)


def _failure(code: str, said: str, cost: float | None) -> Ending:
    text = f"{code}: {said}" if code else said
    if code.startswith("SAFETY"):
        # SAFETY.INPUT is not refunded, so without a figure it counts as charged.
        charged = Billed.YES if code.startswith("SAFETY.INPUT") else Billed.UNKNOWN
        billed = charged if cost is None else _billed(cost)
        return ended(Outcome.MODERATED, text, billed=billed, cost_usd=cost)
    again = code.startswith("INTERNAL")
    return failed(text, billed=_billed(cost), retryable=again, cost_usd=cost)


def _billed(cost: float | None) -> Billed:
    if cost is None:
        return Billed.UNKNOWN
    return Billed.YES if cost > 0 else Billed.NO


def choose_ratio(request: VideoRequest, ratios: Sequence[str]) -> str:
    """The size nearest to the asked shape, and among equals the one of the asked resolution."""
    wanted = _shape(request)
    lines = int("".join(filter(str.isdigit, request.resolution or "")) or 720)

    def distance(ratio: str) -> tuple[float, int]:
        width, height = map(int, ratio.split(":"))
        return round(abs(width / height - wanted), 3), abs(min(width, height) - lines)

    return min(ratios, key=distance)


def _shape(request: VideoRequest) -> float:
    """Width by height, as asked or as the keyframe has it."""
    if request.aspect:
        width, _, height = request.aspect.partition(":")
        try:
            return float(width) / float(height)
        except (ValueError, ZeroDivisionError):
            message = f"`{request.aspect}` is no shape such as 16:9."
            raise RequestNotPossible(message, problems=[Problem("aspect", message)]) from None
    image = request.image
    if image is not None and image.width and image.height:
        return image.width / image.height
    return 16 / 9


class _RunwayUpload(Upload):
    """Ephemeral upload: a place is asked for, then a form posted there."""

    def __init__(self, field_name: str, item: MediaInput, base_url: str) -> None:
        self.field_name = field_name
        self._item = item
        self._base_url = base_url

    def start(self) -> Call:
        return Call(
            method="POST",
            url=f"{self._base_url}/v1/uploads",
            headers=VERSION,
            json={"filename": self._item.name, "type": "ephemeral"},
        )

    def send(self, answer: Answer) -> Call | None:
        url, fields = answer.text_at("uploadUrl"), answer.at("fields")
        if not answer.ok or not url or not isinstance(fields, dict):
            return None
        parts = [(str(name), Part(str(value).encode())) for name, value in fields.items()]
        file = Part(self._item.data or b"", self._item.name, self._item.content_type)
        return Call(
            method="POST",
            url=url,
            multipart=[*parts, ("file", file)],
            authorized=False,
            timeout_sec=120,
            max_bytes=MIB,
        )

    def address(self, answer: Answer) -> str | None:
        return answer.text_at("runwayUri") or None
