"""What is asked of a video model: one envelope for all operations (seed X-23)."""

from typing import Any

from pydantic import Field

from shared.clip import Document, Operation


class MediaInput(Document):
    """One input file, as an adapter may hand it over: by URL, or by its bytes.

    `url` is a presigned GET; `data` is filled only for adapters that declare they need the bytes.
    """

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    url: str | None = None
    data: bytes | None = Field(None, repr=False)
    width: int | None = None
    height: int | None = None
    duration_sec: float | None = None


class Delivery(Document):
    """What the clip will be once it is finished; our own GPUs work towards it.

    `interpolation` is the method by which frames are brought to the delivered rate.
    """

    width: int
    height: int
    fps: str
    duration_sec: float
    interpolation: str = "best"


class VideoRequest(Document):
    """One clip to be generated, in the field's words; adapters translate.

    `model` is the catalogue's id of the candidate. Numbers are in the units of their names;
    `guidance` is 0–1 where the catalogue says so, else the model's own scale.
    """

    operation: Operation
    model: str
    prompt: str = ""
    negative_prompt: str | None = None
    image: MediaInput | None = None
    last_frame: MediaInput | None = None
    audio: MediaInput | None = None
    mask: MediaInput | None = None
    duration_sec: float | None = None
    resolution: str | None = None
    aspect: str | None = None
    seed: int | None = None
    guidance: float | None = None
    enable_prompt_expansion: bool = True
    params: dict[str, Any] = Field(default_factory=dict, description="namespaced extras")
    delivery: Delivery | None = None
