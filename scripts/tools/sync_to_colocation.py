"""Send a folder to where clips are made, follow it, fetch what came out (seed B081).

    python scripts/tools/sync_to_colocation.py FOLDER [--monitor] [--download [DIR]]
    python scripts/tools/sync_to_colocation.py --batch PROJECT/BATCH [--monitor] [--download [DIR]]

Goes to the embedded cloud that `dropreel up` keeps running, or with --profile or --region to the
deployment in that AWS account. Leaves with 0 when all went well, 1 when a followed clip did not, 2
when it cannot be done. `dropreel run`, `status` and `pull` are the same by parts.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cli import show
from cli.drop import Dropped, drop, follow, read_status
from cli.errors import WrongUse
from cli.folder import read_folder
from cli.library import pull
from cli.progress import live_progress
from cli.target import Account, Target, find_target
from scripts.script import FINE, NOT_ALL_FINE, run
from shared.keys import Folder


def main(arguments: Sequence[str]) -> int:
    """Do what was asked against the cloud that was named."""
    asked = _parser().parse_args(arguments)
    if not (asked.folder or asked.batch):
        raise WrongUse("Name a folder to send, or --batch PROJECT/BATCH to look after.")
    if not asked.folder and not (asked.monitor or asked.download is not None):
        raise WrongUse("Say what to do with the batch: --monitor, --download or both.")
    return sync(find_target(Account(asked.profile, asked.region)), asked)


def sync(target: Target, asked: argparse.Namespace) -> int:
    """Send, follow, fetch: each if it was asked for; fetching what was just sent waits for it."""
    dropped = _send(target, asked) if asked.folder else _there(target, _batch(asked.batch))
    fetch = asked.download is not None
    fine = True
    if asked.monitor or (fetch and asked.folder):
        with live_progress() as update:
            runs = follow(dropped, update)
        show.print_clips(runs)
        show.print_end(runs, None)
        fine = all(map(_all_done, runs))
    if fetch:
        out = asked.download or Path("out", *dropped.batch)
        show.step(f"{len(pull(target, dropped.batch, out))} files in {out}")
    return FINE if fine else NOT_ALL_FINE


def _send(target: Target, asked: argparse.Namespace) -> Dropped:
    place = _batch(asked.batch) if asked.batch else None
    folder = read_folder(
        asked.folder,
        project=place.project_id if place else None,
        batch=place.batch_id if place else None,
    )
    dropped = drop(target, folder)
    count = len(folder.files) + len(folder.manifests)
    show.step(f"{count} files sent to {folder.batch.prefix}")
    return dropped


def _there(target: Target, batch: Folder) -> Dropped:
    """A batch that was sent before, as if it had been sent just now."""
    runs = read_status(target, batch)
    if not runs:
        raise WrongUse(f"Nothing is known of {batch.prefix}: no manifest was dropped there yet.")
    return Dropped(target, batch, tuple(run["manifest"] for run in runs))


def _batch(text: str) -> Folder:
    parts = text.strip("/").split("/")
    if len(parts) != 2 or not all(parts):
        raise WrongUse(f"`{text}` is not PROJECT/BATCH, for example my-film/day-1.")
    return Folder(*parts)


def _all_done(run: dict[str, Any]) -> bool:
    done = run["counts"].get("planned" if run["dry_run"] else "done", 0)
    return bool(run["state"] == "finished" and done == run["counts"]["total"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="folder to send")
    parser.add_argument("--batch", metavar="PROJECT/BATCH", help="where to, or what to look after")
    parser.add_argument("--monitor", action="store_true", help="follow the batch to its end")
    parser.add_argument(
        "--download",
        nargs="?",
        type=Path,
        const="",
        metavar="DIR",
        help="fetch the results into DIR (default: out/PROJECT/BATCH)",
    )
    parser.add_argument("--profile", help="AWS profile")
    parser.add_argument("--region", help="AWS region")
    return parser


if __name__ == "__main__":
    run(main)
