"""What a call asks, and what it gets."""

from pathlib import Path
from typing import Any

from pydantic import Field

from shared.clip import Document, InputFile, ObjectRef, Operation, SceneWords
from shared.routing.presets import DEFAULT_PRESET


class GenerateRequest(Document):
    """One clip (seeds C02–C33).

    Attributes
    ----------
    project : whose budget and policy hold.
    route : presets and models, best first.
    prompt, scene : of these one, or neither; a scene is put into words by a language model.
    image, last_frame, mask, audio : files on this machine.
    duration_sec : 5 unless said; a talking avatar takes its sound's.
    params : the model's own extras.
    """

    operation: Operation
    project: str
    route: tuple[str, ...] = (DEFAULT_PRESET,)
    prompt: str = Field("", max_length=4000)
    scene: SceneWords | None = None
    negative_prompt: str | None = Field(None, max_length=4000)
    image: Path | None = None
    last_frame: Path | None = None
    mask: Path | None = None
    audio: Path | None = None
    duration_sec: float | None = Field(None, gt=0, le=600)
    resolution: str | None = None
    aspect: str | None = None
    seed: int | None = Field(None, ge=0, le=2**32 - 1)
    guidance: float | None = None
    enable_prompt_expansion: bool = True
    params: dict[str, Any] = Field(default_factory=dict)


class Generated(Document):
    """A clip that was made, as its model delivered it (C13, C30).

    Attributes
    ----------
    file : the video in the work bucket.
    cost_usd : what the provider charged as it reports it, else the estimate.
    reused : the same call had been made before, and nothing was paid this time.
    prompt : what was sent; `prompt_written_by` as in a clip's metadata.
    """

    file: ObjectRef
    job_id: str
    model: str
    provider: str
    prediction_id: str
    cost_usd: float
    reused: bool
    operation: Operation
    prompt: str
    prompt_written_by: str
    prompt_expansion: bool | None
    duration_sec: float | None
    resolution: str | None
    inputs: dict[str, InputFile]
    why: tuple[str, ...]
