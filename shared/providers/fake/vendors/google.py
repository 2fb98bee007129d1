"""Veo as it behaves, on Vertex AI and behind a Gemini key: done is not success."""

import base64
from typing import Any, ClassVar

from shared.providers.fake.clip import make_clip
from shared.providers.fake.vendor import (
    FakeVendor,
    Reply,
    Request,
    Response,
    lines_of,
    seconds_of,
)
from shared.providers.fake.world import FakeJob, Stand, Wanted

FILTERED = (
    "Veo could not generate videos based on the prompt provided, because it violates the "
    "usage guidelines."
)


class FakeVertex(FakeVendor):
    """Hands the video over inside the operation, as Vertex does without a storage folder."""

    name: ClassVar[str] = "google_veo"

    def authorised(self, request: Request) -> bool:
        key = request.headers.get("x-goog-api-key", "")
        return key not in {"", "wrong"} or super().authorised(request)

    def handle(self, request: Request) -> Response | None:
        place, _, verb = request.path.rpartition(":")
        if request.method != "POST" or "/publishers/google/models/" not in place:
            return None
        if verb == "predictLongRunning":
            return self._submit(request, place.rpartition("/")[2])
        if verb == "fetchPredictOperation":
            name = str(request.at("operationName") or "")
            return self.look(request, self.world.find(self.name, name.rpartition("/")[2]))
        return None

    def _submit(self, request: Request, model: str) -> Response:
        asked = request.at("instances", 0)
        if not isinstance(asked, dict):
            return self._error(400, "instances is required", "INVALID_ARGUMENT")
        return self.take(
            request,
            Wanted(
                model=model,
                reference=request.path.removeprefix("/v1beta1/").partition(":")[0],
                image=str(request.at("instances", 0, "image", "bytesBase64Encoded") or ""),
                seconds=seconds_of(request.at("parameters", "durationSeconds") or 8),
                lines=lines_of(request.at("parameters", "resolution") or "720p"),
            ),
        )

    def _error(self, status: int, message: str, word: str, **headers: str) -> Reply:
        return Reply(
            status, {"error": {"code": status, "message": message, "status": word}}, headers
        )

    def unauthorised(self) -> Reply:
        return self._error(401, "Request had invalid authentication credentials", "UNAUTHENTICATED")

    def throttled(self) -> Reply:
        words = {"Retry-After": "2"}
        return self._error(429, "Quota exceeded", "RESOURCE_EXHAUSTED", **words)

    def broke(self) -> Reply:
        return self._error(402, "Your prepayment credits are depleted.", "RESOURCE_EXHAUSTED")

    def unsafe(self) -> Reply:
        message = "The image violates our usage guidelines."
        return self._error(400, message, "INVALID_ARGUMENT")

    def operation(self, job: FakeJob) -> str:
        return f"{job.wanted.reference}/operations/{job.id}"

    def accepted(self, job: FakeJob, request: Request) -> Reply:
        del request
        return Reply(200, {"name": self.operation(job)})

    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        body: dict[str, Any] = {"name": self.operation(job)}
        if not stand.ended:
            return Reply(200, {**body, "done": False})
        body["done"] = True
        if stand is Stand.FAILED:
            return Reply(200, {**body, "error": {"code": 13, "message": "Internal error"}})
        if stand is Stand.MODERATED:
            return Reply(200, {**body, "response": self.filtered()})
        return Reply(200, {**body, "response": self.response(job, request)})

    def odd(self, job: FakeJob, request: Request) -> Reply:
        del request
        return Reply(200, {"name": self.operation(job), "metadata": {"state": "REIMAGINING"}})

    def filtered(self) -> dict[str, Any]:
        return {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [FILTERED]}

    def response(self, job: FakeJob, request: Request) -> dict[str, Any]:
        del request
        if "empty" in job.faults:
            return {}
        wanted = job.wanted
        clip = make_clip(wanted.image, wanted.seconds, self.world.lines or wanted.lines)
        if "not-a-video" in job.faults:
            clip = b"<html></html>"
        if "cut-short" in job.faults:
            clip = clip[: len(clip) // 2]
        text = base64.b64encode(clip).decode()
        return {"videos": [{"bytesBase64Encoded": text, "mimeType": "video/mp4"}]}


class FakeGemini(FakeVertex):
    """Hands over addresses that want the key, its fields nested one deeper."""

    name: ClassVar[str] = "gemini_veo"

    def authorised(self, request: Request) -> bool:
        return request.headers.get("x-goog-api-key", "") not in {"", "wrong"}

    def handle(self, request: Request) -> Response | None:
        match request.method, request.steps:
            case "POST", ["v1beta", "models", action] if action.endswith(":predictLongRunning"):
                return self._submit(request, action.partition(":")[0])
            case "GET", ["v1beta", "models", _, "operations", job_id]:
                return self.look(request, self.world.find(self.name, job_id))
        return None

    def operation(self, job: FakeJob) -> str:
        return f"models/{job.wanted.model}/operations/{job.id}"

    def filtered(self) -> dict[str, Any]:
        return {"generateVideoResponse": super().filtered()}

    def response(self, job: FakeJob, request: Request) -> dict[str, Any]:
        samples = [{"video": {"uri": uri}} for uri in self.files(job, request.root)]
        return {"generateVideoResponse": {"generatedSamples": samples}}
