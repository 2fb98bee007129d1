"""Where a licence does not reach."""

from collections.abc import Iterable

EU = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES"),
        *("FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU"),
        *("LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
"""Member states of the European Union (ISO 3166; 27 since 2020)."""

_OTHER_WORDS = {"UK": "GB", "EL": "GR", "SOUTH KOREA": "KR", "USA": "US"}


def territory_code(word: str) -> str:
    """The ISO 3166 code of a territory as people write it: `uk` is `GB`."""
    code = word.strip().upper()
    return _OTHER_WORDS.get(code, code)


def excluded_from(excluded: Iterable[str], territory: str) -> bool:
    """Does a licence that excludes these territories keep a model out of this one?

    `EU` stands for each of its states; asked of the Union as a whole, one state is enough.
    """
    codes = {territory_code(word) for word in excluded}
    code = territory_code(territory)
    if code == "EU":
        return bool(codes & {"EU", *EU})
    return code in codes or ("EU" in codes and code in EU)
