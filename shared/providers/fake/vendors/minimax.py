"""MiniMax as it behaves: v1 says everything with HTTP 200, v2 with statuses."""

from typing import Any, ClassVar

from shared.providers.call import reach
from shared.providers.fake.vendor import (
    FakeVendor,
    Reply,
    Request,
    Response,
    lines_of,
    seconds_of,
)
from shared.providers.fake.world import FakeJob, Stand, Wanted

V1_STATUS = {
    Stand.QUEUED: "Queueing",
    Stand.RUNNING: "Processing",
    Stand.SUCCEEDED: "Success",
    Stand.MODERATED: "Fail",
    Stand.FAILED: "Fail",
    Stand.CANCELLED: "Fail",
}
V2_STATUS = {
    Stand.QUEUED: "queued",
    Stand.RUNNING: "running",
    Stand.SUCCEEDED: "succeeded",
    Stand.MODERATED: "failed",
    Stand.FAILED: "failed",
    Stand.CANCELLED: "cancelled",
}
CODES = {
    Stand.MODERATED: (1027, "output video contains sensitive content"),
    Stand.FAILED: (1000, "unknown error"),
}
KINDS = {1002: ("rate_limit_error", 429), 1008: ("insufficient_balance_error", 402)}
KINDS |= {1026: ("unprocessable_entity_error", 422), 1004: ("authorized_error", 401)}


class FakeMiniMax(FakeVendor):
    name: ClassVar[str] = "minimax"

    def handle(self, request: Request) -> Response | None:
        match request.method, request.steps:
            case "POST", ["v1" | "v2", "video_generation"]:
                return self._submit(request)
            case "GET", ["v1", "query", "video_generation"]:
                job = self.world.find(self.name, request.query.get("task_id", ""))
                return self.look(request, job)
            case "GET", ["v2", "query", "video_generation", job_id]:
                return self.look(request, self.world.find(self.name, job_id))
            case "GET", ["v1", "files", "retrieve"]:
                return self._file(request)
        return None

    def _submit(self, request: Request) -> Response:
        asked = request.document
        if not isinstance(asked, dict) or not asked.get("model"):
            return Reply(200, {"task_id": "", "base_resp": _resp(2013, "invalid params")})
        image = asked.get("first_frame_image") or ""
        content = asked.get("content")
        for part in content if isinstance(content, list) else []:
            if reach(part, "role") == "first_frame":
                image = reach(part, "image_url", "url")
        response = self.take(
            request,
            Wanted(
                model=str(asked["model"]),
                image=str(image),
                seconds=seconds_of(asked.get("duration", 6)),
                lines=lines_of(asked.get("resolution", "768P")),
                webhook=str(asked.get("callback_url", "")),
            ),
        )
        if request.path.startswith("/v2") and isinstance(response, Reply):
            return _as_v2(response)
        return response

    def _file(self, request: Request) -> Response:
        job = self.world.find(self.name, request.query.get("file_id", "").removeprefix("file-"))
        if job is None:
            return Reply(200, {"file": None, "base_resp": _resp(1026, "no such file")})
        file = {"file_id": f"file-{job.id}", "download_url": self.file(job, request.root)}
        return Reply(200, {"file": file, "base_resp": _resp(0, "success")})

    def unauthorised(self) -> Reply:
        return Reply(200, {"base_resp": _resp(1004, "login fail: carry the API secret key")})

    def throttled(self) -> Reply:
        body = {"task_id": "", "base_resp": _resp(1002, "rate limit, please retry later")}
        return Reply(200, body, {"Retry-After": "2"})

    def broke(self) -> Reply:
        return Reply(200, {"task_id": "", "base_resp": _resp(1008, "insufficient balance")})

    def unsafe(self) -> Reply:
        message = "video description contains sensitive content"
        return Reply(200, {"task_id": "", "base_resp": _resp(1026, message)})

    def accepted(self, job: FakeJob, request: Request) -> Reply:
        del request
        return Reply(200, {"task_id": job.id, "base_resp": _resp(0, "success")})

    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        if request.path.startswith("/v2"):
            return Reply(200, {"task": self._v2_task(job, stand, request.root)})
        code, message = CODES.get(stand, (0, "success"))
        has_file = stand is Stand.SUCCEEDED and "empty" not in job.faults
        return Reply(
            200,
            {
                "task_id": job.id,
                "status": V1_STATUS[stand],
                "file_id": f"file-{job.id}" if has_file else "",
                "base_resp": _resp(code, message),
            },
        )

    def webhook(self, job: FakeJob, stand: Stand, root: str) -> tuple[Any, Any] | None:
        del root
        return {"task_id": job.id, "status": V1_STATUS[stand].lower()}, lambda _body: {}

    def _v2_task(self, job: FakeJob, stand: Stand, root: str) -> dict[str, Any]:
        task: dict[str, Any] = {"id": job.id, "status": V2_STATUS[stand]}
        if stand is Stand.SUCCEEDED and (files := self.files(job, root)):
            task["content"] = {"url": files[0]}
        if stand in CODES:
            code, message = CODES[stand]
            task["error"] = {"message": f"{message} ({code})"}
        return task


def _resp(code: int, message: str) -> dict[str, Any]:
    return {"status_code": code, "status_msg": message}


def _as_v2(reply: Reply) -> Reply:
    """The same with v2's statuses and error documents."""
    code = reach(reply.body, "base_resp", "status_code")
    if code == 0:
        return Reply(200, {"task_id": reply.body["task_id"]})
    if code not in KINDS:
        return reply
    kind, status = KINDS[code]
    message = f"{reach(reply.body, 'base_resp', 'status_msg')} ({code})"
    error = {"type": kind, "message": message, "http_code": str(status)}
    return Reply(status, {"type": "error", "error": error}, reply.headers)
