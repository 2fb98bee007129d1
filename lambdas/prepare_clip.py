"""PrepareClip: hold one clip's request against its decoded keyframe; open its first attempt."""

from typing import Any

from lambdas.jobs_wiring import routed_services
from lambdas.wiring import Event, clip_item, jobs_store, logged
from shared.pipeline.prepare import prepare_clip


@logged
def handler(event: Event, _context: Any) -> Event:
    house = routed_services()
    return prepare_clip(house, jobs_store(house), clip_item(event)).model_dump(mode="json")
