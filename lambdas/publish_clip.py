"""PublishClip: the clip and all that belongs to it, into the library."""

from typing import Any

from lambdas.observability import count
from lambdas.wiring import Event, clip_item, logged, services
from shared.metrics import CLIPS_DONE, CLIPS_FAILED
from shared.pipeline.publish import publish_clip


@logged
def handler(event: Event, _context: Any) -> Event:
    published = publish_clip(services(), clip_item(event))
    count(CLIPS_DONE)
    count(CLIPS_FAILED, 0)
    return published.model_dump(mode="json")
