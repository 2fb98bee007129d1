"""The page itself: whole, shut to the network, readable, and named for those who cannot see it."""

import re

import pytest

from cli.motion_editor.server import PAGE
from scripts.build_motion_editor import build, main
from tests.report.test_browser import FAINT  # contrast by WCAG 2.2
from tests.studio.hands import Hands


def test_the_page_is_what_its_parts_make() -> None:
    assert PAGE.read_text("utf-8") == build(), "run python scripts/build_motion_editor.py"
    assert main(["--check"]) == 0


def test_the_page_brings_everything_with_it() -> None:
    page = PAGE.read_text("utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)
    assert not re.search(r"https?://", page)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert "default-src &#x27;none&#x27;" in policy[1]
    assert "unsafe" not in policy[1]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(at_folder: Hands, scheme: str) -> None:
    at_folder.browser.look(1280, 800, scheme=scheme)
    at_folder.browser.js("setDuration(0.2)")
    at_folder.browser.wait_for("document.getElementById('verdict').textContent === 'Too fast'")
    # What is disabled may be faint; labels on the picture have their own ground.
    at_folder.browser.js(
        "for (const b of document.querySelectorAll('button')) b.disabled = false;"
        "for (const t of document.querySelectorAll('.tag')) t.classList.add('note')"
    )
    assert at_folder.browser.js(FAINT) == []


@pytest.mark.browser
def test_controls_have_names(at_folder: Hands) -> None:
    browser = at_folder.browser
    browser.command("Accessibility.enable")
    tree = browser.command("Accessibility.getFullAXTree")["nodes"]
    browser.command("Accessibility.disable")
    roles = {"button", "radio", "slider", "spinbutton", "textbox", "checkbox", "image", "meter"}
    seen = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree
        if not node.get("ignored") and node["role"]["value"] in roles
    ]
    assert not [role for role, name in seen if not name]
    names = {name for _, name in seen}
    assert {"Save", "Zoom in", "Play the preview", "Duration", "Keyframe dawn.jpg"} <= names
    groups = [n.get("name", {}).get("value", "") for n in tree if not n.get("ignored")]
    assert "Start rectangle: 0 to 100 % across, 0 to 100 % down" in groups


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 800, 1280, 1920])
def test_the_page_never_scrolls_sideways(at_folder: Hands, width: int) -> None:
    at_folder.browser.look(width, 800)
    assert at_folder.browser.js("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_a_laptop_shows_everything_without_scrolling(at_folder: Hands) -> None:
    at_folder.browser.look(1280, 800)
    hidden = "(({scrollHeight, clientHeight}) => scrollHeight - clientHeight)"
    assert at_folder.browser.js(f"{hidden}(document.getElementById('panel'))") <= 0
    assert at_folder.browser.js(f"{hidden}(document.documentElement)") <= 0
