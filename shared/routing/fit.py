"""A length that a model does not make: the next longer one, to be trimmed afterwards."""

from shared.catalog.model import ModelRow
from shared.jobs.request import VideoRequest


def fitted(row: ModelRow, request: VideoRequest) -> VideoRequest:
    """The request with the shortest length of this model that covers what is asked.

    Unchanged where the model makes that very length, or none as long: refusing is the capability
    check's business. Whoever uses the result trims the clip and records the deviation.
    """
    can, seconds = row.capabilities, request.duration_sec
    resolution = None if request.resolution == "auto" else request.resolution
    if seconds is None or can.duration_from_audio or can.makes_duration(seconds, resolution):
        return request
    covering = can.covering_duration(seconds, resolution)
    return request if covering is None else request.model_copy(update={"duration_sec": covering})
