"""Did you mean …? The known word closest to the one that was written."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

LONGEST_WORD = 60
CLOSE_ENOUGH = 0.6
PARTS = re.compile(r"[-_ ]")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None when nothing is alike.

    Letter case, spaces, hyphens and underscores do not count (`Zoom-In` is `zoom_in`), except
    between two that are alike without them. Where nothing is alike, the only name that has `word`
    among its parts is taken: `steps` is `num_inference_steps`.
    Long words are cut first, because the comparison is quadratic and the word is a stranger's.
    """
    return _nearest(word[:LONGEST_WORD], tuple(known))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for the creator, or an empty text."""
    match = nearest(word, known)
    return f"Did you mean `{match}`?" if match else ""


@lru_cache(maxsize=4096)
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    best_score, best = CLOSE_ENOUGH, list[str]()
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(_plain(word))
    for name in known:
        matcher.set_seq1(_plain(name))
        # The two upper bounds are cheap, and settle nearly every pair.
        bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
        if all(score() >= best_score for score in bounds):
            alike = best if matcher.ratio() == best_score else []
            best_score, best = matcher.ratio(), [*alike, name]
    if not best:
        best = [name for name in known if word.casefold() in PARTS.split(name.casefold())]
        return best[0] if len(best) == 1 else None
    return max(best, key=lambda name: SequenceMatcher(None, word, name, autojunk=False).ratio())


@lru_cache(maxsize=1024)
def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")
