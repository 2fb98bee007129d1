"""FinishClip: render the camera move and encode it, in one pass."""

from typing import Any

from lambdas.wiring import Event, clip_item, jobs_store, logged, services
from shared.pipeline.finish import finish_clip


@logged
def handler(event: Event, _context: Any) -> Event:
    house = services()
    finish_clip(house, jobs_store(house), clip_item(event))
    return {}
