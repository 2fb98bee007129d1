"""What lies in the drop folder of a clip that waits for a person, for as long as it waits."""

from shared.batch import ClipStatus
from shared.keys import HELD_PREFIX, Folder, held_names
from shared.pipeline.services import Services


def clear_held(services: Services, folder: Folder) -> None:
    """Take away films, frames and heat maps of clips that came to another end than waiting.

    Files of clips that wait, or that are in the making, stay; so does what is not ours.
    """
    waiting: set[str] = set()
    settled: set[str] = set()
    for run in services.rows.runs(folder):
        for clip in services.rows.clips(folder, run.run_id):
            held = clip.status is ClipStatus.NEEDS_REVIEW or not clip.status.ended
            (waiting if held else settled).update(held_names(clip.stem))
    for ref in services.objects.list(services.drop_bucket, folder.key(HELD_PREFIX)):
        if ref.key.removeprefix(folder.prefix) in settled - waiting:
            services.objects.delete(ref.bucket, ref.key)
