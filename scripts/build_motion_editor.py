"""Put the parts of `studio/motion_editor/` together into one page that needs no other file.

    python scripts/build_motion_editor.py [--check]

The parts are plain scripts of one scope, in the order below, so that each stays one idea while
creators still get a single file to keep, mail or put on a bucket.
"""

import base64
import hashlib
import html
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

STUDIO = Path(__file__).resolve().parent.parent / "studio"
PARTS = STUDIO / "motion_editor"
PAGE = STUDIO / "motion_editor.html"
SCRIPTS = ("law", "shape", "sidecar", "clips", "stage", "preview", "panel", "desk", "main")


def build() -> str:
    """The page, its Content-Security-Policy naming the very script and style that it carries."""
    script = '"use strict";\n\n' + "\n".join(_part(f"{name}.js") for name in SCRIPTS)
    css = _part("editor.css")
    return Template(_part("page.html")).substitute(
        policy=html.escape(_policy(script, css)), css=css, script=script
    )


def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")


def _policy(script: str, css: str) -> str:
    """Nothing runs, loads or leaves but pictures shown here and saves to where the page is from."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_fingerprint(script)}",
            f"style-src {_fingerprint(css)}",
            "img-src 'self' blob: data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _fingerprint(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with `--check` say whether it is out of date."""
    page = build()
    if "--check" not in arguments:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    sys.stderr.write(f"{PAGE.name} is out of date: run `python scripts/{Path(__file__).name}`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
