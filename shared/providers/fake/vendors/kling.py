"""Kling as it behaves: codes beside HTTP statuses, names of our own, unsigned callbacks."""

import base64
import json
import time
from typing import Any, ClassVar

from shared.providers.fake.vendor import FakeVendor, Reply, Request, Response, seconds_of
from shared.providers.fake.world import FakeJob, Stand, Wanted

STATUS = {
    Stand.QUEUED: "submitted",
    Stand.RUNNING: "processing",
    Stand.SUCCEEDED: "succeed",
    Stand.MODERATED: "failed",
    Stand.FAILED: "failed",
    Stand.CANCELLED: "failed",
}
MESSAGES = {
    Stand.MODERATED: "Failure to pass the risk control system: content safety",
    Stand.FAILED: "Generation failed",
}


class FakeKling(FakeVendor):
    name: ClassVar[str] = "kling"

    def authorised(self, request: Request) -> bool:
        """A plain key, or a token that is signed with HS256 and has not ended."""
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key.count(".") != 2:
            return super().authorised(request)
        head, claims = (_segment(part) for part in key.split(".")[:2])
        now = time.time()
        return head.get("alg") == "HS256" and claims.get("nbf", now) <= now < claims.get("exp", 0)

    def handle(self, request: Request) -> Response | None:
        match request.method, request.steps:
            case "POST", ["v1", "videos", "image2video" | "text2video"]:
                return self._submit(request)
            case "GET", ["v1", "videos", "image2video" | "text2video", name]:
                found = self.world.find(self.name, name)
                job = found or self.world.find_reference(self.name, name)
                if job is None:
                    return self._coded(404, 1203, "The requested resource does not exist")
                return self.look(request, job)
        return None

    def _submit(self, request: Request) -> Response:
        asked = request.document
        if not isinstance(asked, dict) or not isinstance(asked.get("duration", "5"), str):
            return self._coded(400, 1201, "Invalid request parameters")
        reference = str(asked.get("external_task_id", ""))
        if self.world.find_reference(self.name, reference) is not None:
            return self._coded(400, 1201, "external_task_id already exists")
        return self.take(
            request,
            Wanted(
                model=str(asked.get("model_name", "kling-v1")),
                image=str(asked.get("image", "")),
                seconds=seconds_of(asked.get("duration", "5")),
                lines=720,
                webhook=str(asked.get("callback_url", "")),
                reference=reference,
            ),
        )

    def _coded(self, status: int, code: int, message: str, **headers: str) -> Reply:
        return Reply(status, {"code": code, "message": message, "request_id": "fake"}, headers)

    def unauthorised(self) -> Reply:
        return self._coded(401, 1000, "Authentication failed")

    def throttled(self) -> Reply:
        return self._coded(429, 1302, "The request rate exceeds the limit", **{"Retry-After": "2"})

    def broke(self) -> Reply:
        return self._coded(429, 1102, "Account balance not enough")

    def unsafe(self) -> Reply:
        return self._coded(400, 1301, "Trigger the content safety policy of the platform")

    def accepted(self, job: FakeJob, request: Request) -> Reply:
        return self.shown(job, Stand.QUEUED, request)

    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        data = self._data(job, stand, request.root)
        return Reply(200, {"code": 0, "message": "SUCCEED", "request_id": "fake", "data": data})

    def webhook(self, job: FakeJob, stand: Stand, root: str) -> tuple[Any, Any] | None:
        return self._data(job, stand, root), lambda _body: {}

    def _data(self, job: FakeJob, stand: Stand, root: str) -> dict[str, Any]:
        data: dict[str, Any] = {
            "task_id": job.id,
            "task_status": STATUS[stand],
            "task_status_msg": MESSAGES.get(stand, ""),
            "task_info": {"external_task_id": job.wanted.reference},
        }
        if stand is Stand.SUCCEEDED:
            videos = [{"id": job.id, "url": u, "duration": "5"} for u in self.files(job, root)]
            data["task_result"] = {"videos": videos}
        return data


def _segment(text: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
