"""A clip's draft, everything but who makes it; and its plan, kept for the stages after."""

from collections.abc import Mapping
from dataclasses import replace

from shared.clip import ClipPlan, ObjectRef
from shared.keys import ArtefactKeys
from shared.pipeline.choosing import rank_clip
from shared.pipeline.decide import Draft, decide_shape
from shared.pipeline.materials import read_materials, settled
from shared.pipeline.plan import ClipOrder
from shared.pipeline.reference import write_reference
from shared.pipeline.services import ClipItem, Services
from shared.prompting import WrittenPrompt
from shared.prompting.brief import CREATOR
from shared.report.thumbs import keyframe_thumb
from shared.routing.ranking import Ranking
from shared.scoring.policy import stricter
from shared.video.lut import parse_cube


def read_order(services: Services, item: ClipItem) -> ClipOrder:
    ref = ObjectRef(bucket=services.work_bucket, key=item.run.work.request(item.index))
    return ClipOrder.model_validate_json(services.objects.read(ref))


def draft_clip(services: Services, project: str, order: ClipOrder) -> Draft:
    """Read the clip's files, and settle everything that does not depend on its maker.

    Raises
    ------
    KeyframeMissing, KeyframeUnreadable, MotionUnsafe, InvalidInput
    """
    materials = read_materials(services, order)
    request = settled(order.request, materials)
    creator = WrittenPrompt(text=request.prompt, by=CREATOR) if request.prompt else None
    return Draft(
        order=order,
        request=request,
        materials=materials,
        shape=decide_shape(request, materials.picture),
        written=creator,
        lut_sha256=lut_hash(services, order),
        deviations=stricter(services.scoring(project), request.scoring)[1],
    )


def rank_draft(
    services: Services, project: str, draft: Draft, health: Mapping[str, str] | None = None
) -> Ranking:
    """Who may make the clip; `health` names engines that are paused, and why."""
    return rank_clip(services, project, draft.request, draft.shape.size, draft.materials, health)


def with_prompt(draft: Draft, written: WrittenPrompt) -> Draft:
    """The draft with its prompt written."""
    request = draft.request.model_copy(update={"prompt": written.text})
    return replace(draft, request=request, written=written)


def lut_hash(services: Services, order: ClipOrder) -> str:
    """Hash of the colour table, which is read here so that a bad one costs no rendering."""
    if order.lut is None:
        return ""
    return parse_cube(services.objects.read(order.lut), order.lut.name).sha256


def read_plan(services: Services, item: ClipItem) -> ClipPlan:
    """The plan as it was written last."""
    ref = ObjectRef(bucket=services.work_bucket, key=item.run.work.plan(item.index))
    return ClipPlan.model_validate_json(services.objects.read(ref))


def write_plan(services: Services, item: ClipItem, plan: ClipPlan, draft: Draft) -> None:
    """Keep the plan for the stages after this one, with what report and inspection look at."""
    services.objects.write(
        services.work_bucket,
        item.run.work.plan(item.index),
        plan.model_dump_json().encode(),
        content_type="application/json",
    )
    if not draft.materials.has_keyframe:
        return
    rgb = draft.materials.picture.rgb
    write_reference(services, plan, rgb, draft.order.lut)
    services.objects.write(
        services.work_bucket,
        ArtefactKeys(plan.clip_key).thumb,
        keyframe_thumb(rgb),
        content_type="image/jpeg",
    )
