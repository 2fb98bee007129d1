"""Dropping a folder and following it: uploads, then reads `_status.json` until the end."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from cli.errors import WrongUse
from cli.folder import DropFile, DropFolder
from cli.target import Target
from shared.batch import BatchState
from shared.clip import ObjectRef
from shared.keys import STATUS_NAME, Folder

UPLOADERS = 8
SILENCE_SEC = 20.0
"""A drop that starts nothing for so long is a repetition of one that is done already."""

Follow = Callable[[list[dict[str, Any]]], None]


@dataclass
class Dropped:
    """Manifests on their way, and the runs that were there before them."""

    target: Target
    batch: Folder
    manifests: tuple[str, ...]
    before: dict[str, str] = field(default_factory=dict)


def drop(target: Target, folder: DropFolder) -> Dropped:
    """Upload everything, the manifests last."""
    before = {
        run["manifest"]: run["run_id"]
        for run in read_status(target, folder.batch)
        if BatchState(run["state"]).ended
    }
    with ThreadPoolExecutor(UPLOADERS) as pool:
        list(pool.map(lambda file: _upload(target, folder.batch, file), folder.files))
    for manifest in folder.manifests:
        _upload(target, folder.batch, manifest)
    return Dropped(
        target, folder.batch, tuple(manifest.name for manifest in folder.manifests), before
    )


def _upload(target: Target, batch: Folder, file: DropFile) -> None:
    key = batch.key(file.name)
    if file.path is None:
        target.objects.write(
            target.drop_bucket, key, file.data, content_type="application/octet-stream"
        )
    else:
        target.objects.upload(
            target.drop_bucket, key, file.path, content_type="application/octet-stream"
        )


def read_status(target: Target, batch: Folder) -> list[dict[str, Any]]:
    """The runs of a folder as `_status.json` tells them; none when it is not there."""
    ref = ObjectRef(bucket=target.drop_bucket, key=batch.key(STATUS_NAME))
    try:
        document = json.loads(target.objects.read(ref))
    except FileNotFoundError:
        return []
    runs: list[dict[str, Any]] = document["runs"]
    return runs


def all_well(run: dict[str, Any]) -> bool:
    """Is every clip of a run done, or planned where it was to be planned only?"""
    good = run["counts"].get("planned" if run["dry_run"] else "done", 0)
    return bool(run["state"] == "finished" and 0 < good == run["counts"]["total"])


def follow(dropped: Dropped, show: Follow, *, every_sec: float = 0.5) -> list[dict[str, Any]]:
    """Wait until every dropped manifest has come to an end, telling `show` all the way.

    Returns the runs' last status, in the order of the manifests.

    Raises
    ------
    WrongUse : the cloud never took the drop up.
    """
    started = time.monotonic()
    while True:
        runs = {run["manifest"]: run for run in read_status(dropped.target, dropped.batch)}
        ours = [runs[name] for name in dropped.manifests if name in runs]
        show(ours)
        waited = time.monotonic() - started
        if len(ours) == len(dropped.manifests) and all(
            _ended(run, dropped.before, waited) for run in ours
        ):
            return ours
        if waited > 3 * SILENCE_SEC and not ours:
            raise WrongUse(
                f"Nothing happened to {dropped.batch.prefix} for {waited:.0f} s. "
                "Ops can look at the drops queue's dead letters."
            )
        time.sleep(every_sec)


def watch_to_end(
    target: Target, batch: Folder, show: Follow, *, every_sec: float = 0.5
) -> list[dict[str, Any]]:
    """Wait until every run of a folder has ended, telling `show` all the way.

    Returns the runs' last status, newest first; none when nothing is known of the folder.
    """
    while True:
        runs = read_status(target, batch)
        show(runs)
        if all(BatchState(run["state"]).ended for run in runs):
            return runs
        time.sleep(every_sec)


def _ended(run: dict[str, Any], before: dict[str, str], waited: float) -> bool:
    if not BatchState(run["state"]).ended:
        return False
    repeated = before.get(run["manifest"]) == run["run_id"]
    return not repeated or waited > SILENCE_SEC
