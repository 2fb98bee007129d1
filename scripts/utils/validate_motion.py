"""Is every camera move slow enough, inside the picture and of one shape? (seed B077)

    python scripts/utils/validate_motion.py PATH… [--json]

PATH is a `.motion.json` beside its keyframe, a manifest, or a folder. Leaves with 0 when all moves
are safe, 1 when some are not, 2 when a PATH cannot be looked at.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cli.motion_check import MotionReport, check_path
from scripts.script import FINE, NOT_ALL_FINE, run


def main(arguments: Sequence[str]) -> int:
    """Check every path and tell what was found, as lines or as one JSON document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    asked = parser.parse_args(arguments)
    reports = [report for path in asked.paths for report in check_path(path)]
    safe = all(report.safe for report in reports)
    if asked.json:
        document = {"safe": safe, "clips": [report.to_dict() for report in reports]}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for report in reports for line in _lines(report))
    return FINE if safe else NOT_ALL_FINE


def _lines(report: MotionReport) -> list[str]:
    name = report.keyframe or report.file
    told = [f"{'✓' if report.safe else '✗'} {name}"]
    if report.peak_speed is not None:
        told[0] += (
            f": {report.type}, {report.duration_sec:g} s, peak {report.peak_speed:.3f} of "
            f"{report.speed_limit:.2f} widths/s"
        )
    return told + [f"    {problem}" for problem in report.problems]


if __name__ == "__main__":
    run(main)
