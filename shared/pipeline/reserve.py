"""ReserveBudget: what a batch may cost is set aside before its first paid call, or it is refused.

It is asked once the plan is made, and again whenever the wait for a person's answer is over. All
that it decides from is in the books, so a retry or a redrive comes to the same answer.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum

from shared.aws_cost import Usage
from shared.batch import BatchState
from shared.budget.estimate import BatchEstimate, ClipEstimate, candidate_price, estimate_batch
from shared.budget.money import MicroUsd, usd_text
from shared.budget.notices import approval_notice
from shared.budget.project import Project
from shared.clip import ClipRequest, Document, ObjectRef
from shared.errors import InvalidInput
from shared.keys import made_key
from shared.notices import Notification
from shared.pipeline.choosing import rank_clip, video_request
from shared.pipeline.materials import outlined
from shared.pipeline.plan import ClipOrder
from shared.pipeline.problems import keep_problems
from shared.pipeline.runs import current_run, enter_state
from shared.pipeline.services import RunRef, Services
from shared.pipeline.status import write_status
from shared.pipeline.till import Till
from shared.routing.ranking import Ranking

READERS = 16


class Next(StrEnum):
    """Where the workflow goes from here."""

    RENDER = "render"
    ASK = "ask"
    WAIT = "wait"


class Reserved(Document):
    """The answer of `reserve_budget`; `notification` goes with `ask` alone."""

    next: Next
    notification: Notification | None = None


def reserve_budget(services: Services, till: Till, run: RunRef) -> Reserved:
    """Set a batch's money aside; above the project's threshold a person is asked first.

    The money is set aside before the question: who says yes must not find it gone.

    Raises
    ------
    BudgetExceeded : the month does not hold it; nothing was set aside.
    ApprovalDenied, ApprovalExpired : a person said no, or nobody answered.
    BatchCancelled : CANCEL was dropped meanwhile.
    """
    current_run(services, run)
    try:
        estimate = estimate_run(services, run)
        project = till.ledger.store.project(run.project_id) or Project(name=run.project_id)
        if estimate.to_reserve:
            till.ledger.hold_batch(run.folder, run.run_id, estimate.to_reserve)
        if not project.must_be_asked(estimate.to_reserve):
            return Reserved(next=Next.RENDER)
        return _ask(services, till, run, estimate, project.approve_above or 0)
    except InvalidInput as error:
        keep_problems(services, run, error.problems)
        raise


def estimate_run(services: Services, run: RunRef) -> BatchEstimate:
    """Rank and price every clip of a plan; what was made before costs nothing.

    Pixels are not decoded for it: where a manifest leaves size or aspect open, 16:9 is taken. A job
    that needs more than was thought draws the rest from the month.
    """
    items = services.objects.list(services.work_bucket, f"runs/{run.run_id}/requests/")
    with ThreadPoolExecutor(READERS) as pool:
        orders = pool.map(lambda ref: _open_order(services, ref), items)
        clips = tuple(_price_each(services, run, filter(None, orders)))
    return estimate_batch(clips, Usage())


def _open_order(services: Services, ref: ObjectRef) -> ClipOrder | None:
    """The order, unless it was made before."""
    order = ClipOrder.model_validate_json(services.objects.read(ref))
    made = services.objects.head(services.work_bucket, made_key(order.order_key))
    return None if made else order


def _price_each(
    services: Services, run: RunRef, orders: Iterator[ClipOrder]
) -> Iterator[ClipEstimate]:
    """Estimates; clips that ask for the same thing are ranked once."""
    known: dict[str, ClipEstimate] = {}
    for order in orders:
        request = order.request
        try:
            outline = outlined(services, order)
            size = outline.picture.size
            asked = video_request(request, size, outline).model_dump_json()
            same = f"{request.route}{bool(request.prompt)}{asked}"
            if same not in known:
                ranking = rank_clip(services, run.project_id, request, size, outline)
                known[same] = _price(request, ranking)
            priced = known[same]
        except InvalidInput as error:  # this clip will be refused by itself, and costs nothing
            seconds = request.motion.duration_sec
            priced = ClipEstimate(request.stem, seconds, request.route, (), error.message)
        yield replace(priced, stem=request.stem)


def _price(request: ClipRequest, ranking: Ranking) -> ClipEstimate:
    ranking.best_or_raise()
    candidates = tuple(candidate_price(each) for each in ranking.candidates)
    return ClipEstimate(request.stem, request.motion.duration_sec, ranking.route, candidates)


def _ask(
    services: Services, till: Till, run: RunRef, estimate: BatchEstimate, threshold: MicroUsd
) -> Reserved:
    approval, new = till.questions.ask(
        run.folder, run.run_id, estimate=estimate.to_reserve, threshold=threshold
    )
    if till.questions.may_go_on(run.folder, run.run_id):
        till.ledger.approve_batch(run.project_id, run.run_id, approval.decided_by)
        enter_state(services, run, BatchState.RENDERING, message="")
        write_status(services, run.folder, force=True)
        return Reserved(next=Next.RENDER)
    message = (
        f"may cost {usd_text(approval.estimate)}, above the {usd_text(approval.threshold)} that "
        f"need no approval: drop an empty file `APPROVED` or `DENIED` into {run.folder.prefix}, "
        f"by {approval.expires_at}"
    )
    enter_state(services, run, BatchState.AWAITING_APPROVAL, message=message)
    write_status(services, run.folder, force=True)
    if not new:
        return Reserved(next=Next.WAIT)
    links = {**services.links(run.folder, run.run_id), **till.links(approval)}
    return Reserved(
        next=Next.ASK, notification=approval_notice(approval, estimate.breakdown(), links)
    )
