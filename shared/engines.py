"""Every engine that a deployment has by its settings, and what the others still need."""

from collections.abc import Collection, Mapping

from shared.catalog.model import CAMERA_MOVE
from shared.gpu_jobs.engines import own_engines, own_needs
from shared.providers.engines import provider_needs, usable_engines


def available_engines(values: Mapping[str, str], queues: Collection[str]) -> frozenset[str]:
    """What a deployment can make clips with.

    Parameters
    ----------
    values : its settings and keys.
    queues : classes of GPU that it has a queue for.
    """
    return frozenset({CAMERA_MOVE}) | own_engines(values, queues) | usable_engines(values)


def engine_needs(values: Mapping[str, str], engine: str) -> str:
    """What is to be set before `engine` can be used, and where that is told; empty if nothing is.

    Empty too for an engine that no setting brings: it has no adapter.
    """
    return own_needs(values, engine) or provider_needs(values, engine)
