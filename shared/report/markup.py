"""Markup that cannot be broken into: text becomes `Html` only by being escaped.

Stems, paths and messages come from strangers. They reach the page through `element`, which escapes
every child and attribute that is not `Html` already, so no page code has to remember to.
"""

import html
import re
from urllib.parse import quote, urlsplit

CODE_SPAN = re.compile(r"`([^`]+)`")
HTML_VOID = frozenset({"img", "input", "meta", "source"})
SVG_VOID = frozenset({"circle", "image", "line", "path", "rect"})


class Html(str):
    """Markup that is safe as it stands."""

    __slots__ = ()


Child = str | None
Attribute = str | int | float | bool | None


def escape(text: str) -> Html:
    """Text as it should be read, whatever is in it; `Html` passes unchanged."""
    return text if isinstance(text, Html) else Html(html.escape(text, quote=True))


def join(*parts: Child) -> Html:
    """Parts one after the other; None is nothing."""
    return Html("".join(escape(part) for part in parts if part is not None))


def element(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """One element.

    Attribute names are Python's: `class_` for `class`, `aria_label` for `aria-label`. True is an
    attribute without a value; False and None are no attribute. Numbers are written short.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in HTML_VOID:
        return Html(f"<{name}{written}>")
    if name in SVG_VOID:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{escape(number(value) if isinstance(value, float) else str(value))}"'


def prose(text: str) -> Html:
    """A sentence of ours, in which `backticks` mark names as they are written in files."""
    spans = CODE_SPAN.split(text)
    return join(*(element("code", span) if i % 2 else span for i, span in enumerate(spans)))


def number(value: float) -> str:
    """At most four decimals, no trailing zeros."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def relative_url(name: str) -> str:
    """A file beside the page, whatever its name: `50% <b>.mp4` → `./50%25%20%3Cb%3E.mp4`.

    The leading dot keeps `//host` and `javascript:` from being read as an address.
    """
    return "./" + quote(name, safe="/")


def safe_link(target: str) -> str | None:
    """Where a link may go: the web, or a file beside the page; None for every other scheme."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.scheme in ("http", "https"):
        return target
    return None if parts.scheme or not target else relative_url(target)
