"""Open the motion editor over a folder of keyframes (seed B076).

    python scripts/02_ai_desktop_motion_tool.py DIR [--no-browser]

`dropreel motion` is the same.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cli.motion_editor import edit
from scripts.script import FINE, run


def main(arguments: Sequence[str]) -> int:
    """Serve the editor until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="keyframes to edit")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    asked = parser.parse_args(arguments)
    edit(asked.folder, open_browser=not asked.no_browser)
    return FINE


if __name__ == "__main__":
    run(main)
