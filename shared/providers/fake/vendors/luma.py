"""Luma's Agents API as it behaves: machine-readable failure codes, no webhooks, no cancel."""

from typing import Any, ClassVar

from shared.providers.fake.vendor import (
    FakeVendor,
    Reply,
    Request,
    Response,
    lines_of,
    seconds_of,
)
from shared.providers.fake.world import FakeJob, Stand, Wanted

STATE = {
    Stand.QUEUED: "queued",
    Stand.RUNNING: "processing",
    Stand.SUCCEEDED: "completed",
    Stand.MODERATED: "failed",
    Stand.FAILED: "failed",
    Stand.CANCELLED: "failed",
}
FAILURES = {
    Stand.MODERATED: ("content_moderated", "The content was moderated"),
    Stand.FAILED: ("generation_failed", "The generation failed"),
}


class FakeLuma(FakeVendor):
    name: ClassVar[str] = "luma_agents"

    def handle(self, request: Request) -> Response | None:
        match request.method, request.steps:
            case "POST", ["v1", "generations"]:
                return self._submit(request)
            case "GET", ["v1", "generations", job_id]:
                return self.look(request, self.world.find(self.name, job_id))
        return None

    def _submit(self, request: Request) -> Response:
        if not request.at("prompt"):
            return Reply(422, {"detail": "prompt is required"})
        frame = request.at("video", "start_frame") or request.at("video", "keyframes", 0) or {}
        return self.take(
            request,
            Wanted(
                model=str(request.at("model")),
                image=str(frame.get("url") or frame.get("data") or ""),
                seconds=seconds_of(request.at("video", "duration") or 5),
                lines=lines_of(request.at("video", "resolution") or "720p"),
            ),
        )

    def unauthorised(self) -> Reply:
        return Reply(401, {"detail": "Invalid API key"})

    def throttled(self) -> Reply:
        return Reply(429, {"detail": "Too many requests"}, {"Retry-After": "2"})

    def broke(self) -> Reply:
        return Reply(402, {"detail": "Insufficient credits"})

    def unsafe(self) -> Reply:
        return Reply(400, {"detail": "The prompt did not pass content moderation"})

    def accepted(self, job: FakeJob, request: Request) -> Reply:
        return Reply(201, self.shown(job, Stand.QUEUED, request).body)

    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        body: dict[str, Any] = {
            "id": job.id,
            "created_at": "2026-11-20T00:00:00Z",
            "model": job.wanted.model,
            "state": STATE[stand],
            "type": "video",
        }
        if stand is Stand.SUCCEEDED:
            body["output"] = [{"type": "video", "url": u} for u in self.files(job, request.root)]
        if stand in FAILURES:
            body["failure_code"], body["failure_reason"] = FAILURES[stand]
        return Reply(200, body)
