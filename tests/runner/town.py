"""Everything that a runner speaks to, as an HTTP server on this machine: a bucket and our ears.

The bucket keeps what arrives whole, as S3 does. The ears are the real ones: signatures are checked
and the rules of claims hold.
"""

import hashlib
import io
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from gpu_functions.generators.contract import (
    GeneratedFrames,
    GenerationRequest,
    Generator,
    OnStep,
    OutOfMemory,
    Recipe,
    Room,
)
from gpu_functions.generators.rooms import in_memory
from gpu_functions.runner.compiled import Compiled
from gpu_functions.runner.lease import Lease
from gpu_functions.runner.models import Models
from gpu_functions.runner.retime import Retime
from gpu_functions.runner.run import Tools, run_job
from gpu_functions.runner.voice import Voice
from shared.gpu_jobs.document import Addresses, Callback, GpuJob, InputFile, Settings, Target
from shared.gpu_jobs.messages import Said, Word
from shared.gpu_jobs.receive import read_said, receive
from shared.gpu_jobs.record import GpuRecord
from shared.gpu_jobs.report import Report
from shared.gpu_jobs.signing import HEADER, body_key, check_body
from shared.jobs.job import Job
from shared.providers.webhooks.signature import SignatureRefused
from shared.providers.webhooks.token import sign_token, verify_token
from tests.gpu_jobs.desk import Records, gpu_job

SECRET = "a secret of thirty-two characters"
PATIENCE_SEC = 60.0
SVD = "stable-video-diffusion-xt-1.1"


def png(width: int = 64, height: int = 36) -> bytes:
    pixels = np.random.default_rng(5).integers(0, 255, (height, width, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@dataclass
class RunnerTown:
    """What there is, what was heard, and what goes wrong on request.

    `expired` : generation of addresses that are no longer good.
    `breaks` : so many uploads of the result lose their line half way.
    `answers` : status codes to answer PUTs of the result with, before it is well again.
    `open_for_result` : the result's PUT is answered when it is set.
    `late_sec` : every answer comes so late.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    records: Records = field(default_factory=Records)
    row: Job = field(default_factory=gpu_job)
    heard: list[Said] = field(default_factory=list)
    expired: int = 0
    answers: list[int] = field(default_factory=list)
    breaks: int = 0
    deaf: bool = False
    cancel_at_percent: int | None = None
    refusals: int = 0
    late_sec: float = 0.0
    open_for_result: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.files["keyframe.png"] = png()
        self.open_for_result.set()

    def addresses(self, generation: int = 1) -> Addresses:
        base = f"{self.url}/files"
        return Addresses(
            inputs={"image": f"{base}/keyframe.png?g={generation}"},
            result=f"{base}/result.mp4?g={generation}",
            report=f"{base}/report.json?g={generation}",
            report_there=f"{base}/report.json?g={generation}",
        )

    def job(self, **changes: Any) -> GpuJob:
        now = datetime.now(UTC)
        token = sign_token(SECRET, self.row.job_id, int(now.timestamp()) + 3600)
        settings = Settings(width=64, height=32, num_frames=9, native_fps="6", seed=0, steps=3)
        facts = {
            "job_id": self.row.job_id,
            "model": SVD,
            "repo": "owner/name",
            "revision": "abc",
            "gpu_class": "rtx4090",
            "settings": settings,
            "target": Target(fps="24", frame_count=24, duration_sec=1.0, used_frames=7),
            "inputs": {
                "image": InputFile(
                    sha256=hashlib.sha256(self.files["keyframe.png"]).hexdigest(),
                    size_bytes=len(self.files["keyframe.png"]),
                    content_type="image/png",
                )
            },
            "addresses": self.addresses(),
            "callback": Callback(url=f"{self.url}/callback?t={token}", key=body_key(SECRET, token)),
            "deadline_at": (now + timedelta(hours=1)).isoformat(),
            **changes,
        }
        return GpuJob(**facts)

    @property
    def report(self) -> Report | None:
        data = self.files.get("report.json")
        return Report.model_validate_json(data) if data else None

    @property
    def record(self) -> GpuRecord | None:
        return self.records.record(self.row.job_id)

    def hear(self, token: str, header: str, body: bytes) -> tuple[int, bytes]:
        if self.deaf:
            return 503, b""
        now = time.time()
        try:
            verify_token(SECRET, token, now)
            check_body(body_key(SECRET, token), header, body, now)
            said = read_said(body)
        except SignatureRefused:
            self.refusals += 1
            return 401, b"refused"
        self.heard.append(said)
        if self.cancel_at_percent is not None and said.percent >= self.cancel_at_percent:
            self.row = self.row.model_copy(update={"cancel_requested": True})
        answer = receive(self.records, self.row, said, now)
        if said.word is Word.REFRESH:
            answer = answer.model_copy(update={"addresses": self.addresses(self.expired + 1)})
        return 200, answer.model_dump_json(exclude_none=True).encode()


class _Handler(BaseHTTPRequestHandler):
    town: RunnerTown

    def do_GET(self) -> None:
        if not self._open():
            return
        data = self.town.files.get(self._name)
        self._say(404 if data is None else 200, data or b"")

    def do_PUT(self) -> None:
        length = int(self.headers["content-length"])
        if self._name == "result.mp4" and self.town.breaks:
            self.town.breaks -= 1
            self.rfile.read(length // 2)
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        body = self.rfile.read(length)
        if not self._open():
            return
        if self._name == "result.mp4":
            self.town.open_for_result.wait(PATIENCE_SEC)
        if self._name == "result.mp4" and self.town.answers:
            self._say(self.town.answers.pop(0))
            return
        sums = self.headers.get("content-md5")
        if sums and sums != b64encode(hashlib.md5(body).digest()).decode():  # noqa: S324
            self._say(400)
        elif self.headers.get("if-none-match") and self._name in self.town.files:
            self._say(412)
        else:
            self.town.files[self._name] = body
            self._say(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status, answer = self.town.hear(self._query("t"), self.headers.get(HEADER, ""), body)
        self._say(status, answer)

    @property
    def _name(self) -> str:
        return urlsplit(self.path).path.rpartition("/")[2]

    def _query(self, name: str) -> str:
        return parse_qs(urlsplit(self.path).query).get(name, [""])[0]

    def _open(self) -> bool:
        good = int(self._query("g")) > self.town.expired
        if not good:
            self._say(403)
        return good

    def _say(self, status: int, body: bytes = b"") -> None:
        time.sleep(self.town.late_sec)
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@contextmanager
def runner_town() -> Iterator[RunnerTown]:
    town = RunnerTown()
    handler = type("Handler", (_Handler,), {"town": town})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    town.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield town
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Painter:
    """A generator that needs no torch: noise that moves, or whatever a test wants of it."""

    def __init__(self, world: "Studio") -> None:
        self.world = world

    def load(self, weights: Path, recipe: Recipe, device: str) -> None:
        self.world.loads.append(recipe.name)
        self.world.threads.add(threading.get_ident())
        if recipe.name in self.world.too_large:
            raise OutOfMemory(f"{recipe.name} does not fit")

    def generate(
        self, request: GenerationRequest, on_step: OnStep, room: Room = in_memory
    ) -> GeneratedFrames:
        self.world.requests.append(request)
        self.world.threads.add(threading.get_ident())
        steps = request.steps or 3
        for step in range(steps):
            if self.world.step_sec:
                time.sleep(self.world.step_sec)
            if self.world.fault is not None:
                raise self.world.fault
            on_step(step + 1, steps)
        size = (request.num_frames, request.height, request.width, 3)
        frames = np.random.default_rng(request.seed).integers(0, 255, size, np.uint8)
        return GeneratedFrames(frames=room(size, np.array_split(frames, 4)), fps=request.fps)


@dataclass
class Studio:
    """What the painter does, and what it was asked."""

    too_large: set[str] = field(default_factory=set)
    fault: Exception | None = None
    step_sec: float = 0.0
    loads: list[str] = field(default_factory=list)
    requests: list[GenerationRequest] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def tools(self, scratch: Path | None = None, compiled: Compiled | None = None) -> Tools:
        def open_painter(_model: str) -> Generator:
            return Painter(self)

        models = Models(
            weights=lambda model: Path("/weights") / model,
            device="cpu",
            open_generator=open_painter,
            recipes_for=lambda _model, _gpu: (Recipe(name="first"), Recipe(name="second")),
            compiled=compiled,
        )
        return Tools(models=models, interpolate=Retime(), scratch=scratch)

    def run(
        self,
        job: GpuJob,
        *,
        runner: str = "one",
        scratch: Path | None = None,
        lease_sec: float = 60,
    ) -> Report | None:
        voice = Voice(job.callback, pause=lambda _: None) if job.callback else None
        with Lease(job, runner, voice, lease_sec=lease_sec) as lease:
            return run_job(job, lease, self.tools(scratch), runner)


@dataclass(frozen=True)
class StudioTools:
    """The painter's tools for a child process; travels to it by pickle."""

    step_sec: float = 0.0
    scratch: Path | None = None

    def __call__(self, _device: str) -> Tools:
        return Studio(step_sec=self.step_sec).tools(self.scratch)
