"""Fetching what is finished: the library's folder of a batch, and our answers, onto a disk."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cli.target import Target
from shared.clip import ObjectRef
from shared.keys import ERRORS_NAME, HELD_PREFIX, PLAN_NAME, Folder
from shared.manifest.guard import key_problems

DOWNLOADERS = 8
ANSWERS = (ERRORS_NAME, PLAN_NAME)
"""What we answer in the drop folder and a person at a desk wants as well."""


def pull(target: Target, batch: Folder, out: Path) -> list[Path]:
    """Download every file of the batch, our answers, and what waits for a review; returns all.

    Names come out of a bucket that others can write to, so each is checked before it becomes a
    path.
    """
    refs = [
        ref
        for ref in target.objects.list(target.library_bucket, batch.prefix)
        if not key_problems(ref.key)
    ]
    refs += [
        head.ref
        for name in ANSWERS
        if (head := target.objects.head(target.drop_bucket, batch.key(name))) is not None
    ]
    if not refs:
        return []
    # The report plays a held clip from beside itself.
    refs += [
        ref
        for ref in target.objects.list(target.drop_bucket, batch.key(HELD_PREFIX))
        if not key_problems(ref.key)
    ]
    out.mkdir(parents=True, exist_ok=True)

    def fetch(ref: ObjectRef) -> Path:
        path = out / ref.key[len(batch.prefix) :]
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        target.objects.download(ref, partial)
        partial.replace(path)
        return path

    with ThreadPoolExecutor(DOWNLOADERS) as pool:
        return list(pool.map(fetch, refs))
