"""CheckManifest: read the manifest, or say everything that is wrong with it."""

from typing import Any

from lambdas.wiring import Event, logged, run_ref, services
from shared.pipeline.check import check_manifest


@logged
def handler(event: Event, _context: Any) -> Event:
    return check_manifest(services(), run_ref(event)).model_dump(mode="json")
