"""What a model does not make exactly as asked: the next longer length, the nearest size."""

from collections.abc import Callable

from shared.catalog.can import ANY
from shared.catalog.capability import lines_of
from shared.catalog.model import ModelRow
from shared.catalog.pricing import Quote, Unpriced
from shared.jobs.request import VideoRequest

Pricer = Callable[[ModelRow, VideoRequest, str], Quote | Unpriced]
"""What a request costs with a model on an engine."""


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


def sized(row: ModelRow, request: VideoRequest, lines: int, price: Pricer) -> VideoRequest:
    """The request at the model's size nearest to the clip's, where nobody asked for one.

    Of two as near the smaller, which is cheaper. Sizes without a known price are passed over, and
    where none is left the model's default stays.
    """
    offered = row.capabilities.resolutions
    if request.resolution not in (None, "auto") or len(offered) < 2 or ANY in offered:
        return request
    for word in sorted(offered, key=lambda each: (abs(lines_of(each) - lines), lines_of(each))):
        option = request.model_copy(update={"resolution": word})
        asked = fitted(row, option)
        if any(isinstance(price(row, asked, engine), Quote) for engine in row.engines):
            return option
    return request
