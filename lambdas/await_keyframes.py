"""AwaitKeyframes: look once whether every keyframe has arrived."""

from typing import Any

from lambdas.wiring import Event, logged, run_ref, services
from shared.pipeline.keyframes import await_keyframes


@logged
def handler(event: Event, _context: Any) -> Event:
    return await_keyframes(services(), run_ref(event)).model_dump(mode="json")
