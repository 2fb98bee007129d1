"""PrepareClip: hold one clip's request against its decoded keyframe."""

from typing import Any

from lambdas.jobs_wiring import routed_services
from lambdas.wiring import Event, clip_item, logged
from shared.pipeline.prepare import prepare_clip


@logged
def handler(event: Event, _context: Any) -> Event:
    return prepare_clip(routed_services(), clip_item(event)).model_dump(mode="json")
