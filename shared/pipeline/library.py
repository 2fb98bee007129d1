"""Putting files into the library without ever writing over what is not ours.

Each of our objects says in its metadata which run wrote it and what its content is. An empty place
is taken under a condition, so two workers cannot both take it; our own older content is replaced
(the bucket keeps the old version); the same content is left as it is; a stranger's file is a
refusal.
"""

from collections.abc import Callable, Mapping

from shared.clip import ObjectRef
from shared.errors import LibraryKeyTaken
from shared.manifest.guard import guard_key
from shared.pipeline.services import Services
from shared.ports import ObjectHead

RUN = "dropreel-run"
CONTENT = "dropreel-content"

Put = Callable[[Mapping[str, str], bool, str | None], ObjectRef]


def refuse_foreign(services: Services, key: str) -> ObjectHead | None:
    """What lies at a library key, if it is ours or nothing.

    Raises
    ------
    LibraryKeyTaken : somebody else's file lies there.
    """
    guard_key(key)
    head = services.objects.head(services.library_bucket, key)
    if head is not None and RUN not in head.metadata:
        raise LibraryKeyTaken(
            f"the library holds a file `{key}` that Dropreel did not write. "
            "Move it away or give the keyframe another name, then drop the manifest again."
        )
    return head


def _place(services: Services, key: str, run_id: str, content: str, put: Put) -> ObjectRef:
    there = refuse_foreign(services, key)
    if there is not None and there.metadata.get(CONTENT) == content:
        return there.ref
    metadata = {RUN: run_id, CONTENT: content}
    return put(metadata, there is None, there.ref.etag if there else None)


def publish_copy(
    services: Services, source: ObjectRef, key: str, *, run_id: str, content: str, type_: str
) -> ObjectRef:
    """Copy an object into the library; `content` is what makes two copies the same."""

    def put(metadata: Mapping[str, str], if_absent: bool, if_match: str | None) -> ObjectRef:
        return services.objects.copy(
            source,
            services.library_bucket,
            key,
            content_type=type_,
            metadata=metadata,
            if_absent=if_absent,
            if_match=if_match,
        )

    return _place(services, key, run_id, content, put)


def publish_bytes(
    services: Services, key: str, data: bytes, *, run_id: str, content: str, type_: str
) -> ObjectRef:
    """Write a document into the library under the same rules."""

    def put(metadata: Mapping[str, str], if_absent: bool, if_match: str | None) -> ObjectRef:
        return services.objects.write(
            services.library_bucket,
            key,
            data,
            content_type=type_,
            metadata=metadata,
            if_absent=if_absent,
            if_match=if_match,
        )

    return _place(services, key, run_id, content, put)
