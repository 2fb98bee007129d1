"""The tables of docs/providers.md, made of what the adapters declare.

Run as `python -m shared.providers.reference [--check]`.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared.generated import write_or_check
from shared.prompting.brief import TEMPLATE
from shared.prompting.choice import BEDROCK, BEDROCK_MODEL, BEDROCK_URL_SETTING
from shared.prompting.services import SERVICES
from shared.providers.fake.chaos import FAULTS
from shared.providers.registry import ADAPTERS
from shared.providers.unavailable import UNAVAILABLE

PAGE = Path("docs/providers.md")


def tables() -> dict[str, str]:
    """Each generated table by the name of its place."""
    declared = [adapter.declaration for adapter in ADAPTERS.values()]
    keys = [
        (
            f"`{each.name}`",
            " or ".join(" + ".join(f"`{n}`" for n in names) for names in each.auth.alternatives),
            each.auth.described,
            f"`{each.base_url_setting}` (`{each.base_url}`)",
            ", ".join(f"`{name}`" for name in each.settings) or "–",
        )
        for each in declared
    ]
    habits = [
        (
            f"`{each.name}`",
            ", ".join(each.transports),
            each.webhook or "none",
            "yes" if each.cancels else "no",
            "yes" if each.looks_up else "no",
            _hours(each.result_ttl_sec),
            f"{each.rate.concurrent} at once, {each.rate.per_minute} a minute",
            ", ".join(f"`{host}`" for host in each.result_hosts),
            each.note,
        )
        for each in declared
    ]
    gone = [(f"`{each.name}`", each.reason, each.instead) for each in UNAVAILABLE.values()]
    faults = [(f"`{name}`", meaning) for name, meaning in FAULTS.items()]
    return {
        "keys": _table(("provider", "keys", "sent as", "base URL", "more settings"), keys),
        "habits": _table(
            ("provider", "pictures by", "webhooks", "cancel", "look-up", "results live",
             "lowest tier", "results from", "note"),
            habits,
        ),
        "writers": _table(
            ("writer", "keys", "sent as", "base URL", "model, unless `PROMPT_MODEL` says other"),
            _writers(),
        ),
        "unavailable": _table(("name", "why not", "instead"), gone),
        "faults": _table(("fault", "what happens"), faults),
    }  # fmt: skip


def _writers() -> Iterable[Sequence[str]]:
    """The language models that write prompts."""
    region = f"`{BEDROCK_URL_SETTING}` (the region's own)"
    yield (f"`{BEDROCK}`", "the function's role", "AWS signature", region, f"`{BEDROCK_MODEL}`")
    for name, service in SERVICES.items():
        declared = service.declaration
        yield (
            f"`{name}`",
            ", ".join(f"`{key}`" for key in declared.auth.names),
            declared.auth.described,
            f"`{declared.base_url_setting}` (`{declared.base_url}`)",
            f"`{service.default_model}`",
        )
    yield (f"`{TEMPLATE}`", "–", "–", "–", "the creator's own words in a fixed order")


def filled(page: str) -> str:
    """The page with every generated table anew."""
    for name, table in tables().items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = page.partition(start)
        _, _, after = rest.partition(end)
        page = f"{before}{start}\n{table}\n{end}{after}"
    return page


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _hours(seconds: int | None) -> str:
    if seconds is None:
        return "not stated"
    return f"{seconds // 3600} h"


def main(arguments: Sequence[str]) -> int:
    """Fill the page's tables anew, or with `--check` say that they are out of date."""
    fresh = filled(PAGE.read_text(encoding="utf-8"))
    remedy = "python -m shared.providers.reference"
    return write_or_check({PAGE: fresh}, check="--check" in arguments, remedy=remedy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
