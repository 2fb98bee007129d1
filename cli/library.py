"""Fetching what is finished: the library's folder of a batch, and our answers, onto a disk."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cli.drop import read_status
from cli.target import Target
from shared.clip import ObjectRef
from shared.keys import ERRORS_NAME, HELD_PREFIX, PLAN_NAME, Folder, held_names
from shared.manifest.guard import key_problems

DOWNLOADERS = 8
ANSWERS = (ERRORS_NAME, PLAN_NAME)
"""What we answer in the drop folder and a person at a desk wants as well."""


def pull(target: Target, batch: Folder, out: Path) -> list[Path]:
    """Download every file of the batch, our answers, and what waits for a review; returns all.

    Answers and films of an earlier pull that are no longer in the bucket are deleted.
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
        files = list(pool.map(fetch, refs))
    for path in _stale(target, batch, out) - set(files):
        path.unlink(missing_ok=True)
    return files


def _stale(target: Target, batch: Folder, out: Path) -> set[Path]:
    """Where an earlier pull may have put what is true no more: answers, films that waited."""
    stems = (clip["stem"] for run in read_status(target, batch) for clip in run["clips"])
    names = {*ANSWERS, *(name for stem in stems for name in held_names(stem))}
    return {out / name for name in names if not key_problems(batch.key(name))}
