"""The HTTP server around the fake vendors."""

import json
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from shared.providers.fake.clip import make_clip
from shared.providers.fake.language import FakeLanguageModels
from shared.providers.fake.vendor import FakeVendor, Reply, Request, Response, Wire
from shared.providers.fake.vendors import VENDORS
from shared.providers.fake.world import FakeJob, Seen, Stand, World

WEBHOOK_TRIES = 3
HANG_SEC = 120.0
HUGE_BYTES = 256 * 1024 * 1024
CHUNK = b" " * 65536
DRIP_BYTES = 10_000
MOST_BODY_BYTES = 256 * 1024 * 1024


class FakeProviders:
    """All fake vendors on one port of this machine.

    Example
    -------
    >>> with FakeProviders(World(seconds_per_job=0.1)) as fake:
    ...     fake.base_url("wavespeed").startswith("http://127.0.0.1:")
    True
    """

    def __init__(self, world: World | None = None, *, port: int = 0) -> None:
        self.world = world or World()
        self.vendors = {vendor.name: vendor(self.world) for vendor in VENDORS}
        self.language = FakeLanguageModels()
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = _Server(("127.0.0.1", port), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def base_url(self, provider: str) -> str:
        """What to set as the provider's base URL."""
        suffix = "/v1" if provider == "luma_agents" else ""
        return f"{self.root}/{provider}{suffix}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "FakeProviders":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(self, request: Request, vendor: FakeVendor) -> Response:
        """What a vendor answers; a webhook is planned for what it accepts."""
        open_path = request.path in vendor.unsigned_paths
        if not open_path and not vendor.authorised(request):
            return vendor.unauthorised()
        before = set(self.world.jobs)
        response = vendor.handle(request)
        for job_id in set(self.world.jobs) - before:
            self._plan_webhook(vendor, self.world.jobs[job_id], request.root)
        return Reply(404, {"message": "no such path"}) if response is None else response

    def _plan_webhook(self, vendor: FakeVendor, job: FakeJob, root: str) -> None:
        # Two submits at once may both see each other's job as new.
        if job.vendor != vendor.name or not job.wanted.webhook or job.faults & {"never", "planned"}:
            return
        job.faults |= {"planned"}
        if "lost-webhook" in job.faults:
            return
        thread = threading.Thread(target=self._send_webhook, args=(vendor, job, root), daemon=True)
        thread.start()

    def _send_webhook(self, vendor: FakeVendor, job: FakeJob, root: str) -> None:
        if self.closing.wait(job.runs_sec):
            return
        stand = job.stand(self.world.now())
        made = vendor.webhook(job, stand if stand.ended else Stand.SUCCEEDED, root)
        if made is None:
            return
        body, sign = made
        data = json.dumps(body).encode()
        signature = sign(data)  # a webhook that comes again keeps its id
        for _ in range(2 if "duplicate-webhook" in job.faults else 1):
            self._post(job, data, signature)

    def _post(self, job: FakeJob, data: bytes, signature: dict[str, str]) -> None:
        headers = {"Content-Type": "application/json", **signature}
        if urlsplit(job.wanted.webhook).scheme not in {"http", "https"}:
            return
        for _ in range(WEBHOOK_TRIES):
            call = urllib.request.Request(job.wanted.webhook, data, headers)  # noqa: S310
            try:
                with urllib.request.urlopen(call, timeout=5):  # noqa: S310
                    job.webhooks_sent += 1
                    return
            except (OSError, urllib.error.URLError):
                if self.closing.wait(1):
                    return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the game; a fault of ours is not."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    fake: ClassVar[FakeProviders]
    protocol_version = "HTTP/1.1"
    server_version = "FakeProviders"

    def _serve(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), MOST_BODY_BYTES)
        body = self.rfile.read(length)
        place = urlsplit(self.path)
        root = f"http://{self.headers.get('Host', '127.0.0.1')}"
        name, _, rest = place.path.lstrip("/").partition("/")
        query = dict(parse_qsl(place.query))
        if name.startswith("_"):
            self._serve_ours(name, rest, query)
            return
        vendor = self.fake.vendors.get(name)
        headers = {key.lower(): value for key, value in self.headers.items()}
        seen = Seen(name, self.command, self.path, headers, body)
        self.fake.world.note(seen)
        request = Request(self.command, f"/{rest}", query, headers, body, root, f"{root}/{name}")
        if name in self.fake.language.names:
            self._respond(self.fake.language.answer(name, request))
            return
        if vendor is None:
            self._reply(Reply(404, {"message": f"no provider `{name}` here"}))
            return
        self._respond(self.fake.answer(request, vendor))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

    def _respond(self, response: Response) -> None:
        match response:
            case Reply():
                self._reply(response)
            case Wire.DROP:
                self.close_connection = True
            case Wire.HANG:
                self.fake.closing.wait(HANG_SEC)
                self.close_connection = True
            case Wire.HUGE:
                self._stream_huge("application/json")
            case Wire.DRIP:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(DRIP_BYTES))
                self.end_headers()
                self._drip(b" " * DRIP_BYTES)

    def _reply(self, reply: Reply) -> None:
        raw = isinstance(reply.body, bytes)
        empty = reply.body is None
        data = reply.body if raw else b"" if empty else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not empty:
            self.send_header("Content-Type", "application/json")
        if reply.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _serve_ours(self, name: str, rest: str, query: dict[str, str]) -> None:
        world = self.fake.world
        if name == "_files":
            self._serve_file(rest.removesuffix(".mp4"), query)
        elif name == "_ledger":
            self._reply(Reply(200, world.ledger()))
        elif name == "_jobs":
            self._reply(Reply(200, world.ledger()["jobs"]))
        else:
            self._reply(Reply(404, {"message": "there are _files, _jobs and _ledger"}))

    def _serve_file(self, job_id: str, query: dict[str, str]) -> None:
        job = self.fake.world.jobs.get(job_id)
        keyless = job is not None and job.vendor == "gemini_veo"
        keyless = keyless and not self.headers.get("x-goog-api-key")
        if job is None or keyless or ("expired-url" in job.faults and query.get("number") == "1"):
            self._reply(Reply(403, b"<Error><Code>AccessDenied</Code></Error>"))
            return
        if "redirect-private" in job.faults:
            self._reply(Reply(302, None, {"Location": "http://169.254.169.254/latest/meta-data"}))
            return
        if "not-a-video" in job.faults:
            self._reply(Reply(200, b"<html><body>Please log in</body></html>"))
            return
        if "huge-file" in job.faults:
            self._stream_huge("video/mp4")
            return
        wanted = job.wanted
        lines = self.fake.world.lines or wanted.lines
        clip = make_clip(wanted.image, wanted.seconds, lines, sound=wanted.sound)
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(clip)))
        self.end_headers()
        if "cut-short" in job.faults:
            self.wfile.write(clip[: len(clip) // 2])
            self.close_connection = True
        elif "drip" in job.faults:
            self._drip(clip)
        else:
            self.wfile.write(clip)

    def _drip(self, data: bytes) -> None:
        for index in range(len(data)):
            self.wfile.write(data[index : index + 1])
            self.wfile.flush()
            if self.fake.closing.wait(0.05):
                return

    def _stream_huge(self, content_type: str) -> None:
        """More than anybody should read, in pieces, its length not told."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        head = b"\0\0\0\x18ftypisom" if content_type == "video/mp4" else b""
        self.wfile.write(head)
        sent = 0
        while sent < HUGE_BYTES and not self.fake.closing.is_set():
            self.wfile.write(CHUNK)
            sent += len(CHUNK)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Silent: the ledger tells what happened."""


def serve_forever(fake: FakeProviders) -> None:
    """Serve until Ctrl-C."""
    fake.start()
    try:
        while True:
            time.sleep(3600)
    finally:
        fake.stop()
