"""AwaitKeyframes: files arrive in any order, so wait until all that the manifest names are here."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from shared.batch import BatchState
from shared.clip import FILE_FIELDS, Document, ObjectRef
from shared.manifest import ManifestItem, ParsedManifest
from shared.manifest.names import base_name, comparable, find_companion_keys, stem_of
from shared.pipeline.check import read_manifest
from shared.pipeline.runs import enter_state
from shared.pipeline.services import RunRef, Services
from shared.pipeline.status import write_status

NAMED = 20
"""Missing keyframes named on the run's row, which must stay below DynamoDB's 400 KB."""

PAUSES = (1, 30)  # seconds between looks: a quarter of what was waited so far, within these


class Awaited(Document):
    """The answer of `await_keyframes`: go on, or look again after `wait_sec`."""

    ready: bool
    missing: int
    wait_sec: int


class Listing:
    """What lies beside a manifest, found by names as people compare them."""

    def __init__(self, base: str, refs: Iterable[ObjectRef]) -> None:
        self._base = base
        self._exact: dict[str, ObjectRef] = {}
        self._alike: dict[str, ObjectRef] = {}
        self._stems: dict[tuple[str, str], list[ObjectRef]] = {}
        for ref in refs:
            self._exact[ref.key] = ref
            self._alike.setdefault(comparable(ref.key), ref)
            self._stems.setdefault(self._stem_key(ref.key), []).append(ref)

    def find(self, path: str) -> ObjectRef | None:
        """The object that a manifest calls `path`; accents and letter case are forgiven."""
        key = self._base + path
        return self._exact.get(key) or self._alike.get(comparable(key))

    def companions(self, path: str) -> list[ObjectRef]:
        """Every file that belongs to the keyframe of that path, by its stem and place."""
        found = self.find(path)
        key = found.key if found else self._base + path
        group = self._stems.get(self._stem_key(key), [])
        keys = find_companion_keys(key, [ref.key for ref in group])
        return [self._exact[key] for key in keys]

    @property
    def refs(self) -> list[ObjectRef]:
        return list(self._exact.values())

    @staticmethod
    def _stem_key(key: str) -> tuple[str, str]:
        return comparable(key[: -len(base_name(key))]), comparable(stem_of(key))


def list_beside(services: Services, run: RunRef) -> Listing:
    base = run.drop.base
    return Listing(base, services.objects.list(services.drop_bucket, base))


def await_keyframes(services: Services, run: RunRef) -> Awaited:
    """Look once whether every keyframe is here.

    Ready also when the wait is over: PlanBatch then names those that never came.
    """
    parsed = read_manifest(services, run)
    missing = missing_keyframes(parsed, list_beside(services, run))
    row = enter_state(
        services,
        run,
        BatchState.WAITING_INPUTS if missing else BatchState.RENDERING,
        missing=tuple(missing[:NAMED]),
        missing_count=len(missing),
    )
    waited = (services.now() - datetime.fromisoformat(row.accepted_at)).total_seconds()
    left = services.limits.keyframe_wait_sec - waited
    write_status(services, run.folder, force=bool(missing))
    return Awaited(
        ready=not missing or left <= 0,
        missing=len(missing),
        wait_sec=pause_after(waited, left),
    )


def missing_keyframes(parsed: ParsedManifest, listing: Listing) -> list[str]:
    """Keyframes, and other files that the manifest names, which are not here yet."""
    paths = dict.fromkeys(path for item in parsed.items for path in _named_files(parsed, item))
    return [path for path in paths if listing.find(path) is None]


def _named_files(parsed: ParsedManifest, item: ManifestItem) -> Iterator[str]:
    if item.image_path:
        yield item.image_path
    for field in FILE_FIELDS:
        named = getattr(item.asked, field) or getattr(parsed.defaults, field)
        if named:
            yield named


def pause_after(waited_sec: float, left_sec: float) -> int:
    """Whole seconds until the next look: short at first, longer later, never past the end."""
    shortest, longest = PAUSES
    return int(max(shortest, min(longest, waited_sec / 4, max(shortest, left_sec))))
