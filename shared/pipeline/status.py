"""The answer where the files were dropped: `_status.json` beside the manifest.

Several runs can share a folder, and many clips report at once, so the file is always written whole
from the rows, under a condition on the version that was there before the rows were read: a slow
writer can never put an older truth over a newer one.
"""

import json
from datetime import timedelta
from typing import Any

from shared.keys import STATUS_NAME, Folder
from shared.pipeline.results import batch_result
from shared.pipeline.services import Services
from shared.pipeline.versioned import TRIES, rewrite
from shared.ports import PreconditionFailed
from shared.report.text import status_document


def write_status(services: Services, folder: Folder, *, force: bool = False) -> None:
    """Write `_status.json` for a folder, unless it was written a moment ago.

    `force` is for turning points that nobody may miss. In between, the file is renewed at most once
    a second for every fifty clips, so that the cost of a clip does not grow with its batch.

    Raises
    ------
    PreconditionFailed : a turning point could not be told; the step is tried again.
    """
    key = folder.key(STATUS_NAME)
    if not force and _is_fresh(services, folder, key):
        return
    told = rewrite(
        services,
        key,
        lambda: _folder_document(services, folder),
        "application/json",
        tries=TRIES if force else 1,
    )
    if force and not told:
        raise PreconditionFailed(f"{key} is renewed by too many at once")


def _is_fresh(services: Services, folder: Folder, key: str) -> bool:
    written = services.objects.head(services.drop_bucket, key)
    if written is None:
        return False
    total = sum(run.total for run in services.rows.runs(folder))
    pause = timedelta(seconds=min(30.0, total / 50))
    return services.now() - written.modified < pause


def _folder_document(services: Services, folder: Folder) -> bytes:
    documents: list[dict[str, Any]] = []
    for run in services.rows.runs(folder):
        clips = services.rows.clips(folder, run.run_id)
        documents.append(status_document(batch_result(services, run, clips, run.problems)))
    documents.sort(key=lambda document: str(document.get("accepted_at", "")), reverse=True)
    document = {
        "project": folder.project_id,
        "batch": folder.batch_id,
        "updated_at": services.now().isoformat(),
        "runs": documents,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
