"""InspectClip: look at the delivered file as a viewer would."""

from typing import Any

from lambdas.wiring import Event, clip_item, logged, services
from shared.pipeline.inspect import inspect_clip


@logged
def handler(event: Event, _context: Any) -> Event:
    return {"verdict": inspect_clip(services(), clip_item(event))}
