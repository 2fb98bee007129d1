"""PrepareClip: hold one clip's request against its decoded keyframe."""

from typing import Any

from shared.pipeline.prepare import prepare_clip

from lambdas.wiring import Event, clip_item, logged, services


@logged
def handler(event: Event, _context: Any) -> Event:
    return prepare_clip(services(), clip_item(event)).model_dump(mode="json")
