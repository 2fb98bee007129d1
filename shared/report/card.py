"""One clip on the report page: its keyframe and move, its film, its checks, its cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from shlex import quote as quoted

from shared.batch import BatchResult, Check, ClipResult, ClipStatus
from shared.clip import MotionType
from shared.keys import held_names
from shared.report.chart import chart
from shared.report.markup import Html, element, join, prose, relative_url
from shared.report.overlay import keyframe_figure
from shared.report.phrases import (
    approval,
    counted,
    money,
    next_step,
    spell_rate,
    spell_size,
    spell_time,
    spell_value,
    status_words,
    tone_of,
    words,
)
from shared.report.scores import score_chips, score_reasons
from shared.report.tally import Problems, is_good, is_trouble, plain_reasons
from shared.safety.curves import Curves

VERDICT_TONES = {"pass": "good", "warn": "warn", "fail": "bad", "unreadable": "bad"}
FILE_WORDS = {
    "master": "Master",
    "proxy": "Proxy",
    "poster": "Poster",
    "keyframe": "Keyframe",
    "meta": "Metadata",
    "manifest": "Manifest",
}


@dataclass(frozen=True, slots=True)
class CardStyle:
    """What is the same for every card of a page.

    `folders` maps a kind of file to the folder it lies in, seen from the page (`videos/` inside a
    delivery ZIP); kinds that are not listed lie beside the page. `brief` cards, for long batches,
    spell out only the checks that did not pass; the rest is in the clip's metadata file.
    """

    folders: Mapping[str, str] = field(default_factory=dict)
    brief: bool = False

    def address(self, clip: ClipResult, kind: str) -> str | None:
        """Relative, URL-encoded address of one of the clip's files; None when it has no such."""
        name = clip.files.get(kind)
        return relative_url(self.folders.get(kind, "") + name) if name else None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a card shows besides words.

    Parameters
    ----------
    picture : address of the keyframe.
    curves : what the inspection measured over time.
    sheet : address of the frames to look at, for a clip that is held.
    heatmap : address of the picture of where it flashes.
    """

    picture: str | None = None
    curves: Curves | None = None
    sheet: str | None = None
    heatmap: str | None = None


def card(
    clip: ClipResult,
    place: int,
    batch: BatchResult,
    problems: Problems,
    shown: Shown,
    style: CardStyle,
) -> Html:
    """The card of the clip at `place` (counted from 1)."""
    anchor = f"clip-{place}"
    return element(
        "li",
        element(
            "article",
            _head(clip, place, anchor, dry_run=batch.dry_run),
            element(
                "div",
                _keyframe(clip, shown.picture),
                _film(clip, style, dry_run=batch.dry_run),
                class_="media",
            ),
            _facts(clip),
            _trouble(clip, problems),
            _approval(clip),
            _heatmap(clip, shown.heatmap),
            _review(clip, batch, shown.sheet),
            _warnings(clip),
            score_chips(clip),
            _chips(clip, style),
            chart(clip.stem, shown.curves),
            _details(clip, style),
            _foot(clip, style),
            aria_labelledby=f"{anchor}-name",
        ),
        class_="card",
        id=anchor,
        data_good="yes" if is_good(clip, batch) else "no",
        data_name=clip.stem.lower(),
    )


def _head(clip: ClipResult, place: int, anchor: str, *, dry_run: bool) -> Html:
    tone = tone_of(clip.status, dry_run=dry_run)
    return element(
        "header",
        element(
            "h3",
            element("span", str(place), class_="place"),
            element("bdi", clip.stem),
            id=f"{anchor}-name",
        ),
        element("span", status_words(clip.status, dry_run=dry_run), class_=f"pill {tone}"),
    )


def _keyframe(clip: ClipResult, picture: str | None) -> Html:
    size = clip.keyframe_size
    missing = "Keyframe not shown" if clip.image_path else "Made from words"
    blank = None if picture else element("span", missing, class_="note")
    return element(
        "figure",
        element(
            "div",
            keyframe_figure(clip.stem, picture, size, clip.motion),
            blank,
            class_="stage",
        ),
        element("figcaption", _move_words(clip)),
    )


def _move_words(clip: ClipResult) -> Html:
    if not clip.motion:
        return element("span", "Keyframe")
    if clip.motion.type is MotionType.STATIC:
        return join(element("b", "Static"), " · the camera rests")
    easing = words(clip.motion.easing.value).lower()
    peak = f"{clip.motion.peak_speed * 100:.0f} %"
    return join(
        element("b", words(clip.motion.type.value)),
        f" · {easing} · ",
        element(
            "span", f"peak {peak}/s", title=f"{peak} of the picture's width a second at its fastest"
        ),
    )


def _film(clip: ClipResult, style: CardStyle, *, dry_run: bool) -> Html:
    held = _can_be_watched(clip)
    source = style.address(clip, "proxy") or style.address(clip, "master")
    if held and not style.brief:
        # A copy of this page beside it, as `dropreel run` and `pull` make one, can play it.
        source = relative_url(held_names(clip.stem)[0])
    if source:
        shown = element(
            "video",
            element("source", src=source, type="video/mp4"),
            controls=True,
            preload="none",
            playsinline=True,
            poster=style.address(clip, "poster"),
            aria_label=f"Clip {clip.stem}",
        )
    else:
        said = status_words(clip.status, dry_run=dry_run)
        shown = element("p", element("b", said), element("span", "No film"), class_="nofilm")
    caption = element("b" if source else "span", "Held clip" if held else "Clip")
    return element(
        "figure",
        element("div", shown, class_="stage film"),
        element(
            "figcaption",
            caption,
            element("span", f" · {spell_time(clip.duration_sec)}") if clip.duration_sec else None,
            element("span", " · made earlier, reused") if clip.reused else None,
        ),
        class_=None if source else "without",
    )


def _facts(clip: ClipResult) -> Html | None:
    facts = [
        clip.model,
        f"{clip.width} × {clip.height}" if clip.width else "",
        spell_rate(clip.fps) if clip.fps else "",
        counted(clip.frame_count, "frame") if clip.frame_count else "",
        spell_size(clip.size_bytes) if clip.size_bytes else "",
    ]
    spoken = [fact for fact in facts if fact]
    return element("p", " · ".join(spoken), class_="facts") if spoken else None


def _trouble(clip: ClipResult, problems: Problems) -> Html | None:
    """Why there is no clip to hand over, and what to do about it."""
    if not is_trouble(clip):
        return None
    tone = tone_of(clip.status)
    step = next_step(clip)
    return element(
        "div",
        problem_list(problems, plain_reasons(clip, problems)),
        element("p", element("b", "What to do: "), prose(step), class_="step") if step else None,
        class_=f"trouble {tone}",
    )


def _review(clip: ClipResult, batch: BatchResult, sheet: str | None) -> Html | None:
    """What a person is to look at before they say yes or no, and how they say it."""
    if clip.status is not ClipStatus.NEEDS_REVIEW:
        return None
    order = f"dropreel review {quoted(f'{batch.project_id}/{batch.batch_id}')} {quoted(clip.stem)}"
    frames = _sheet(
        sheet,
        f"Frames of {clip.stem} that checks complained about",
        "The moments that checks complained about",
    )
    words_on_it = element(
        "p",
        element("code", f"{order} --approve"),
        " or ",
        element("code", "--reject"),
        class_="step",
    )
    return element("div", frames, words_on_it, class_="review")


def _approval(clip: ClipResult) -> Html | None:
    """Whose word it is that hands over a clip with checks that failed."""
    if clip.review is None or not clip.review.approved:
        return None
    return element("p", prose(approval(clip.review)), class_="approval")


def _can_be_watched(clip: ClipResult) -> bool:
    """Does its film wait in the drop folder? Only a clip that was made can have failed a check."""
    held = clip.status is ClipStatus.NEEDS_REVIEW
    return held and any(check.verdict in ("fail", "unreadable") for check in clip.checks)


def _heatmap(clip: ClipResult, heatmap: str | None) -> Html | None:
    return _sheet(
        heatmap,
        f"Where {clip.stem} flashes",
        "Where it flashes: amber 4 times or more in a second, red 7, violet 14 (up or down)",
    )


def _sheet(source: str | None, alt: str, caption: str) -> Html | None:
    """A picture that a click enlarges."""
    if source is None:
        return None
    return element(
        "figure",
        element("img", src=source, alt=alt),
        element("figcaption", caption),
        class_="sheet",
    )


def problem_list(problems: Problems, reasons: Iterable[str] = ()) -> Html | None:
    """Problems with place, fault and remedy; then reasons that no problem tells."""
    told = [
        element(
            "li",
            element("code", problem["path"]) if problem.get("path") else None,
            " " if problem.get("path") else None,
            prose(problem.get("message", "")),
            element("span", prose(problem["hint"]), class_="hint") if problem.get("hint") else None,
        )
        for problem in problems
    ]
    told += [element("li", prose(reason)) for reason in reasons]
    return element("ul", *told, class_="problems") if told else None


def _warnings(clip: ClipResult) -> Html | None:
    if not clip.warnings:
        return None
    return element("ul", *(element("li", prose(text)) for text in clip.warnings), class_="warnings")


def _chips(clip: ClipResult, style: CardStyle) -> Html | None:
    if not clip.checks:
        return None
    shown = _shown_checks(clip, style)
    chips = [
        element(
            "li",
            words(check.name),
            element("span", f" {check.verdict}", class_="unseen"),
            class_=f"chip {VERDICT_TONES.get(check.verdict, 'muted')}",
            title=_reading(check),
        )
        for check in shown
    ]
    passed = len(clip.checks) - len(shown)
    if passed:
        chips.append(element("li", f"{counted(passed, 'check')} passed", class_="chip good"))
    return element("ul", *chips, class_="chips", aria_label="Checks")


def _shown_checks(clip: ClipResult, style: CardStyle) -> list[Check]:
    """The checks in words, those that did not pass first."""
    passed = [] if style.brief else [check for check in clip.checks if check.verdict == "pass"]
    return [check for check in clip.checks if check.verdict != "pass"] + passed


def _reading(check: Check) -> str:
    """`pass: 0.4 flashes/s, limit 3 flashes/s. …`"""
    parts = [check.verdict]
    if check.value is not None:
        parts.append(f": {spell_value(check.value, check.unit)}")
    if check.limit is not None:
        parts.append(f", limit {spell_value(check.limit, check.unit)}")
    if check.message:
        parts.append(f". {check.message}")
    return "".join(parts)


def _details(clip: ClipResult, style: CardStyle) -> Html | None:
    """Everything in numbers, closed until somebody asks."""
    told = (_changes(clip), score_reasons(clip), _checks(clip, style), _seconds(clip))
    parts = [part for part in told if part]
    if not parts:
        return None
    counts = [
        counted(len(clip.deviations), "change") + " to what was asked" if clip.deviations else "",
        counted(len(clip.checks), "check") if clip.checks else "",
    ]
    summary = ", ".join(count for count in counts if count)
    return element(
        "details",
        element("summary", "Details", element("span", summary, class_="quiet")),
        *parts,
    )


def _changes(clip: ClipResult) -> Html | None:
    if not clip.deviations:
        return None
    rows = (
        element(
            "tr",
            element("th", element("code", change.field), scope="row"),
            element("td", spell_value(change.asked)),
            element("td", spell_value(change.used)),
            element("td", change.reason),
        )
        for change in clip.deviations
    )
    return _table("Changed from what was asked", ("Field", "Asked", "Used", "Why"), rows)


def _checks(clip: ClipResult, style: CardStyle) -> Html | None:
    shown = _shown_checks(clip, style)
    if not shown:
        return None
    rows = (
        element(
            "tr",
            element("th", words(check.name), scope="row"),
            element(
                "td",
                element(
                    "span",
                    check.verdict,
                    class_=f"verdict {VERDICT_TONES.get(check.verdict, 'muted')}",
                ),
            ),
            element("td", spell_value(check.value, check.unit)),
            element("td", spell_value(check.limit, check.unit)),
            element("td", check.message),
        )
        for check in shown
    )
    return _table("Checks", ("Check", "Verdict", "Value", "Limit", "Note"), rows)


def _seconds(clip: ClipResult) -> Html | None:
    if not clip.seconds or not any(clip.seconds.values()):
        return None
    rows = (
        element("tr", element("th", words(stage), scope="row"), element("td", spell_time(seconds)))
        for stage, seconds in clip.seconds.items()
    )
    return _table("Time in each stage", ("Stage", "Time"), rows)


def _table(caption: str, heads: tuple[str, ...], rows: Iterable[Html]) -> Html:
    head = element("tr", *(element("th", head, scope="col") for head in heads))
    table = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", *rows),
    )
    # wide tables scroll by themselves, so that the page never does; focusable for the keyboard
    return element("div", table, class_="scroll", tabindex=0, role="group", aria_label=caption)


def _foot(clip: ClipResult, style: CardStyle) -> Html:
    links = [
        element("a", label, href=address)
        for kind, label in FILE_WORDS.items()
        if (address := style.address(clip, kind))
    ]
    busy = sum(clip.seconds.values())
    made = clip.status is ClipStatus.DONE or clip.cost.total_usd or busy
    price = element(
        "span",
        money(clip.cost.total_usd),
        title=f"model {money(clip.cost.model_usd)}, AWS {money(clip.cost.aws_usd)}",
        class_="price",
    )
    time = element("span", spell_time(busy), title="working time of all stages") if busy else None
    return element(
        "footer",
        element("nav", *links, aria_label=f"Files of {clip.stem}") if links else None,
        element("p", time, price, class_="spent") if made else None,
    )
