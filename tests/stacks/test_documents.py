"""What docs/deploy.md claims."""

import json
import re
from pathlib import Path

from shared.manifest.names import MARKERS
from stacks.asl import PASSING_RETRY
from stacks.settings_table import with_table
from stacks.triggers import WAKING_SUFFIXES


def test_the_table_of_settings_is_up_to_date(runbook: str) -> None:
    assert with_table(runbook) == runbook, "run `python -m stacks.settings_table`"


def test_the_pinned_command_line_is_the_same_everywhere(project: Path, runbook: str) -> None:
    pinned = json.loads((project / "package.json").read_text())["devDependencies"]["aws-cdk"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", pinned)
    assert set(re.findall(r"aws-cdk@([\d.]+\d)", runbook)) == {pinned}


def test_the_retry_ladder_is_the_documented_one(architecture: str) -> None:
    ladder = PASSING_RETRY
    said = (
        f"retried: {ladder['MaxAttempts']} times, {ladder['IntervalSeconds']} s × "
        f"{ladder['BackoffRate']}, {str(ladder['JitterStrategy']).lower()} jitter, "
        f"at most {ladder['MaxDelaySeconds']} s"
    )
    assert said in architecture


def test_a_dropped_manifest_a_review_and_every_marker_wake_the_pipeline() -> None:
    names = {"manifest.json", ".review.json", *(f"/{marker}" for marker in MARKERS)}
    assert set(WAKING_SUFFIXES) == {
        f"{name}{windows}" for name in names for windows in ("", ".txt")
    }
