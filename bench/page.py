"""`docs/benchmarks.md`: every benchmark's last result on one page.

Run as `python -m bench.page [--check]`; each benchmark writes its part under `docs/benchmarks/`.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "benchmarks.md"
INTRODUCTION = """# Benchmarks

Every figure here was measured by the command beside it, side by side in one run; compare ratios,
not seconds: the machines are shared and noisy. The parts are written by the benchmarks themselves
(`docs/benchmarks/`), this page by `python -m bench.page`.
"""


def page() -> str:
    """The whole page, from the parts that lie there; headings move one level down."""
    parts = [part.read_text("utf-8").strip() for part in sorted((DOCS / "benchmarks").glob("*.md"))]
    moved = [
        "\n".join(f"#{line}" if line.startswith("#") else line for line in part.splitlines())
        for part in parts
    ]
    return "\n\n".join((INTRODUCTION.strip(), *moved)) + "\n"


def main() -> int:
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == page():
        return 0
    print(f"{PAGE.relative_to(DOCS.parent)} is stale: run `make docs`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
