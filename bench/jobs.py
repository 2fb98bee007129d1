"""What a model-made clip costs besides the provider's bill, and whether the books agree.

    python -m bench.jobs [--clips 100] [--chaos PLAN] [--write]

A batch goes the whole way on the embedded cloud against look-alikes of a provider that throttle,
break off after accepting, lose webhooks and refuse content. Every clip must come to a truthful end,
no job may be sent twice, and the ledger must say what the provider says.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from local_cloud.cloud import embedded_cloud, session_for
from local_cloud.deploy import Deployment
from shared.aws.ledger import DynamoLedger
from shared.budget.money import usd
from shared.budget.project import Project
from shared.providers.fake import ChaosPlan, FakeProviders, World
from tests.pipeline.house import picture

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "docs" / "benchmarks" / "jobs.md"
CHAOS = "429=0.1,500-after-accept=0.05,lost-webhook=0.05,moderated=0.03"
PATIENCE_SEC = 1500.0
PRICE_USD = 0.25  # of five seconds at 480p, in the catalogue as in the look-alike
PROJECT = "bench"


class Result(NamedTuple):
    """What came of the batch."""

    counts: dict[str, int]
    charged_usd: float
    settled_usd: float
    held_usd: float
    accepted: int
    most_accepted_for_one: int
    aws_usd: dict[str, float]
    wall_sec: float


def run(clips: int, chaos: str) -> Result:
    """One batch, start to end."""
    world = World(
        plan=ChaosPlan.parse(chaos, 7), seconds_per_job=2.0, price_usd=PRICE_USD, lines=144
    )
    with FakeProviders(world) as fake:
        os.environ |= {
            "WAVESPEED_BASE_URL": fake.base_url("wavespeed"),
            "WAVESPEED_API_KEY": "a key of the look-alike",
            "WAVESPEED_CONCURRENT": "20",
            "WAVESPEED_PER_MINUTE": "1000",
        }
        with embedded_cloud(CHECKOUT) as deployment:
            session = session_for(deployment.endpoint)
            books = DynamoLedger(session.client("dynamodb"), deployment.state_table)
            books.save_project(Project(name=PROJECT, monthly_budget=1_000_000_000))
            started = time.monotonic()
            status = _batch(deployment, clips)
            wall_sec = time.monotonic() - started
            (account,) = books.accounts(PROJECT)
            settled, held = usd(account.settled), usd(account.reserved)
        bill = world.ledger()
    per_job = Counter(job["reference"] or job["id"] for job in bill["jobs"])
    done = [clip for clip in status["clips"] if clip["status"] == "done"]
    stages = ("route_clip", "prepare_clip", "finish_clip", "inspect_clip", "publish_clip")
    return Result(
        counts=status["counts"],
        charged_usd=bill["charged_usd"],
        settled_usd=settled,
        held_usd=held,
        accepted=bill["accepted"],
        most_accepted_for_one=max(per_job.values(), default=0),
        aws_usd={
            "clip": status["cost_so_far_usd"]["aws"] / max(1, len(done)),
            **{f"{stage} s": status["seconds"].get(stage, 0.0) / clips for stage in stages},
        },
        wall_sec=wall_sec,
    )


def _batch(deployment: Deployment, clips: int) -> dict[str, Any]:
    s3 = session_for(deployment.endpoint).client("s3")
    names = [f"{index:03d}.png" for index in range(clips)]

    def put(file: str, data: bytes) -> None:
        s3.put_object(Bucket=deployment.drop_bucket, Key=f"{PROJECT}/chaos/{file}", Body=data)

    for index, file in enumerate(names):
        put(file, picture(width=480, height=270, seed=9000 + index))
    put("manifest.json", json.dumps(_manifest(names)).encode())
    begun, status = time.monotonic(), {"ended": False}
    while not status["ended"]:
        assert time.monotonic() - begun < PATIENCE_SEC, status
        time.sleep(1)
        try:
            answer = s3.get_object(
                Bucket=deployment.drop_bucket, Key=f"{PROJECT}/chaos/_status.json"
            )
        except s3.exceptions.NoSuchKey:
            continue
        status = json.loads(answer["Body"].read())["runs"][0]
    return status


def _manifest(names: list[str]) -> dict[str, Any]:
    return {
        "defaults": {
            "operation": "image_to_video",
            "route": ["wavespeed/wan-2.5"],
            "prompt": "the picture comes to life",
            "resolution": "480p",
            "motion": {"duration_sec": 5},
            "finish": {"fps": 12, "codec": {"preset": "ultrafast"}},
        },
        "keyframes": [{"image_path": name} for name in names],
    }


def page(result: Result, clips: int, chaos: str) -> str:
    """The result as Markdown."""
    aws = result.aws_usd
    lines = [
        "# Model-made clips, with chaos",
        "",
        f"    python -m bench.jobs --clips {clips} --chaos {chaos} --write",
        "",
        "A provider's look-alike on this machine, the whole system on the embedded cloud.",
        "",
        "| what | value |",
        "| --- | ---: |",
        *(f"| clips {name} | {count} |" for name, count in result.counts.items()),
        f"| submits that were accepted | {result.accepted} |",
        f"| most accepted for one job | {result.most_accepted_for_one} |",
        f"| the provider charged, USD | {result.charged_usd:.2f} |",
        f"| the ledger settled, USD | {result.settled_usd:.2f} |",
        f"| the ledger holds for unknown ends, USD | {result.held_usd:.2f} |",
        f"| AWS at list prices for a delivered clip, USD | {aws['clip']:.6f} |",
        f"| seconds in all | {result.wall_sec:.0f} |",
        "",
        f"{os.cpu_count()} processors, Python {platform.python_version()}, "  # noqa: ISC004
        f"{datetime.now(UTC):%Y-%m-%d}. AWS's part includes encoding; nothing waits inside a "
        "function while the provider works.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--chaos", default=CHAOS)
    parser.add_argument("--write", action="store_true", help="write the page in docs/")
    asked = parser.parse_args()
    result = run(asked.clips, asked.chaos)
    text = page(result, asked.clips, asked.chaos)
    print(text)
    if asked.write:
        PAGE.write_text(text, "utf-8")
    agrees = abs(result.charged_usd - result.settled_usd - result.held_usd) < 1e-9
    return 0 if agrees and result.most_accepted_for_one <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
