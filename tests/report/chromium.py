"""Headless Chromium, driven over its own pipe: no driver package, no open port.

The DevTools protocol is JSON messages ended by NUL on file descriptors 3 (in) and 4 (out).
https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_HINT = "no Chromium found: install it (Debian: apt-get install chromium)"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
TIMEOUT_SEC = 30.0


def find_chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One headless browser with one page."""

    def __init__(self, binary: str, profile: Path) -> None:
        read_commands, self._write = os.pipe()
        self._read, write_replies = os.pipe()
        # The child must see these on 3 and 4; the shell renumbers them, whatever they are here.
        plumbing = f'exec "$0" "$@" 3<&{read_commands} 4>&{write_replies}'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", plumbing, binary, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(read_commands, write_replies),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_commands)
        os.close(write_replies)
        os.set_blocking(self._read, False)
        self._messages = self._listen()
        self._last_id = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.events: list[str] = []
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._write)  # Chromium ends when its pipe closes
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its reply; events in between are noted."""
        self._last_id += 1
        message: dict[str, Any] = {"id": self._last_id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            reply = next(self._messages)
            if reply.get("id") == self._last_id:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']}")
                result: dict[str, Any] = reply["result"]
                return result
            self._note(reply)

    def _listen(self) -> Iterator[dict[str, Any]]:
        buffer = b""
        patience = time.monotonic() + TIMEOUT_SEC
        while True:
            head, found, rest = buffer.partition(b"\0")
            if found:
                buffer = rest
                yield json.loads(head)
                patience = time.monotonic() + TIMEOUT_SEC
                continue
            with contextlib.suppress(BlockingIOError):
                chunk = os.read(self._read, 1 << 20)
                if not chunk:
                    raise RuntimeError("Chromium ended")
                buffer += chunk
                continue
            if time.monotonic() > patience:
                raise TimeoutError(f"Chromium said nothing for {TIMEOUT_SEC:.0f} s")
            time.sleep(0.01)

    def _note(self, event: dict[str, Any]) -> None:
        method, params = event.get("method", ""), event.get("params", {})
        self.events.append(method)
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(params["exceptionDetails"])[:500])
            case "Log.entryAdded":
                self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url')}")
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning"):
                self.complaints.append(json.dumps(params["args"])[:500])
            case "Network.loadingFailed" if not params.get("canceled"):
                self.complaints.append(f"not loaded: {params['errorText']}")

    def look(self, width: int, height: int = 900, scheme: str = "light", media: str = "") -> None:
        """Set the window, and what the page is told about its reader."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.command("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, url: str) -> None:
        """Go there and wait for the load event."""
        self.events.clear()
        self.command("Page.navigate", url=url)
        while "Page.loadEventFired" not in self.events:
            self._note(next(self._messages))

    def js(self, expression: str) -> Any:
        """Value of an expression in the page; promises are awaited."""
        reply = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in reply:
            raise RuntimeError(json.dumps(reply["exceptionDetails"])[:800])
        return reply["result"].get("value")

    def wait_for(self, condition: str, seconds: float = 10.0) -> None:
        """Until the expression is true in the page."""
        end = time.monotonic() + seconds
        while not self.js(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise TimeoutError(condition)
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """One key down and up, as from a keyboard."""
        codes = {"Tab": 9, "ArrowRight": 39, "ArrowLeft": 37, "Enter": 13}
        for kind in ("keyDown", "keyUp"):
            self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=codes[key],
            )

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
