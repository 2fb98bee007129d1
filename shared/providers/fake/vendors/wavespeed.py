"""WaveSpeed as it behaves: everything in an envelope, failures as HTTP 200."""

from typing import Any, ClassVar

from shared.providers.fake.signing import WEBHOOK_SECRET, wavespeed_headers
from shared.providers.fake.vendor import (
    FakeVendor,
    Reply,
    Request,
    Response,
    lines_of,
    seconds_of,
)
from shared.providers.fake.world import FakeJob, Stand, Wanted

STATUS = {
    Stand.QUEUED: "created",
    Stand.RUNNING: "processing",
    Stand.SUCCEEDED: "completed",
    Stand.MODERATED: "failed",
    Stand.FAILED: "failed",
    Stand.CANCELLED: "cancelled",
}
ERRORS = {
    Stand.MODERATED: "Content flagged as potentially sensitive. Please try a different prompt.",
    Stand.FAILED: "Upstream model error",
}


class FakeWaveSpeed(FakeVendor):
    name: ClassVar[str] = "wavespeed"
    charged_when: ClassVar[frozenset[Stand]] = frozenset({Stand.SUCCEEDED, Stand.MODERATED})

    def handle(self, request: Request) -> Response | None:
        match request.method, request.steps:
            case "GET", ["api", "v3", "webhook", "secret"]:
                return Reply(200, {"code": 200, "data": {"secret": WEBHOOK_SECRET}})
            case "GET", ["api", "v3", "predictions", job_id, *_]:
                return self.look(request, self.world.find(self.name, job_id))
            case "POST", ["api", "v3", *model] if model:
                return self._submit(request, "/".join(model))
        return None

    def _submit(self, request: Request, model: str) -> Response:
        asked = request.document
        if not isinstance(asked, dict):
            return Reply(400, {"code": 400, "message": "body is no JSON object"})
        return self.take(
            request,
            Wanted(
                model=model,
                image=str(asked.get("image", "")),
                sound=str(asked.get("audio", "")),
                # a talking portrait is as long as its sound
                seconds=seconds_of(asked.get("duration", 0 if "infinitetalk" in model else 5)),
                lines=lines_of(asked.get("resolution", "720p")),
                webhook=str(asked.get("webhook_url", "")),
            ),
        )

    def unauthorised(self) -> Reply:
        return Reply(401, {"code": 401, "message": "Invalid API key"})

    def throttled(self) -> Reply:
        body = {"code": 429, "message": "Rate limit exceeded, please try again later"}
        return Reply(429, body, {"Retry-After": "2"})

    def broke(self) -> Reply:
        return Reply(400, {"code": 400, "message": "Insufficient credits. Please top up."})

    def unsafe(self) -> Reply:
        return Reply(400, {"code": 400, "message": "The prompt was blocked by content moderation"})

    def accepted(self, job: FakeJob, request: Request) -> Reply:
        return Reply(200, self._envelope(job, Stand.QUEUED, request.base, []))

    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        files = self.files(job, request.root) if stand is Stand.SUCCEEDED else []
        return Reply(200, self._envelope(job, stand, request.base, files))

    def webhook(self, job: FakeJob, stand: Stand, root: str) -> tuple[Any, Any] | None:
        files = self.files(job, root) if stand is Stand.SUCCEEDED else []
        return self._envelope(job, stand, root, files)["data"], wavespeed_headers

    def _envelope(self, job: FakeJob, stand: Stand, base: str, files: list[str]) -> dict[str, Any]:
        return {
            "code": 200,
            "message": "success",
            "data": {
                "id": job.id,
                "model": job.wanted.model,
                "status": STATUS[stand],
                "urls": {"get": f"{base}/api/v3/predictions/{job.id}/result"},
                "outputs": files,
                "has_nsfw_contents": [False for _ in files],
                "error": ERRORS.get(stand, ""),
                "timings": {"inference": 1000 if stand.ended else 0},
            },
        }
