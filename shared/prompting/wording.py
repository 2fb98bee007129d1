"""Words of strangers, fit to stand in a prompt: one line, no control characters, not too long."""

import re
import unicodedata

_ADDRESS = re.compile(r"\b(?:https?|ftp|file|data):\S+", re.IGNORECASE)


def tidy(text: str) -> str:
    """One line of plain text: no control or direction marks, no addresses, single spaces."""
    spaced = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    return " ".join(_ADDRESS.sub("", spaced).split())


def shortened(text: str, most: int) -> str:
    """The text cut at the last sentence that fits, else at the last word."""
    if len(text) <= most:
        return text
    cut = text[:most]
    sentence = max(cut.rfind(mark) for mark in (". ", "! ", "? "))
    if sentence > most // 2:
        return cut[: sentence + 1]
    return cut[: most - 1].rsplit(" ", 1)[0].rstrip(",;:- ") + "…"
