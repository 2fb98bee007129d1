"""A model hub on this machine: the routes that the hub's own client asks for, and no others."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class LocalHub:
    """Repositories that are folders here.

    Attributes
    ----------
    newest : commit that the main branches are at; only `COMMIT` itself has files.
    gated : repositories whose terms nobody has accepted.
    asked : paths of every request.
    """

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.gated: set[str] = set()
        self.asked: list[str] = []
        self.endpoint = ""
        self.newest = COMMIT

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            repository, revision, name = "/".join(parts[2:4]), parts[5], ""
        else:
            repository, revision, name = "/".join(parts[:2]), parts[3], "/".join(parts[4:])
        folder = self.repositories.get(repository)
        if folder is None:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        if revision == "main":
            about = {"id": repository, "sha": self.newest, "siblings": []}
            return 200, {"Content-Type": "application/json"}, json.dumps(about).encode()
        if revision != COMMIT:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        if repository in self.gated:
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        if not name:
            return 200, {"Content-Type": "application/json"}, self._about(repository, folder)
        data = (folder / name).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        return 200, {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT}, data

    @staticmethod
    def _about(repository: str, folder: Path) -> bytes:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        siblings = [
            {"rfilename": path.relative_to(folder).as_posix(), "size": path.stat().st_size}
            for path in files
        ]
        about = {"id": repository, "sha": COMMIT, "siblings": siblings}
        return json.dumps(about).encode()


@contextmanager
def running(hub: LocalHub) -> Iterator[LocalHub]:
    """Answer on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            status, headers, body = hub.answer(urlsplit(self.path).path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Not into the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
