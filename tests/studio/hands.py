"""A mouse and a keyboard for the page, as the browser's own input events."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.report.chromium import Browser

KEYS = {
    "Enter": 13,
    "Escape": 27,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}
SHIFT = 8

OPENED = "current()?.motion && !document.getElementById('frame').hidden"


@dataclass(frozen=True)
class Hands:
    """What a creator does to the editor, and what the editor then holds."""

    browser: Browser

    def press(self, key: str, *, shift: bool = False) -> None:
        facts: dict[str, Any] = {"key": key, "modifiers": SHIFT if shift else 0}
        facts["windowsVirtualKeyCode"] = KEYS.get(key, ord(key[0].upper()))
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        self.browser.command(
            "Input.dispatchKeyEvent", type="keyDown", **facts, **({"text": text} if text else {})
        )
        self.browser.command("Input.dispatchKeyEvent", type="keyUp", **facts)

    def point(self, share: tuple[float, float]) -> tuple[float, float]:
        """Where a share of the keyframe lies in the window."""
        box = self.browser.js(
            "(({x, y, width, height}) => [x, y, width, height])"
            "(document.getElementById('frame').getBoundingClientRect())"
        )
        return box[0] + share[0] * box[2], box[1] + share[1] * box[3]

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 5) -> None:
        """From one place on the keyframe to another, given as shares of it."""
        (x0, y0), (x1, y1) = self.point(start), self.point(end)
        self._mouse("mousePressed", x0, y0, buttons=1)
        for i in range(1, steps + 1):
            u = i / steps
            self._mouse("mouseMoved", x0 + u * (x1 - x0), y0 + u * (y1 - y0), buttons=1)
        self._mouse("mouseReleased", x1, y1, buttons=0)

    def click(self, selector: str) -> None:
        """Where the element is, not on the element: what covers it would be hit."""
        x, y = self.browser.js(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector({selector!r}).getBoundingClientRect())"
        )
        self._mouse("mousePressed", x, y, buttons=1)
        self._mouse("mouseReleased", x, y, buttons=0)

    def pick(self, *files: Path) -> None:
        """Choose files as the file dialog would hand them over."""
        root = self.browser.command("DOM.getDocument")["root"]["nodeId"]
        node = self.browser.command("DOM.querySelector", nodeId=root, selector="#files")["nodeId"]
        self.browser.command("DOM.setFileInputFiles", files=[str(f) for f in files], nodeId=node)
        self.browser.wait_for(OPENED)

    def motion(self) -> dict[str, Any]:
        found: dict[str, Any] = self.browser.js("current().motion")
        return found

    def text(self, id_: str) -> str:
        found: str = self.browser.js(f"document.getElementById({id_!r}).textContent")
        return found

    def _mouse(self, kind: str, x: float, y: float, *, buttons: int) -> None:
        button = "none" if kind == "mouseMoved" else "left"
        self.browser.command(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button=button,
            buttons=buttons,
            clickCount=1,
        )
