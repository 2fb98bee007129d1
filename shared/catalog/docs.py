"""`docs/models.md`, generated from the catalogue.

`python -m shared.catalog.docs` writes it. With `--check` it writes nothing and says whether the
page is up to date; it warns of models that end within 60 days or have ended, and of prices that
nobody has looked at for long.

It fails on what a commit did: a page that does not fit the rows. It does not fail on what the
calendar did: from its last day on a model is refused by its date, with its replacement named
(`shared.catalog.standing.why_gone`), so nobody is offered it, and a check that turns red overnight
would stop work that has nothing to do with it.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from shared.catalog.catalog import Catalog, load_catalog
from shared.catalog.page import models_page
from shared.catalog.pricing import stale_prices
from shared.catalog.standing import end_notices

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"
NAMED = 4
COMMAND = "python -m shared.catalog.docs"


def check(catalog: Catalog, page: Path, today: date) -> tuple[list[str], list[str]]:
    """What is wrong, and what will be: failures and warnings as sentences."""
    failures = []
    if not page.is_file() or page.read_text(encoding="utf-8") != models_page(catalog):
        failures.append(f"{page.name} is out of date: run `{COMMAND}`.")
    warnings = [notice.message for notice in end_notices(catalog.models, today)]
    stale = [row for row in catalog.models if not row.status.gone and stale_prices(row, today)]
    if stale:
        named = ", ".join(f"`{row.id}`" for row in stale[:NAMED])
        more = ", …" if len(stale) > NAMED else ""
        warnings.append(f"prices of {len(stale)} models are undated or old: {named}{more}.")
    return failures, warnings


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with `--check` judge it and the catalogue."""
    catalog = load_catalog()
    if "--check" not in arguments:
        PAGE.write_text(models_page(catalog), encoding="utf-8")
        return 0
    failures, warnings = check(catalog, PAGE, datetime.now(UTC).date())
    for sentence in warnings:
        sys.stderr.write(f"warning: {sentence}\n")
    for sentence in failures:
        sys.stderr.write(f"{sentence}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
