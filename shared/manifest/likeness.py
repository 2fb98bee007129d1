"""Is it sure which known word was meant?

`shared.nearest` offers the likeliest word, and a person decides. Here nobody is asked, so a word is
taken only if every other one is clearly further away: `zoom_inn` is `zoom_in`, but `zoom` might be
either zoom and stays as it is.
"""

from collections.abc import Mapping
from functools import lru_cache

LONGEST_WORD = 60
LEAST_LETTERS = 4
"""Shorter words have too many neighbours one letter away."""


def sure_match(word: str, meanings: Mapping[str, str]) -> str | None:
    """The known word that `word` must mean, or None where that is open.

    Parameters
    ----------
    meanings : known word → what it means; words of one meaning do not compete.

    A word is sure if it differs from one known word in case, spaces, hyphens or underscores only;
    if it begins one known word and no other; or if it is a slip or two away from one and at least
    twice as far and one more from all others. Digits are never slips: `180p` is no `1080p`.
    """
    plain = spelling(word)
    if not plain or len(word) > LONGEST_WORD:
        return None
    known = {name: spelling(name) for name in meanings if _digits(name) == _digits(word)}
    if len(plain) < LEAST_LETTERS and not plain.isdigit():
        return _only(meanings, [name for name, other in known.items() if other == plain])
    for close in (
        [name for name, other in known.items() if other == plain],
        [name for name, other in known.items() if other.startswith(plain)],
    ):
        if close:
            return _only(meanings, close)
    return _by_slips(plain, known, meanings)


def spelling(word: str) -> str:
    """What of a word counts: no letter case, hyphens, underscores or spaces."""
    return "".join(c for c in word.casefold() if c not in "-_ ")


def _digits(word: str) -> str:
    return "".join(c for c in word if c.isdigit())


def _only(meanings: Mapping[str, str], names: list[str]) -> str | None:
    return names[0] if len({meanings[name] for name in names}) == 1 else None


def _by_slips(plain: str, known: Mapping[str, str], meanings: Mapping[str, str]) -> str | None:
    nearest: dict[str, tuple[int, str]] = {}
    for name, other in known.items():
        found = slips_between(plain, other), name
        meaning = meanings[name]
        nearest[meaning] = min(nearest.get(meaning, found), found)
    ranked = sorted(nearest.values())
    allowed = 1 if len(plain) < 2 * LEAST_LETTERS else 2
    if not ranked or ranked[0][0] > allowed:
        return None
    if len(ranked) > 1 and ranked[1][0] < 2 * ranked[0][0] + 1:
        return None
    return ranked[0][1]


@lru_cache(maxsize=4096)
def slips_between(word: str, other: str) -> int:
    """Letters missing, added, wrong or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        above_before, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            swapped = i > 1 and j > 1 and (letter, wanted) == (other[j - 2], word[i - 2])
            row.append(min(cost, above_before[j - 2] + 1) if swapped else cost)
    return row[-1]
