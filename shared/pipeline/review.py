"""What a dropped `<stem>.review.json` does to a clip that waits for it."""

from collections.abc import Iterator
from contextlib import suppress

from shared.batch import ClipStatus
from shared.errors import InvalidInput
from shared.keys import REVIEW_NAME, DropKey, run_id
from shared.manifest.names import review_stem
from shared.pipeline.approvals import DECIDED_BY, printable_name
from shared.pipeline.held import clear_held
from shared.pipeline.services import Services
from shared.pipeline.status import write_status
from shared.ports import Conflict, ObjectHead
from shared.review import Review, Word, read_word
from shared.state import ClipRow, RunRow

LARGEST = 64 * 1024
TRIES = 8


def take_review(
    services: Services, dropped: ObjectHead, drop: DropKey, by: str
) -> list[RunRow] | None:
    """Write a person's word down for every clip of that name that waits for one.

    Safe to repeat: what was said is kept under the clip's content, and a clip that is rejected
    waits no more.

    Returns
    -------
    The runs that are to be made anew, because a clip of theirs was approved; None when the word
    said nothing to anybody, which is answered beside it.
    """
    stem = review_stem(drop.name)
    try:
        word = _read(services, dropped)
        waiting = list(_waiting(services, drop, stem))
        if not waiting:
            raise InvalidInput(f"`{drop.name}`: no clip called `{stem}` waits for a review here.")
        for _, clip in waiting:
            _refuse_unwatchable(clip)
    except InvalidInput as error:
        _tell(services, drop, error)
        return None
    who = word.by or dropped.metadata.get(DECIDED_BY) or by or "a dropped review"
    again = []
    for run, clip in waiting:
        review = _keep(services, clip, word, printable_name(who))
        if review.approved:
            again.append(run)
        else:
            _reject(services, clip, review)
    services.objects.delete(services.drop_bucket, drop.folder.key(REVIEW_NAME))
    clear_held(services, drop.folder)
    write_status(services, drop.folder, force=True)
    return again


def _read(services: Services, dropped: ObjectHead) -> Word:
    if dropped.ref.size > LARGEST:
        raise InvalidInput(f"`{dropped.ref.name}` is larger than {LARGEST // 1024} KB.")
    return read_word(services.objects.read(dropped.ref), dropped.ref.name)


def _waiting(services: Services, drop: DropKey, stem: str) -> Iterator[tuple[RunRow, ClipRow]]:
    """The clips of that name that wait; of a run that is made anew, as its last attempt left them.

    The first answer starts that attempt, and more may be given while it is on its way.
    """
    for run in services.rows.runs(drop.folder):
        clip = services.rows.clip(drop.folder, run.run_id, stem)
        on_its_way = clip is None or not clip.status.ended
        if on_its_way and run.attempt > 1:
            before = run_id(run.drop, run.manifest_sha256, run.attempt - 1)
            clip = services.rows.clip(drop.folder, before, stem)
        if clip is not None and clip.status is ClipStatus.NEEDS_REVIEW and clip.clip_key:
            yield run, clip


def _refuse_unwatchable(clip: ClipRow) -> None:
    """What was not inspected, or cannot be played, is not for a person to hand over.

    Raises
    ------
    InvalidInput : it waits for something else than a person's word.
    """
    verdicts = {check.verdict for check in clip.result.checks}
    if "unreadable" in verdicts or "fail" not in verdicts:
        reasons = "; ".join(clip.result.reasons) or "it was not inspected"
        raise InvalidInput(f"`{clip.stem}` does not wait for a review: {reasons}")


def _keep(services: Services, clip: ClipRow, word: Word, by: str) -> Review:
    """The first word stands; another one on the same clip replaces it only by a new drop."""
    for _ in range(TRIES):
        there = services.rows.review(clip.project_id, clip.clip_key)
        if there is not None and there.verdict is word.verdict:
            return there
        review = Review(
            version=there.version if there else 0,
            project_id=clip.project_id,
            clip_key=clip.clip_key,
            stem=clip.stem,
            verdict=word.verdict,
            reason=word.reason,
            by=by,
            at=services.now().isoformat(),
            checks=tuple(c.name for c in clip.result.checks if c.verdict == "fail"),
        )
        with suppress(Conflict):  # somebody else said something at this very moment: look again
            return services.rows.save_review(review)
    raise Conflict(f"the review of clip {clip.stem} is too busy")


def _reject(services: Services, clip: ClipRow, review: Review) -> None:
    with suppress(Conflict):  # told twice at once: one of them has written it
        services.rows.save_clip(
            clip.moved(
                ClipStatus.REJECTED,
                reasons=(review.rejection, *clip.result.reasons),
            )
        )


def _tell(services: Services, drop: DropKey, error: InvalidInput) -> None:
    """Answer beside the dropped file; the batch's own answers speak of something else."""
    services.objects.write(
        services.drop_bucket,
        drop.folder.key(REVIEW_NAME),
        f"# Review not taken\n\n- {error.message}\n".encode(),
        content_type="text/markdown; charset=utf-8",
    )
