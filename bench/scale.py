"""What a clip costs in a small batch and in a large one, through the whole embedded cloud.

    python -m bench.scale [--small 20] [--large 200] [--write]

Both batches run one after the other on one cloud, after a warm-up, with clips of 256×144 and 12
frames: so small that what a batch adds to each clip would show. The cost of a clip must not grow
with its batch by more than a tenth. Costs are what the pipeline itself counts, at AWS's list
prices.
"""

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from local_cloud.cloud import embedded_cloud, session_for
from local_cloud.deploy import Deployment
from tests.pipeline.house import picture, small_manifest

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "docs" / "benchmarks" / "scale.md"
TOLERANCE = 0.1
PATIENCE_SEC = 1800.0
WARM_UP = 4


class Batch(NamedTuple):
    """One finished batch."""

    clips: int
    wall_sec: float
    cost_usd: float
    seconds: dict[str, float]

    @property
    def clip_usd(self) -> float:
        return self.cost_usd / self.clips

    @property
    def clip_wall_sec(self) -> float:
        return self.wall_sec / self.clips

    @property
    def clip_work_sec(self) -> float:
        """Seconds that handlers worked on a clip, all stages together."""
        return sum(self.seconds.values()) / self.clips


def run_batch(deployment: Deployment, name: str, clips: int) -> Batch:
    """Drop a batch and wait for its end.

    Raises
    ------
    AssertionError : a clip was not made, or the batch did not end in time.
    """
    s3 = session_for(deployment.endpoint).client("s3")
    names = [f"{index:03d}.png" for index in range(clips)]

    def put(file: str, data: bytes) -> None:
        s3.put_object(Bucket=deployment.drop_bucket, Key=f"bench/{name}/{file}", Body=data)

    for index, file in enumerate(names):
        # another picture for every clip of every batch: nothing is found made already
        put(file, picture(seed=clips * 1000 + index))
    started = time.monotonic()
    put("manifest.json", json.dumps(small_manifest(*names)).encode())
    run: dict[str, Any] = {}
    while not run.get("ended"):
        assert time.monotonic() - started < PATIENCE_SEC, run
        time.sleep(0.25)
        try:
            answer = s3.get_object(Bucket=deployment.drop_bucket, Key=f"bench/{name}/_status.json")
        except s3.exceptions.NoSuchKey:
            continue
        run = json.loads(answer["Body"].read())["runs"][0]
    wall_sec = time.monotonic() - started
    assert run["counts"] == {"total": clips, "done": clips}, run["counts"]
    return Batch(clips, wall_sec, run["cost_so_far_usd"]["total"], run["seconds"])


def rows(small: Batch, large: Batch) -> list[tuple[str, str, str, str]]:
    """Measure, small, large, large over small."""

    def row(name: str, form: str, one: float, other: float) -> tuple[str, str, str, str]:
        return name, f"{one:{form}}", f"{other:{form}}", f"{other / one:.2f}"

    stages = sorted(small.seconds, key=lambda stage: -small.seconds[stage])
    return [
        row("wall, s", ".1f", small.wall_sec, large.wall_sec),
        row("wall a clip, s", ".3f", small.clip_wall_sec, large.clip_wall_sec),
        row("work a clip, s", ".3f", small.clip_work_sec, large.clip_work_sec),
        *(
            row(
                f"– {stage}",
                ".3f",
                small.seconds[stage] / small.clips,
                large.seconds[stage] / large.clips,
            )
            for stage in stages
        ),
        row("batch, USD", ".6f", small.cost_usd, large.cost_usd),
        row("**a clip, USD**", ".6f", small.clip_usd, large.clip_usd),
    ]


def page(small: Batch, large: Batch, command: str) -> str:
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows(small, large))
    return f"""# What a clip costs in a small batch and in a large one

    {command}

One embedded cloud, a warm-up of {WARM_UP} clips, then {small.clips} and {large.clips} different
clips of 256×144 and 12 frames: so small that what a batch adds to each would show. All were made.
The cost of a clip may not grow by more than {TOLERANCE:.0%}; costs are those that the pipeline
counts, at AWS's list prices, with the seconds of this machine. A clip of a small batch carries a
larger part of what a batch costs as such (its checks, its report), hence a ratio below 1.

|  | {small.clips} clips | {large.clips} clips | ratio |
|---|---:|---:|---:|
{table}

{machine()}
"""


def machine() -> str:
    """What it was measured on; names of machines stay out."""
    parts = (
        f"{os.cpu_count()} cores ({platform.machine()})",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("ministack", "av", "boto3")),
        f"{datetime.now(UTC):%d %b %Y}",
    )
    return ", ".join(parts) + "."


def main() -> int:
    """Measure, print, and with `--write` keep the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--small", type=int, default=20)
    parser.add_argument("--large", type=int, default=200)
    parser.add_argument("--write", action="store_true", help=f"write docs/benchmarks/{PAGE.name}")
    chosen = parser.parse_args()
    with embedded_cloud(CHECKOUT, progress=lambda step: print(step, file=sys.stderr)) as cloud:
        run_batch(cloud, "warm-up", WARM_UP)
        small = run_batch(cloud, "small", chosen.small)
        large = run_batch(cloud, "large", chosen.large)
    text = page(small, large, "python -m bench.scale")
    print(text)
    if chosen.write:
        PAGE.write_text(text, "utf-8")
    return 0 if large.clip_usd <= small.clip_usd * (1 + TOLERANCE) else 1


if __name__ == "__main__":
    sys.exit(main())
