"""Did you mean …? The known word closest to the one that was written."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

LONGEST_WORD = 60
CLOSE_ENOUGH = 0.6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None when nothing is alike.

    Letter case, spaces, hyphens and underscores do not count: `Zoom-In` is `zoom_in`.
    Long words are cut first, because the comparison is quadratic and the word is a stranger's.
    """
    return _nearest(_plain(word[:LONGEST_WORD]), tuple(known))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for the creator, or an empty text."""
    match = nearest(word, known)
    return f"Did you mean `{match}`?" if match else ""


@lru_cache(maxsize=4096)
def _nearest(plain: str, known: tuple[str, ...]) -> str | None:
    best, best_score = None, CLOSE_ENOUGH
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(plain)
    for name in known:
        matcher.set_seq1(_plain(name))
        # The two upper bounds are cheap, and settle nearly every pair.
        bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
        if all(score() >= best_score for score in bounds) and (
            best is None or matcher.ratio() > best_score
        ):
            best, best_score = name, matcher.ratio()
    return best


@lru_cache(maxsize=1024)
def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")
