import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from shared.batch import BatchResult, BatchState, ClipStatus
from shared.report.markup import element, prose, relative_url, safe_link
from shared.report.page import INLINE_LIMIT, SHEAF, render_report
from tests.report.conftest import NASTY, done, undone

PIXEL = b"\xff\xd8\xff\xd9"


class Outline(HTMLParser):
    """Elements with their attributes, and the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_every_clip_has_a_card_in_the_order_of_the_manifest(batch: BatchResult) -> None:
    mixed = batch.model_copy(update={"clips": batch.clips[::-1]})
    cards = [li for li in Outline(render_report(mixed, {})).of("li") if li.get("class") == "card"]
    assert [card["data-name"] for card in cards] == [clip.stem.lower() for clip in batch.clips]


def test_names_of_strangers_stay_text(batch: BatchResult) -> None:
    hostile = batch.model_copy(
        update={
            "project_id": "<img src=x onerror=alert(1)>",
            "message": "</style><script>alert(2)</script>",
            "run_id": "$script ${header} %s {0}",
            "links": {"bad": "javascript:alert(3)", "good": "https://example.com/?a=1&b=2"},
        }
    )
    outline = Outline(render_report(hostile, {}))
    assert len(outline.of("script")) == 1
    assert len(outline.of("style")) == 1
    assert not outline.of("img")
    addresses = [str(a["href"]) for a in outline.of("a")]
    assert "https://example.com/?a=1&b=2" in addresses
    assert not [address for address in addresses if address.startswith("javascript")]
    text = "".join(outline.texts)
    assert NASTY in text
    assert "$script ${header} %s {0}" in text


def test_links_to_files_are_url_encoded_and_stay_beside_the_page(batch: BatchResult) -> None:
    sources = [source["src"] for source in Outline(render_report(batch, {})).of("source")]
    assert "./harbour_dawn.proxy.mp4" in sources
    assert (
        "./evil%20%22%3Cscript%3Ealert%281%29%3C/script%3E%22%2050%25%20%23%3F%26.proxy.mp4"
        in sources
    )
    assert relative_url("//evil.example/x") == ".///evil.example/x"
    assert relative_url("javascript:x") == "./javascript%3Ax"


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:text/html,x", "s3://b/k", "", "//["]
)
def test_links_go_to_the_web_or_to_files_beside_the_page_only(target: str) -> None:
    assert safe_link(target) is None


def test_policy_allows_this_script_and_this_style_and_nothing_else(batch: BatchResult) -> None:
    page = render_report(batch, {})
    policies = [
        str(meta["content"])
        for meta in Outline(page).of("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    rules = dict(rule.split(" ", 1) for rule in policies[0].split("; "))
    assert rules["default-src"] == "'none'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        found = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert found
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert "unsafe" not in policies[0]
    assert not [a for _, a in Outline(page).elements if "style" in a or "onclick" in a]


def test_nothing_is_fetched_from_elsewhere(batch: BatchResult) -> None:
    page = render_report(batch, {clip.stem: PIXEL for clip in batch.clips})
    loaded = [
        str(attributes[key])
        for tag, attributes in Outline(page).elements
        for key in ("src", "href", "poster")
        if key in attributes and tag != "a"
    ]
    assert all(address.startswith(("data:", "./")) for address in loaded)


def test_a_thumbnail_is_inside_the_page_and_a_missing_one_leaves_a_blank(
    batch: BatchResult,
) -> None:
    outline = Outline(render_report(batch, {"harbour_dawn": PIXEL}))
    pictures = [image["href"] for image in outline.of("image")]
    assert pictures == [f"data:image/jpeg;base64,{base64.b64encode(PIXEL).decode()}"]
    assert outline.texts.count("Keyframe not shown") == len(batch.clips) - 1


def test_a_clip_without_film_says_why_and_what_to_do(batch: BatchResult) -> None:
    text = "".join(Outline(render_report(batch, {})).texts)
    assert "the camera would race" in text
    assert "Make duration_sec at least 6.3" in text
    assert "The encoder stopped twice at frame 61." in text
    assert text.count("What to do: ") == 4


def test_a_problem_is_told_once_on_its_clip(batch: BatchResult) -> None:
    said = "the camera would race: 31 % of the width per second, 20 % is allowed"
    clips = tuple(
        clip.model_copy(update={"reasons": (f"keyframes[3].motion.end_rect: {said} Slower.",)})
        if clip.stem == "lighthouse"
        else clip
        for clip in batch.clips
    )
    text = "".join(Outline(render_report(batch.model_copy(update={"clips": clips}), {})).texts)
    assert text.count("the camera would race") == 1


def test_checks_show_value_and_limit(batch: BatchResult) -> None:
    outline = Outline(render_report(batch, {}))
    chips = [li["title"] for li in outline.of("li") if "chip" in str(li.get("class"))]
    assert "fail: 4.5 flashes/s, limit 3 flashes/s. Frames 31 to 58." in chips
    assert "4.5 flashes/s" in outline.texts


def test_files_can_lie_in_folders(batch: BatchResult) -> None:
    page = render_report(batch, {}, folders={"proxy": "videos/"}, downloads={"Costs": "cost.json"})
    outline = Outline(page)
    assert outline.of("source")[0]["src"] == "./videos/harbour_dawn.proxy.mp4"
    assert "./cost.json" in [a["href"] for a in outline.of("a")]


def test_a_rejected_manifest_has_a_page_too(batch: BatchResult) -> None:
    rejected = batch.model_copy(
        update={"clips": (), "counts": {}, "state": BatchState.REJECTED, "ended_at": ""}
    )
    text = "".join(Outline(render_report(rejected, {})).texts)
    assert "2 problems to mend" in text
    assert "There are no clips to show." in text


def test_in_a_dry_run_planned_is_good(batch: BatchResult) -> None:
    planned = done("one", 0, status=ClipStatus.PLANNED, files={}, checks=())
    page = render_report(batch.model_copy(update={"clips": (planned,), "dry_run": True}), {})
    assert 'data-good="yes"' in page
    assert "Ready to make" in page


def test_long_batches_are_folded_and_link_their_pictures(batch: BatchResult) -> None:
    count = INLINE_LIMIT + 1
    clips = [done(f"s{i}", i) for i in range(count - 1)]
    clips.append(undone(NASTY, count, ClipStatus.FAILED, files={"keyframe": f"{NASTY}.png"}))
    long = batch.model_copy(update={"clips": tuple(clips), "problems": ()})
    page = render_report(long, {"s0": PIXEL})
    outline = Outline(page)
    sheaves = [ul for ul in outline.of("ul") if "sheaf" in str(ul.get("class"))]
    assert len(sheaves) == -(-count // SHEAF)
    assert sum(int(str(ul["data-yes"])) for ul in sheaves) == count - 1
    assert sum(int(str(ul["data-no"])) for ul in sheaves) == 1
    # the parser takes the folded cards for text: none has broken out
    assert not [li for li in outline.of("li") if li.get("class") == "card"]
    assert "data:image/jpeg" not in page
    assert 'href="./s0.png"' in page


def test_elements_escape_children_and_attributes() -> None:
    assert element("b", "<i>", title='"&') == '<b title="&quot;&amp;">&lt;i&gt;</b>'
    assert element("b", element("i", None), hidden=True, class_=None) == "<b hidden><i></i></b>"
    assert element("rect", x=1 / 3, aria_hidden="true") == '<rect x="0.3333" aria-hidden="true"/>'
    assert prose("use `a<b`") == "use <code>a&lt;b</code>"
