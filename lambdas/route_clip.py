"""RouteClip: try the next model, let the camera take over, hold, or give up."""

from typing import Any

from lambdas.jobs_wiring import routed_services
from lambdas.wiring import Event, clip_item, jobs_store, logged
from shared.pipeline.route import route_clip


@logged
def handler(event: Event, _context: Any) -> Event:
    house = routed_services()
    return route_clip(house, jobs_store(house), clip_item(event)).model_dump(mode="json")
