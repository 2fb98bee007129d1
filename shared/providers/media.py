"""How an input file is written into a request."""

import base64
from collections.abc import Mapping

from shared.errors import Problem
from shared.jobs.request import MediaInput
from shared.providers.contract import Declaration, RequestNotPossible, Transport


def choose_transport(declaration: Declaration, item: MediaInput) -> Transport:
    """The first declared way that this file can go.

    Raises
    ------
    RequestNotPossible : there is none, for example because it is too large to travel inside.
    """
    for transport in declaration.transports:
        if transport is Transport.URL:
            fits = item.url is not None
        elif transport is Transport.UPLOAD:
            fits = item.data is not None
        else:
            fits = item.data is not None and len(item.data) <= declaration.inline_limit_bytes
        if fits:
            return transport
    ways = ", ".join(declaration.transports)
    message = f"{declaration.name} takes files by {ways}, and {item.name} can go by none of them."
    hint = f"Inside a request at most {declaration.inline_limit_bytes} bytes may travel."
    raise RequestNotPossible(message, problems=[Problem(item.name, message, hint, "media")])


def write_media(
    declaration: Declaration, item: MediaInput, field: str, uploaded: Mapping[str, str]
) -> str:
    """The file as one string: an address, a data URI, or base64."""
    transport = choose_transport(declaration, item)
    if transport is Transport.UPLOAD:
        return uploaded[field]
    if transport is Transport.URL and item.url is not None:
        return item.url
    text = base64.b64encode(item.data or b"").decode()
    return f"data:{item.content_type};base64,{text}" if transport is Transport.DATA_URI else text
