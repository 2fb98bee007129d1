"""Replicate as it behaves: problem documents, an hour's memory, signed webhooks."""

from typing import Any, ClassVar

from shared.providers.fake.signing import WEBHOOK_SECRET, standard_headers
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
    Stand.QUEUED: "starting",
    Stand.RUNNING: "processing",
    Stand.SUCCEEDED: "succeeded",
    Stand.MODERATED: "failed",
    Stand.FAILED: "failed",
    Stand.CANCELLED: "canceled",
}
ERRORS = {
    Stand.MODERATED: "NSFW content detected. Try running it again, or try a different prompt.",
    Stand.FAILED: "Prediction failed: CUDA error",
}


class FakeReplicate(FakeVendor):
    name: ClassVar[str] = "replicate"
    charged_when: ClassVar[frozenset[Stand]] = frozenset({Stand.SUCCEEDED, Stand.CANCELLED})

    def handle(self, request: Request) -> Response | None:
        match request.method, request.steps:
            case "GET", ["v1", "webhooks", "default", "secret"]:
                return Reply(200, {"key": WEBHOOK_SECRET})
            case "GET", ["v1", "predictions", job_id]:
                return self.look(request, self.world.find(self.name, job_id))
            case "POST", ["v1", "predictions", job_id, "cancel"]:
                return self._cancel(request, job_id)
            case "POST", ["v1", "predictions"]:
                return self._submit(request, str(request.at("version") or ""))
            case "POST", ["v1", "models", owner, model, "predictions"]:
                return self._submit(request, f"{owner}/{model}")
        return None

    def _submit(self, request: Request, model: str) -> Response:
        asked = request.at("input")
        if not isinstance(asked, dict) or not model:
            return self._problem(422, "Input validation failed", "input: a dict is required")
        image = asked.get("image") or asked.get("start_image") or asked.get("input_image") or ""
        return self.take(
            request,
            Wanted(
                model=model,
                image=str(image),
                seconds=seconds_of(asked.get("duration", 5)),
                lines=lines_of(asked.get("resolution", "720p")),
                webhook=str(request.at("webhook") or ""),
            ),
        )

    def _cancel(self, request: Request, job_id: str) -> Response:
        job = self.world.find(self.name, job_id)
        if job is None:
            return self._problem(404, "Not found", "The requested resource does not exist")
        self.world.cancel(job)
        return self.shown(job, job.stand(self.world.now()), request)

    def _problem(self, status: int, title: str, detail: str, **headers: str) -> Reply:
        return Reply(status, {"title": title, "detail": detail, "status": status}, headers)

    def unauthorised(self) -> Reply:
        return self._problem(401, "Unauthenticated", "You did not pass a valid token")

    def throttled(self) -> Reply:
        detail = "Request was throttled. Your rate limit for creating predictions is reduced."
        return self._problem(429, "Too many requests", detail, **{"Retry-After": "2"})

    def broke(self) -> Reply:
        return self._problem(402, "Insufficient credit", "You have insufficient credit to run this")

    def unsafe(self) -> Reply:
        return self._problem(422, "Input refused", "The input was flagged by a safety filter")

    def accepted(self, job: FakeJob, request: Request) -> Reply:
        return Reply(201, self._prediction(job, Stand.QUEUED, request.base, request.root))

    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        return Reply(200, self._prediction(job, stand, request.base, request.root))

    def webhook(self, job: FakeJob, stand: Stand, root: str) -> tuple[Any, Any] | None:
        return self._prediction(job, stand, root, root), standard_headers

    def _prediction(self, job: FakeJob, stand: Stand, base: str, root: str) -> dict[str, Any]:
        files = self.files(job, root) if stand is Stand.SUCCEEDED else []
        percent = round(100 * job.progress(self.world.now()))
        return {
            "id": job.id,
            "model": job.wanted.model,
            "version": "hidden",
            "input": {},
            "logs": f"Using seed: 1\n {percent}%|####      | 2/5",
            "output": files[0] if files else None,
            "error": ERRORS.get(stand),
            "status": STATUS[stand],
            "created_at": "2026-11-20T00:00:00.000Z",
            "metrics": {"predict_time": 1.0} if stand.ended else None,
            "urls": {"get": f"{base}/v1/predictions/{job.id}"},
        }
