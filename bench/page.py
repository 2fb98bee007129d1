"""`docs/benchmarks.md`: every benchmark's last result on one page.

Run as `python -m bench.page [--check]`; each benchmark writes its part under `docs/benchmarks/`.
"""

import re
import sys
from pathlib import Path

from shared.generated import write_or_check

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PARTS = DOCS / "benchmarks.md", "benchmarks"
PICTURE = re.compile(r"(!\[[^\]]*\]\()(?=[\w.-]+\))")
"""A picture beside the part that shows it."""

INTRODUCTION = """# Benchmarks

Every figure here was measured by the command beside it, side by side in one run; compare ratios,
not seconds: the machines are shared and noisy. The parts are written by the benchmarks themselves
(`docs/benchmarks/`), this page by `python -m bench.page`.
"""


def page() -> str:
    """The whole page, from the parts that lie there; headings and pictures move one level down."""
    found = sorted((DOCS / PARTS).glob("*.md"))
    parts = [PICTURE.sub(rf"\1{PARTS}/", part.read_text("utf-8")).strip() for part in found]
    moved = [
        "\n".join(f"#{line}" if line.startswith("#") else line for line in part.splitlines())
        for part in parts
    ]
    return "\n\n".join((INTRODUCTION.strip(), *moved)) + "\n"


def main() -> int:
    """Write the page, or with `--check` say that it is out of date."""
    remedy = "python -m bench.page"
    return write_or_check({PAGE: page()}, check="--check" in sys.argv[1:], remedy=remedy)


if __name__ == "__main__":
    sys.exit(main())
