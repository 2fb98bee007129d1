"""The body of a submit, with the files in it as the provider takes them."""

from collections.abc import Callable
from typing import Any

from shared.jobs.request import MediaInput, VideoRequest
from shared.providers.contract import Declaration, JobContext
from shared.providers.dialect import compose
from shared.providers.media import write_media


def _alone(text: str, item: MediaInput) -> Any:
    del item
    return text


def write_body(
    declaration: Declaration,
    request: VideoRequest,
    context: JobContext,
    *,
    around: Callable[[str, MediaInput], Any] = _alone,
) -> dict[str, Any]:
    """The body, in the words of the provider and model.

    Parameters
    ----------
    around : what a file's text (an address, a data URI, base64) is put into, where it does not
        stand alone.

    Raises
    ------
    RequestNotPossible : the model lacks a field, lacks a value, or a value does not fit.
    """

    def written(field: str, item: MediaInput) -> Any:
        return around(write_media(declaration, item, field, context.uploaded), item)

    return compose(declaration.name, context.model, request, written)
