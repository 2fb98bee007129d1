"""The motion editor and one folder over HTTP, to a browser on this machine and to nobody else.

    GET  /<token>/                     the page
    GET  /<token>/folder.json          keyframes and the sidecars they have
    GET  /<token>/keyframe/<key>       a picture that browsers can show
    GET  /<token>/thumb/<key>          a small JPEG of it
    PUT  /<token>/sidecar/<stem>.motion.json

Three locks, for three kinds of stranger. It listens on the loopback alone, so other machines cannot
knock. The address holds a secret, so other users of this machine cannot guess it. The Host must be
ours, so a page elsewhere cannot have its own name resolve to here (DNS rebinding), and a save must
come from our own page's Origin, so no page elsewhere can send one.
"""

import hmac
import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from cli.motion_editor.folder import (
    KeyframeFolder,
    read_sidecar,
    sidecar_key,
    write_sidecar,
)
from cli.target import CHECKOUT
from shared.errors import DropreelError
from shared.pipeline.plan import SIDECAR_LIMIT
from shared.report.thumbs import keyframe_thumb
from shared.video.image_format import NotAKeyframe, identify
from shared.video.keyframe import KeyframeLimits, decode_keyframe

PAGE = CHECKOUT / "studio" / "motion_editor.html"
LOOPBACK = "127.0.0.1"
SHOWN_BY_BROWSERS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}
THUMB_WIDTH = 208
PREVIEW_WIDTH = 4096
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

Answer = tuple[str, bytes]


class EditorServer(ThreadingHTTPServer):
    """Serves one folder on a free loopback port; a context manager that closes its socket."""

    daemon_threads = True

    def __init__(self, folder: KeyframeFolder, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.folder = folder
        self.token = secrets.token_urlsafe(24)

    @property
    def hosts(self) -> tuple[str, ...]:
        return f"{LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def address(self) -> str:
        """Where the browser goes; whoever knows it may edit."""
        return f"http://{self.hosts[0]}/{self.token}/"

    def __enter__(self) -> "EditorServer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server_close()


class _Refused(Exception):
    """An answer other than yes."""

    def __init__(self, status: HTTPStatus, *problems: str) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.problems = problems or (status.phrase,)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "dropreel"
    sys_version = ""
    timeout = 30

    @property
    def _editor(self) -> EditorServer:
        return cast("EditorServer", self.server)

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base names it
        """Quiet: the address, and with it the secret, would end up in logs."""

    def _answer(self, act: Callable[[], Answer]) -> None:
        try:
            kind, body = act()
            self._send(HTTPStatus.OK, kind, body)
        except _Refused as refusal:
            self._refuse(refusal.status, refusal.problems)
        except FileNotFoundError:
            self._refuse(HTTPStatus.NOT_FOUND, ("the folder has no such keyframe.",))
        except DropreelError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, tuple(map(str, error.problems)))
        except ConnectionError:
            self.close_connection = True  # the browser went on to something else
        except OSError as error:
            reason = f"{error.strerror or type(error).__name__}."
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, (reason,))

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, problems: tuple[str, ...]) -> None:
        # What was sent along may still be unread: the connection cannot be used again.
        self.close_connection = True
        self._send(status, "application/json", _json({"problems": problems}))

    def _way(self) -> tuple[str, str]:
        """What is asked for: the first word after the secret, and the rest as a key."""
        if self.headers.get("Host") not in self._editor.hosts:
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST)
        _, token, word, key = (*urlsplit(self.path).path.split("/", 3), "", "", "")[:4]
        if not hmac.compare_digest(token.encode(), self._editor.token.encode()):
            raise _Refused(HTTPStatus.NOT_FOUND)
        return word, unquote(key)

    def _get(self) -> Answer:
        word, key = self._way()
        match word:
            case "" if not key:
                return "text/html; charset=utf-8", _page()
            case "folder.json" if not key:
                return "application/json", _json(_listing(self._editor.folder))
            case "keyframe":
                return _picture(self._editor.folder.find(key).path)
            case "thumb":
                return _thumb(self._editor.folder.find(key).path)
        raise _Refused(HTTPStatus.NOT_FOUND)

    def _put(self) -> Answer:
        word, key = self._way()
        if self.headers.get("Origin") not in [f"http://{host}" for host in self._editor.hosts]:
            raise _Refused(HTTPStatus.FORBIDDEN, "saves are taken from the editor's own page only.")
        if word != "sidecar":
            raise _Refused(HTTPStatus.NOT_FOUND)
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a sidecar is JSON.")
        write_sidecar(self._editor.folder.find_sidecar(key), self._body())
        return "application/json", _json({"saved": key})

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refused(HTTPStatus.LENGTH_REQUIRED)
        if len(length) > 12 or int(length) > SIDECAR_LIMIT:
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"a sidecar has at most {SIDECAR_LIMIT // 1024} KiB.",
            )
        return self.rfile.read(int(length))


def _page() -> bytes:
    """The editor, told where its folder is; script and style stay those that its policy names."""
    page = PAGE.read_text(encoding="utf-8")
    return page.replace(
        '<html lang="en">', '<html lang="en" data-folder="folder.json">', 1
    ).encode()


def _listing(folder: KeyframeFolder) -> dict[str, Any]:
    keyframes = []
    for keyframe in folder.keyframes():
        sidecar, problems = read_sidecar(keyframe)
        keyframes.append(
            {
                "name": keyframe.key,
                "url": f"keyframe/{quote(keyframe.key)}",
                "thumb": f"thumb/{quote(keyframe.key)}",
                "save": f"sidecar/{quote(sidecar_key(keyframe.key))}",
                "sidecar": sidecar,
                "problem": " ".join(map(str, problems)),
            }
        )
    return {"folder": folder.name, "keyframes": keyframes}


def _picture(path: Path) -> Answer:
    """The file itself where browsers can show it, else a JPEG of the same shape."""
    data = _read(path)
    kind = identify(data)
    if not isinstance(kind, NotAKeyframe) and kind in SHOWN_BY_BROWSERS:
        return SHOWN_BY_BROWSERS[kind], data
    keyframe = decode_keyframe(data, path.name)
    return "image/jpeg", keyframe_thumb(keyframe.rgb, width=PREVIEW_WIDTH)


def _thumb(path: Path) -> Answer:
    keyframe = decode_keyframe(_read(path), path.name)
    return "image/jpeg", keyframe_thumb(keyframe.rgb, width=THUMB_WIDTH)


def _read(path: Path) -> bytes:
    limit = KeyframeLimits().max_bytes
    if path.stat().st_size > limit:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return path.read_bytes()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
