"""Runway as it behaves: no webhooks, credits in every answer, uploads in two steps."""

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

STATUS = {
    Stand.QUEUED: "PENDING",
    Stand.RUNNING: "RUNNING",
    Stand.SUCCEEDED: "SUCCEEDED",
    Stand.MODERATED: "FAILED",
    Stand.FAILED: "FAILED",
    Stand.CANCELLED: "CANCELLED",
}
FAILURES = {
    Stand.MODERATED: ("Content moderation: image", "SAFETY.INPUT.IMAGE"),
    Stand.FAILED: ("An unexpected error occurred.", "INTERNAL.BAD_OUTPUT.CODE01"),
}


class FakeRunway(FakeVendor):
    name: ClassVar[str] = "runway"
    charged_when: ClassVar[frozenset[Stand]] = frozenset({Stand.SUCCEEDED, Stand.MODERATED})
    unsigned_paths: ClassVar[tuple[str, ...]] = ("/_upload",)

    def authorised(self, request: Request) -> bool:
        versioned = request.headers.get("x-runway-version") == "2024-11-06"
        return versioned and super().authorised(request)

    def handle(self, request: Request) -> Response | None:
        match request.method, request.steps:
            case "POST", ["v1", "image_to_video" | "text_to_video"]:
                return self._submit(request)
            case "GET", ["v1", "tasks", job_id]:
                return self.look(request, self.world.find(self.name, job_id))
            case "DELETE", ["v1", "tasks", job_id]:
                job = self.world.find(self.name, job_id)
                if job is not None:
                    self.world.cancel(job)
                return Reply(204)
            case "POST", ["v1", "uploads"]:
                return self._place(request)
            case "POST", ["_upload"]:
                return Reply(204 if b"policy" in request.body else 403)
        return None

    def _place(self, request: Request) -> Reply:
        name = str(request.at("filename") or "file")
        return Reply(
            200,
            {
                "uploadUrl": f"{request.base}/_upload",
                "fields": {"key": name, "policy": "fake"},
                "runwayUri": f"runway://fake/{name}",
            },
        )

    def _submit(self, request: Request) -> Response:
        asked = request.document
        if not isinstance(asked, dict) or not asked.get("model"):
            return Reply(400, {"error": "Validation of body failed"})
        image = asked.get("promptImage", "")
        if isinstance(image, list):
            image = image[0].get("uri", "")
        return self.take(
            request,
            Wanted(
                model=str(asked["model"]),
                image=str(image),
                seconds=seconds_of(asked.get("duration", 5)),
                lines=lines_of(asked.get("ratio", "1280:720")),
            ),
        )

    def unauthorised(self) -> Reply:
        return Reply(401, {"error": "Unauthorized"})

    def throttled(self) -> Reply:
        body = {"error": "You have reached your daily task limit."}
        return Reply(429, body, {"Retry-After": "2"})

    def broke(self) -> Reply:
        return Reply(400, {"error": "You do not have enough credits to run this task."})

    def unsafe(self) -> Reply:
        return Reply(400, {"error": "The input was rejected by content moderation."})

    def accepted(self, job: FakeJob, request: Request) -> Reply:
        del request
        return Reply(200, {"id": job.id, "estimatedCost": {"credits": self._credits(job)}})

    def _credits(self, job: FakeJob) -> int:
        return round(job.price_usd * 100)

    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        body: dict[str, Any] = {
            "id": job.id,
            "status": STATUS[stand],
            "createdAt": "2026-11-20T00:00:00.000Z",
        }
        if not stand.ended:
            body["estimatedCost"] = {"credits": self._credits(job)}
        else:
            kept = stand in self.charged_when
            body["cost"] = {"credits": self._credits(job) if kept else 0}
        if stand is Stand.RUNNING:
            body["progress"] = round(job.progress(self.world.now()), 2)
        if stand is Stand.SUCCEEDED:
            body["output"] = self.files(job, request.root)
        if stand in FAILURES:
            body["failure"], body["failureCode"] = FAILURES[stand]
        return Reply(200, body)
