"""The report as a reader meets it: in a browser, from disk and over HTTP."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from shared.batch import BatchResult
from shared.report.page import INLINE_LIMIT, SHEAF, render_report
from tests.report.chromium import INSTALL_HINT, Browser, find_chromium
from tests.report.conftest import done

pytestmark = pytest.mark.browser

Write = Callable[[BatchResult], Path]

# Where a rectangle is, against the picture it is drawn on: x, y, width, height in picture shares.
PLACES = """
[...document.querySelectorAll("#clip-%d .crop")].map((crop) => {
  const svg = crop.closest("svg"), box = crop.getBBox(), m = crop.getScreenCTM();
  const p = svg.querySelector("image").getBoundingClientRect();
  return [(box.x * m.a + m.e - p.x) / p.width, (box.y * m.d + m.f - p.y) / p.height,
          box.width * m.a / p.width, box.height * m.d / p.height, p.width, p.height];
})
"""
VISIBLE = """
[...document.querySelectorAll(".card")].filter((card) => card.offsetHeight > 0).length
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    binary = find_chromium()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL_HINT)
        pytest.skip(INSTALL_HINT)
    with Browser(binary, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def fresh(browser: Browser) -> Browser:
    browser.look(1280)
    browser.complaints.clear()
    browser.requests.clear()
    return browser


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def unfold_all(browser: Browser) -> None:
    """Lay out the cards below the window too."""
    browser.js(
        'for (const c of document.querySelectorAll(".card")) c.style.contentVisibility = "visible"'
    )


def test_from_disk_nothing_is_missing_refused_or_fetched_from_elsewhere(
    fresh: Browser, batch: BatchResult, write_report: Write
) -> None:
    page = write_report(batch)
    fresh.open(page.as_uri())
    unfold_all(fresh)
    fresh.wait_for("document.readyState === 'complete'")
    fresh.js("Promise.all([...document.querySelectorAll('image')].map((i) => i.decode?.()))")
    assert fresh.complaints == []
    assert {url.split(":")[0] for url in fresh.requests} <= {"file", "data"}
    assert fresh.js("document.querySelectorAll('.film .note').length") == 0


def test_rectangles_lie_on_the_picture_where_the_motion_says(
    fresh: Browser, batch: BatchResult, write_report: Write
) -> None:
    fresh.open(write_report(batch).as_uri())
    for width in (1280, 390):
        fresh.look(width)
        unfold_all(fresh)
        for place, clip in enumerate(batch.clips, 1):
            if not clip.motion or not clip.keyframe_size:
                continue
            boxes = fresh.js(PLACES % place)
            for box, rect in zip(
                boxes, (clip.motion.start_rect, clip.motion.end_rect), strict=True
            ):
                x, y, w, h, shown_width, shown_height = box
                aspect = clip.keyframe_size[0] / clip.keyframe_size[1]
                assert shown_width / shown_height == pytest.approx(aspect, rel=1e-3)
                assert x * shown_width == pytest.approx(rect.x1 * shown_width, abs=0.1)
                assert y * shown_height == pytest.approx(rect.y1 * shown_height, abs=0.1)
                assert w * shown_width == pytest.approx(rect.width * shown_width, abs=0.1)
                assert h * shown_height == pytest.approx(rect.height * shown_height, abs=0.1)


@pytest.mark.parametrize("place", [1, 7, 8], ids=["plain", "hostile name", "unicode name"])
def test_a_film_plays_over_http(
    fresh: Browser, batch: BatchResult, write_report: Write, place: int
) -> None:
    with served(write_report(batch).parent) as address:
        fresh.open(f"{address}/report.html")
        film = f"document.querySelector('#clip-{place} video')"
        assert fresh.js(f"{film}.readyState") == 0  # nothing is loaded before it is wanted
        fresh.js(f"document.querySelector('#clip-{place} .play').click()")
        fresh.wait_for(f"{film}.readyState >= 2 && {film}.currentTime > 0")
        assert fresh.js(f"[{film}.videoWidth, {film}.videoHeight]") == [480, 270]
        assert fresh.js(f"{film}.controls && document.activeElement === {film}")
        assert fresh.complaints == []
        assert all(url.startswith((address, "data:")) for url in fresh.requests)
        fresh.open("about:blank")  # lets go of the film before the server stops


def test_a_held_film_plays_where_it_lies_beside_the_page(
    fresh: Browser, batch: BatchResult, write_report: Write
) -> None:
    page = write_report(batch)
    fresh.open(page.as_uri())
    unfold_all(fresh)
    film = "document.querySelector('#clip-6 video')"
    fresh.js("document.querySelector('#clip-6 .play').click()")
    fresh.wait_for(f"{film}.readyState >= 2 && {film}.currentTime > 0")
    assert fresh.js("document.querySelectorAll('#clip-6 .sheet img').length") == 2
    (page.parent / "_review_fairground.mp4").unlink()
    fresh.open(page.as_uri())
    unfold_all(fresh)
    fresh.js("document.querySelector('#clip-6 .play').click()")
    fresh.wait_for("document.querySelector('#clip-6 .film .note')")


def test_a_film_plays_from_disk_and_only_one_at_a_time(
    fresh: Browser, batch: BatchResult, write_report: Write
) -> None:
    fresh.open(write_report(batch).as_uri())
    first, second = (f"document.querySelector('#clip-{n} video')" for n in (1, 2))
    fresh.js("document.querySelector('#clip-1 .play').click()")
    fresh.wait_for(f"{first}.readyState >= 2")
    fresh.js("document.querySelector('#clip-2 .play').click()")
    fresh.wait_for(f"{second}.readyState >= 2")
    assert fresh.js(f"{first}.paused || {first}.ended")


def test_a_film_that_is_not_there_says_so(
    fresh: Browser, batch: BatchResult, write_report: Write
) -> None:
    page = write_report(batch)
    (page.parent / "harbour_dawn.proxy.mp4").unlink()
    fresh.open(page.as_uri())
    fresh.js("document.querySelector('#clip-1 .play').click()")
    fresh.wait_for("document.querySelector('#clip-1 .film .note')")


def test_the_filter_narrows_by_outcome_and_name(
    fresh: Browser, batch: BatchResult, write_report: Write
) -> None:
    fresh.open(write_report(batch).as_uri())
    unfold_all(fresh)
    assert fresh.js(VISIBLE) == 9
    fresh.js("document.querySelector('input[value=all]').focus()")
    fresh.press("ArrowRight")  # radio buttons answer to the arrow keys
    assert fresh.js(VISIBLE) == 5
    fresh.press("ArrowRight")
    assert fresh.js(VISIBLE) == 4
    assert fresh.js("document.getElementById('shown').textContent") == "4 shown"
    find = "document.getElementById('find')"
    fresh.js(f"{find}.value = 'NIGHT'; {find}.dispatchEvent(new Event('input', {{bubbles: true}}))")
    assert fresh.js(VISIBLE) == 1


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_the_page_never_scrolls_sideways(
    fresh: Browser, batch: BatchResult, write_report: Write, width: int
) -> None:
    fresh.look(width)
    fresh.open(write_report(batch).as_uri())
    unfold_all(fresh)
    fresh.js("for (const d of document.querySelectorAll('details')) d.open = true")
    assert fresh.js("document.documentElement.scrollWidth") <= width


def test_frames_to_look_at_can_be_enlarged_and_put_away(
    fresh: Browser, batch: BatchResult, write_report: Write
) -> None:
    fresh.open(write_report(batch).as_uri())
    unfold_all(fresh)
    fresh.js("document.querySelector('.review .enlarge').focus()")
    fresh.js("document.querySelector('.review .enlarge').click()")
    small, large = (
        fresh.js(f"document.querySelector('{where} img').getBoundingClientRect().width")
        for where in (".review .sheet", "dialog[open]")
    )
    assert large > 1.5 * small
    fresh.js("document.querySelector('dialog').click()")
    fresh.wait_for("!document.querySelector('dialog')")
    assert fresh.complaints == []


# Contrast of every text with what lies behind it, by WCAG 2.2: https://www.w3.org/TR/WCAG22/
FAINT = """
(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const paint = rgb(getComputedStyle(at).backgroundColor);
      if (paint.length === 3 || paint[3] === 1) return paint;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !node.offsetHeight) continue;
    if (node.closest("svg, script, noscript, .note, .unseen")) continue;
    const a = light(rgb(getComputedStyle(node).color)), b = light(behind(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.add(`${node.localName}.${node.className} ${ratio.toFixed(2)}`);
  }
  return [...faint];
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(
    fresh: Browser, batch: BatchResult, write_report: Write, scheme: str
) -> None:
    fresh.look(1280, scheme=scheme)
    fresh.open(write_report(batch).as_uri())
    unfold_all(fresh)
    fresh.js("for (const d of document.querySelectorAll('details')) d.open = true")
    assert fresh.js(FAINT) == []


def test_controls_and_pictures_have_names(
    fresh: Browser, batch: BatchResult, write_report: Write
) -> None:
    fresh.open(write_report(batch).as_uri())
    unfold_all(fresh)
    fresh.command("Accessibility.enable")
    tree = fresh.command("Accessibility.getFullAXTree")["nodes"]
    fresh.command("Accessibility.disable")
    roles = {"button", "link", "radio", "searchbox", "image", "img", "Video", "article"}
    seen = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree
        if not node.get("ignored") and node["role"]["value"] in roles
    ]
    assert not [role for role, name in seen if not name]
    names = [name for _, name in seen]
    assert "Play Clip harbour_dawn" in names
    assert any("Camera move zoom in: starts on 0 to 100 % across" in name for name in names)


def test_a_long_batch_unfolds_as_it_is_read(
    fresh: Browser, batch: BatchResult, tmp_path: Path
) -> None:
    count = INLINE_LIMIT + 100
    clips = tuple(done(f"s & {i}", i, files={}) for i in range(count))
    page = tmp_path / "report.html"
    long = batch.model_copy(update={"clips": clips, "problems": ()})
    page.write_text(render_report(long, {}), "utf-8")
    fresh.open(page.as_uri())
    built = "document.querySelectorAll('.card').length"
    fresh.wait_for(f"{built} > 0")
    assert fresh.js(built) <= 2 * SHEAF
    fresh.js("scrollTo(0, document.documentElement.scrollHeight)")
    last = f"document.getElementById('clip-{count}')"
    fresh.wait_for(last)
    find = "document.getElementById('find')"
    fresh.js(
        f"{find}.value = 's & 30'; {find}.dispatchEvent(new Event('input', {{bubbles: true}}))"
    )
    assert fresh.js("document.getElementById('shown').textContent") == "11 shown"
    fresh.wait_for(f"({VISIBLE}) === 11")
    assert fresh.complaints == []
