"""fal's queue as it behaves: COMPLETED also when it failed, and the truth one address further."""

from typing import Any, ClassVar

from shared.providers.fake.signing import fal_headers, fal_jwks
from shared.providers.fake.vendor import (
    FakeVendor,
    Reply,
    Request,
    Response,
    lines_of,
    seconds_of,
)
from shared.providers.fake.world import FakeJob, Stand, Wanted

MODERATED = "The content could not be processed because it was flagged by a content checker."


class FakeFal(FakeVendor):
    name: ClassVar[str] = "fal"
    charged_when: ClassVar[frozenset[Stand]] = frozenset({Stand.SUCCEEDED, Stand.MODERATED})
    unsigned_paths: ClassVar[tuple[str, ...]] = ("/.well-known/jwks.json",)

    def authorised(self, request: Request) -> bool:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return scheme == "Key" and key not in {"", "wrong"}

    def handle(self, request: Request) -> Response | None:
        match request.method, request.steps:
            case "GET", [".well-known", "jwks.json"]:
                return Reply(200, fal_jwks())
            case "GET", [*_, "requests", job_id, "status"]:
                return self.look(request, self.world.find(self.name, job_id))
            case "GET", [*_, "requests", job_id]:
                return self._response(request, job_id)
            case "PUT", [*_, "requests", job_id, "cancel"]:
                return self._cancel(job_id)
            case "POST", [_owner, _app, *_]:
                return self._submit(request)
        return None

    def _submit(self, request: Request) -> Response:
        asked = request.document
        if not isinstance(asked, dict):
            return Reply(422, {"detail": [{"loc": ["body"], "msg": "field required"}]})
        return self.take(
            request,
            Wanted(
                model=request.path.strip("/"),
                image=str(asked.get("image_url") or asked.get("start_image_url") or ""),
                seconds=seconds_of(asked.get("duration", 5)),
                lines=lines_of(asked.get("resolution", "720p")),
                webhook=request.query.get("fal_webhook", ""),
            ),
        )

    def _response(self, request: Request, job_id: str) -> Response:
        job = self.world.find(self.name, job_id)
        if job is None:
            return Reply(404, {"detail": "Request not found"})
        stand = job.stand(self.world.now())
        if not stand.ended:
            return Reply(400, {"detail": "Request is still in progress"})
        status, payload = self._payload(job, stand, request.root)
        return Reply(status, payload)

    def _payload(self, job: FakeJob, stand: Stand, root: str) -> tuple[int, dict[str, Any]]:
        if stand is Stand.MODERATED:
            problem = {"loc": ["body"], "msg": MODERATED, "type": "content_policy_violation"}
            return 422, {"detail": [problem]}
        files = self.files(job, root)
        video = {"url": files[0], "content_type": "video/mp4"} if files else None
        return 200, {"video": video}

    def _cancel(self, job_id: str) -> Response:
        job = self.world.find(self.name, job_id)
        if job is None:
            return Reply(404, {"status": "NOT_FOUND"})
        if job.stand(self.world.now()).ended:
            return Reply(400, {"status": "ALREADY_COMPLETED"})
        self.world.cancel(job)
        return Reply(202, {"status": "CANCELLATION_REQUESTED"})

    def unauthorised(self) -> Reply:
        return Reply(401, {"detail": "Authentication is required"})

    def throttled(self) -> Reply:
        return Reply(429, {"detail": "Rate limit exceeded"}, {"Retry-After": "2"})

    def broke(self) -> Reply:
        detail = "User is locked. Reason: Exhausted balance. Top up your balance."
        return Reply(403, {"detail": detail})

    def unsafe(self) -> Reply:
        return Reply(422, {"detail": [{"msg": MODERATED, "type": "content_policy_violation"}]})

    def accepted(self, job: FakeJob, request: Request) -> Reply:
        owner, app, *_ = request.steps
        place = f"{request.base}/{owner}/{app}/requests/{job.id}"
        return Reply(
            200,
            {
                "status": "IN_QUEUE",
                "request_id": job.id,
                "queue_position": 0,
                "response_url": place,
                "status_url": f"{place}/status",
                "cancel_url": f"{place}/cancel",
            },
        )

    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        place = f"{request.base}{request.path.removesuffix('/status')}"
        body: dict[str, Any] = {"request_id": job.id, "response_url": place}
        if stand is Stand.QUEUED:
            return Reply(202, {**body, "status": "IN_QUEUE", "queue_position": 1})
        if stand is Stand.RUNNING:
            return Reply(202, {**body, "status": "IN_PROGRESS", "logs": None})
        body |= {"status": "COMPLETED", "logs": None, "metrics": {"inference_time": 1.0}}
        if stand is Stand.FAILED:
            body |= {"error": "Internal Server Error", "error_type": "internal_server_error"}
        if stand is Stand.CANCELLED:
            body |= {"error": "Request was cancelled", "error_type": "client_cancelled"}
        return Reply(200, body)

    def webhook(self, job: FakeJob, stand: Stand, root: str) -> tuple[Any, Any] | None:
        good = stand is Stand.SUCCEEDED
        _, payload = self._payload(job, stand, root)
        body = {
            "request_id": job.id,
            "gateway_request_id": job.id,
            "status": "OK" if good else "ERROR",
            "payload": payload,
        }
        return (body if good else {**body, "error": "Unprocessable"}), fal_headers
