"""`report.html`: a batch on one page that needs nothing but a browser and the files beside it."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from string import Template

from shared.batch import BatchResult, ClipResult, ClipStatus
from shared.report.card import CardStyle, Shown, card, problem_list
from shared.report.markup import Html, element, escape, join, prose, relative_url, safe_link
from shared.report.phrases import (
    STATE_TONES,
    STATE_WORDS,
    counted,
    elapsed_sec,
    money,
    spell_moment,
    spell_time,
    status_words,
    tone_of,
    words,
)
from shared.report.tally import (
    clips_cost,
    cost_of,
    counts_of,
    footage_sec,
    is_good,
    progress_of,
    sort_problems,
)
from shared.safety.curves import Curves

INLINE_LIMIT = 500
"""Up to here thumbnails travel inside the page and every card is in it from the start."""
SHEETS_LIMIT_BYTES = 6_000_000
"""Frames to look at that travel inside the page; later ones lie in the drop folder only."""
SHEAF = 60
"""Cards that a longer page builds at a time, when the reader comes near them."""
LISTED_PROBLEMS = 200
SHAPES = {"cinema": 1.6, "photo": 1.2, "square": 0.85}
"""Stage → least aspect for it; below the last one it is tall."""


def render_report(
    batch: BatchResult,
    thumbs: Mapping[str, bytes],
    *,
    curves: Mapping[str, Curves] | None = None,
    sheets: Mapping[str, bytes] | None = None,
    heatmaps: Mapping[str, bytes] | None = None,
    downloads: Mapping[str, str] | None = None,
    folders: Mapping[str, str] | None = None,
) -> str:
    """The whole page.

    Parameters
    ----------
    batch : what became of the batch; its clips are shown in the order of their index.
    thumbs : by stem, a small JPEG of the keyframe. A stem without one gets a blank. Beyond
        `INLINE_LIMIT` clips they are not used: the page links to the `thumb` or `keyframe` file.
    curves : by stem, what the inspection measured over time; left out of long pages.
    sheets : by stem of a clip that is held, a JPEG of the frames to look at; not on long pages.
    heatmaps : by stem, a JPEG of where it flashes; not on long pages.
    downloads : label → file name relative to the page, for example `{"Costs": "cost.json"}`.
    folders : kind of file → folder seen from the page, where files do not lie beside it.

    Returns
    -------
    str : HTML without any outside request; works from disk and from S3. Its Content-Security-Policy
        allows its own script and style by hash, and pictures and film from its own place.
    """
    clips = sorted(batch.clips, key=lambda clip: (clip.index, clip.stem))
    style = CardStyle(folders=folders or {}, brief=len(clips) > INLINE_LIMIT)
    script, css = _asset("report.js"), _asset("report.css")
    name = f"{batch.project_id} / {batch.batch_id}"
    return Template(_asset("report.html")).substitute(
        policy=escape(_policy(script, css)),
        title=escape(f"{name} – Dropreel report"),
        css=css,
        script=script,
        header=_header(batch, downloads or {}),
        problems=_problems(batch),
        filters=_filters(batch) if clips else "",
        cards=_cards(
            batch,
            clips,
            _shown(clips, thumbs, curves or {}, (sheets or {}, heatmaps or {}), style),
            style,
        ),
        footer=_footer(batch),
    )


def _asset(name: str) -> str:
    return resources.files("shared.report").joinpath(name).read_text("utf-8")


def _policy(script: str, css: str) -> str:
    """Nothing runs, loads or is sent but what this page brought with it.

    `file:` is there because some browsers do not count a page on disk as its own origin.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_fingerprint(script)}",
            f"style-src {_fingerprint(css)}",
            "img-src 'self' file: data:",
            "media-src 'self' file:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _fingerprint(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _header(batch: BatchResult, downloads: Mapping[str, str]) -> Html:
    state = STATE_WORDS[batch.state]
    return element(
        "header",
        element(
            "div",
            element("p", "Dropreel · batch report", class_="eyebrow"),
            element(
                "h1",
                element("bdi", batch.project_id, class_="project"),
                element("span", " / ", class_="quiet"),
                element("bdi", batch.batch_id),
            ),
            element("p", element("bdi", batch.manifest), class_="quiet"),
            class_="name",
        ),
        element(
            "p",
            element("span", state, class_=f"pill {STATE_TONES.get(batch.state, 'busy')}"),
            element("span", "Dry run", class_="pill muted") if batch.dry_run else None,
            class_="state",
        ),
        element("p", prose(batch.message), class_="message") if batch.message else None,
        _figures(batch),
        _bar(batch),
        _downloads(batch, downloads),
        class_="masthead",
    )


def _figures(batch: BatchResult) -> Html:
    """The handful of numbers that everybody asks for first."""
    good = sum(is_good(clip, batch) for clip in batch.clips)
    total = len(batch.clips) or sum(counts_of(batch).values())
    cost = cost_of(batch)
    elapsed = elapsed_sec(batch.accepted_at, batch.ended_at)
    busy = sum(batch.seconds.values())
    done = "ready to make" if batch.dry_run else "done"
    split = f"model {money(cost.model_usd)} · AWS {money(cost.aws_usd)}"
    if batch.earlier.total_usd:
        split += f" · {money(batch.earlier.total_usd)} of it in earlier runs"
    worked = f"{spell_time(busy)} of work" if busy else ""
    footage = footage_sec(batch)
    per_second = money(clips_cost(batch.clips).total_usd / footage) if footage else ""
    figures = [
        ("Clips", f"{good:,} of {total:,}", done),
        ("Footage", spell_time(footage), f"{per_second} a second" if per_second else ""),
        ("Cost", money(cost.total_usd), split),
    ]
    if elapsed is not None:
        figures.append(("Time", spell_time(elapsed), worked))
    elif not batch.state.ended:
        figures.append(("Progress", f"{progress_of(batch)} %", "as of this page"))
    return element(
        "dl",
        *(
            element(
                "div",
                element("dt", name),
                element("dd", value),
                element("dd", note, class_="quiet") if note else None,
            )
            for name, value, note in figures
        ),
        class_="figures",
    )


def _bar(batch: BatchResult) -> Html | None:
    """How the clips fared, as one bar with a legend that says it in words."""
    counts = counts_of(batch)
    total = sum(counts.values())
    if not total:
        return None
    pieces: list[Html] = []
    legend: list[Html] = []
    x = 0.0
    for status in (known for known in ClipStatus if known in counts):
        share = 100 * counts[status] / total
        tone = tone_of(status, dry_run=batch.dry_run)
        pieces.append(element("rect", class_=tone, x=x, y=0, width=share, height=4))
        said = status_words(status, dry_run=batch.dry_run)
        legend.append(element("li", f"{counts[status]:,} {said.lower()}", class_=f"dot {tone}"))
        x += share
    bar = element(
        "svg", *pieces, viewBox="0 0 100 4", preserveAspectRatio="none", aria_hidden="true"
    )
    return element("div", bar, element("ul", *legend), class_="bar")


def _downloads(batch: BatchResult, downloads: Mapping[str, str]) -> Html | None:
    links = [element("a", label, href=relative_url(name)) for label, name in downloads.items()]
    links += [
        element("a", words(label), href=href, rel="noreferrer")
        for label, target in batch.links.items()
        if (href := safe_link(target))
    ]
    return element("nav", *links, class_="downloads", aria_label="Batch files") if links else None


def _problems(batch: BatchResult) -> Html | None:
    """What is wrong with the manifest as a whole; a clip's problems are on its card."""
    general, _ = sort_problems(batch)
    if not general:
        return Html("")
    more = len(general) - LISTED_PROBLEMS
    return element(
        "section",
        element("h2", f"{counted(len(general), 'problem')} to mend", id="problems"),
        problem_list(general[:LISTED_PROBLEMS]),
        element("p", f"and {more:,} more in _ERRORS.md") if more > 0 else None,
        class_="trouble bad manifest",
        aria_labelledby="problems",
    )


def _filters(batch: BatchResult) -> Html:
    good = sum(is_good(clip, batch) for clip in batch.clips)
    total = len(batch.clips)
    done, undone = ("Ready", "Not ready") if batch.dry_run else ("Done", "Not done")
    choices = (("all", "All", total), ("yes", done, good), ("no", undone, total - good))
    radios = (
        element(
            "label",
            element("input", type="radio", name="show", value=value, checked=value == "all"),
            element("span", label, element("span", f"{count:,}", class_="count")),
        )
        for value, label, count in choices
    )
    return element(
        "form",
        element(
            "fieldset", element("legend", "Show clips", class_="unseen"), *radios, class_="show"
        ),
        element(
            "label",
            element("span", "Find a clip by name", class_="unseen"),
            element(
                "input", type="search", id="find", placeholder="Find by name", autocomplete="off"
            ),
        ),
        element("p", id="shown", role="status", class_="quiet"),
        class_="filters",
        id="filters",
        # without the script the controls could do nothing
        hidden=True,
    )


def _cards(
    batch: BatchResult,
    clips: Sequence[ClipResult],
    shown: Iterable[Shown],
    style: CardStyle,
) -> Html:
    if not clips:
        return element("p", "There are no clips to show.", class_="empty")
    shape = _shape(clips)
    _, problems = sort_problems(batch)
    built = (
        card(clip, place, batch, problems.get(clip.stem, ()), pictures, style)
        for place, (clip, pictures) in enumerate(zip(clips, shown, strict=True), 1)
    )
    if not style.brief:
        return element("ul", *built, class_=f"cards {shape}")
    warning = element("p", "This long report needs JavaScript to show its clips.", class_="empty")
    good = [is_good(clip, batch) for clip in clips]
    return join(element("noscript", warning), *(_sheaves(built, good, f"cards sheaf {shape}")))


def _sheaves(built: Iterator[Html], good: Sequence[bool], class_: str) -> Iterator[Html]:
    """Cards as inert text that costs the browser nothing until the script unfolds it.

    The text cannot end its element early: whatever a stranger wrote in it is escaped.
    """
    for first in range(0, len(good), SHEAF):
        part = good[first : first + SHEAF]
        text = join(*(next(built) for _ in part))
        yield element(
            "ul",
            element("script", text, type="text/html"),
            class_=class_,
            data_yes=sum(part),
            data_no=len(part) - sum(part),
        )


def _shown(
    clips: Sequence[ClipResult],
    thumbs: Mapping[str, bytes],
    curves: Mapping[str, Curves],
    pictures: Sequence[Mapping[str, bytes]],
    style: CardStyle,
) -> Iterator[Shown]:
    """What each card shows; a long page carries no pictures.

    `pictures` are those of frames and those of flashes, as many as there is room for.
    """
    room = SHEETS_LIMIT_BYTES
    for clip in clips:
        if style.brief:
            yield Shown(style.address(clip, "thumb") or style.address(clip, "keyframe"))
            continue
        fitting = []
        for kind in pictures:
            picture = kind.get(clip.stem)
            if picture and len(picture) > room:
                picture = None
            room -= len(picture or b"")
            fitting.append(_inline(picture))
        yield Shown(_inline(thumbs.get(clip.stem)), curves.get(clip.stem), *fitting)


def _inline(jpeg: bytes | None) -> str | None:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else None


def _shape(clips: Sequence[ClipResult]) -> str:
    """The stage that suits most of the batch's pictures."""
    sizes = [clip.keyframe_size or (clip.width, clip.height) for clip in clips]
    aspects = sorted(width / height for width, height in sizes if width and height)
    middle = aspects[len(aspects) // 2] if aspects else 1.6
    return next((shape for shape, least in SHAPES.items() if middle >= least), "tall")


def _footer(batch: BatchResult) -> Html:
    times = [
        ("Dropped", batch.accepted_at),
        ("Ended", batch.ended_at),
    ]
    told = [
        element(
            "span", f"{label} ", element("time", spell_moment(iso), datetime=iso), class_="item"
        )
        for label, iso in times
        if iso
    ]
    stages = " · ".join(
        f"{words(stage)} {spell_time(seconds)}" for stage, seconds in batch.seconds.items()
    )
    return element(
        "footer",
        element("p", *told) if told else None,
        element("p", f"Working time: {stages}") if stages else None,
        element("p", "Run ", element("code", batch.run_id)),
        element("p", "Kept in ", element("code", batch.library)) if batch.library else None,
        element(
            "p",
            "Costs are estimates from measured use and list prices; the invoice is what counts.",
        ),
        class_="colophon",
    )
