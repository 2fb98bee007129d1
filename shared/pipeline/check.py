"""CheckManifest: is the manifest as a whole one that we can work with?"""

from shared.batch import BatchState
from shared.clip import Document
from shared.errors import ManifestInvalid
from shared.manifest import ParsedManifest, parse_manifest
from shared.notices import NoticeType, Notification, notice
from shared.pipeline.problems import keep_problems
from shared.pipeline.runs import change_run, current_run
from shared.pipeline.services import RunRef, Services
from shared.pipeline.status import write_status


class Checked(Document):
    """The answer of `check_manifest`."""

    clip_count: int
    notification: Notification


def check_manifest(services: Services, run: RunRef) -> Checked:
    """Read the manifest and count its clips.

    Raises
    ------
    ManifestInvalid : with every problem, which are also kept for the batch's end to tell.
    """
    current_run(services, run)
    try:
        parsed = read_manifest(services, run)
    except ManifestInvalid as error:
        keep_problems(services, run, error.problems)
        raise
    count = len(parsed.items) + len(parsed.rejected)
    change_run(services, run, lambda row: row.changed(state=BatchState.ACCEPTED, total=count))
    write_status(services, run.folder, force=True)
    text = f"batch {run.folder.prefix.rstrip('/')} is accepted: {count} clip(s)"
    return Checked(
        clip_count=count,
        notification=notice(
            NoticeType.ACCEPTED,
            run.folder,
            text,
            status="accepted",
            links=services.links(run.folder, run.run_id),
            clips=count,
            rejected=len(parsed.rejected),
        ),
    )


def read_manifest(services: Services, run: RunRef) -> ParsedManifest:
    """The run's manifest, parsed; the same bytes always give the same answer."""
    limit = services.limits.max_manifest_bytes
    if run.manifest.size > limit:
        raise ManifestInvalid(
            f"the manifest has {run.manifest.size / 1e6:.1f} MB; at most {limit / 1e6:.0f} MB "
            "are read. Split the batch into several manifests."
        )
    return parse_manifest(
        services.objects.read(run.manifest),
        name=run.drop.name,
        folder_project=run.project_id,
        folder_batch=run.batch_id,
    )
