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

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""

_STATES = frozenset(_CODES.split())
"""Officially assigned codes of ISO 3166-1; `EU` is reserved there for the Union."""

_OTHER_WORDS = {"UK": "GB", "EL": "GR", "SOUTH KOREA": "KR", "USA": "US"}


def territory_code(word: str) -> str:
    """The ISO 3166 code of a territory as people write it: `uk` is `GB`."""
    code = word.strip().upper()
    return _OTHER_WORDS.get(code, code)


def is_territory(word: str) -> bool:
    """Is there such a place? A misspelt country would let every licence pass."""
    return territory_code(word) in {"EU", *_STATES}


def excluded_from(excluded: Iterable[str], territory: str) -> bool:
    """Does a licence that excludes these territories keep a model out of this one?

    `EU` stands for each of its states; asked of the Union as a whole, one state is enough.
    """
    codes = {territory_code(word) for word in excluded}
    code = territory_code(territory)
    if code == "EU":
        return bool(codes & {"EU", *EU})
    return code in codes or ("EU" in codes and code in EU)
