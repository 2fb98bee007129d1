"""`delivery.zip`: what a client gets, in `videos/`, `keyframes/` and `metadata/` (seed B087).

The metadata inside is the client's part only: no costs, no keys, no internal paths (X-38).
"""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shared.batch import BatchResult, ClipResult, ClipStatus
from shared.clip import ObjectRef
from shared.keys import Folder
from shared.pipeline.services import Services

EPOCH = (1980, 1, 1, 0, 0, 0)  # one fixed date: equal content makes an equal archive


def build_delivery(
    services: Services, folder: Folder, result: BatchResult, path: Path
) -> tuple[int, str]:
    """Write the archive to `path`.

    Returns
    -------
    (clips, note) : how many clips it holds; and why it was not made, if it was not.
    """
    done = [clip for clip in result.clips if clip.status is ClipStatus.DONE]
    size = sum(clip.size_bytes for clip in done)
    if not done:
        return 0, ""
    if size > services.limits.max_delivery_bytes:
        return 0, (
            f"delivery.zip was not made: the clips have {size / 1e9:.1f} GB. "
            "Fetch them with `dropreel pull`."
        )
    scratch = path.with_suffix(".part")
    # stored, not deflated: video and photographs do not get smaller
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for clip in done:
            for directory, kind in (("videos", "master"), ("keyframes", "keyframe")):
                name = clip.files[kind]
                ref = ObjectRef(bucket=services.library_bucket, key=folder.key(name))
                services.objects.download(ref, scratch)
                _add(archive, f"{directory}/{name}", scratch)
            archive.writestr(
                zipfile.ZipInfo(f"metadata/{clip.stem}.json", EPOCH), _client_metadata(clip)
            )
    scratch.unlink(missing_ok=True)
    return len(done), ""


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = 0o644 << 16
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as target:
        for block in _blocks(source):
            target.write(block)


def _blocks(source: Any) -> Iterable[bytes]:
    while block := source.read(1 << 20):
        yield block


def _client_metadata(clip: ClipResult) -> str:
    document = {
        "stem": clip.stem,
        "model": clip.model,
        "width": clip.width,
        "height": clip.height,
        "fps": clip.fps,
        "frame_count": clip.frame_count,
        "duration_sec": clip.duration_sec,
        "motion": clip.motion.model_dump(mode="json") if clip.motion else None,
        "checks": [{"name": check.name, "verdict": check.verdict} for check in clip.checks],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)
