"""One clip, fully decided: what is to be made, with nothing left to guess.

`ClipRequest` is what a manifest asks for after defaults, aliases and sidecars are merged; it is
still ignorant of pixels. `ClipPlan` is that request held against the decoded keyframe: exact size,
exact frame count, exact rectangles. Both are documents (they travel as JSON through the work bucket
and `ClipPlan` is published as `<stem>.video_manifest.json`), so both are pydantic models.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from shared.motion.rect import Rect

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Document(BaseModel):
    """Base of every document of ours: frozen, and strict about unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MotionType(StrEnum):
    """How the camera moves (seed B012; pan_up, pan_down and custom are our extension)."""

    STATIC = "static"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    PAN_UP = "pan_up"
    PAN_DOWN = "pan_down"
    CUSTOM = "custom"


class Easing(StrEnum):
    """How the camera gathers and loses speed (seed B038)."""

    LINEAR = "linear"
    EASE_IN = "ease_in"
    EASE_OUT = "ease_out"
    EASE_IN_OUT = "ease_in_out"


class Operation(StrEnum):
    """What kind of clip is asked for."""

    CAMERA_MOVE = "camera_move"
    IMAGE_TO_VIDEO = "image_to_video"
    SCENE_ANIMATION = "scene_animation"
    TALKING_AVATAR = "talking_avatar"
    TEXT_TO_VIDEO = "text_to_video"


class CameraStrategy(StrEnum):
    """How a clip's camera path comes about (X-05).

    `rendered`: the camera follows it itself. `words`: told to the model in its prompt, for a clip
    from words alone. `start_crop`: told so too, and the model starts from the first view.
    `start_end_crop`: it is given the last view as well, as the frame to end on. `virtual_camera`:
    it is given all that the path shows and told to stand still; finishing follows the path over
    its frames. `auto`: whichever of them the model can do best.
    """

    AUTO = "auto"
    RENDERED = "rendered"
    WORDS = "words"
    START_CROP = "start_crop"
    START_END_CROP = "start_end_crop"
    VIRTUAL_CAMERA = "virtual_camera"


class RateControl(StrEnum):
    """How the encoder spends its bits (seed X-17)."""

    CRF = "crf"
    CAPPED = "capped"
    AVERAGE = "average"


class Interpolation(StrEnum):
    """How frames are made when the rendered rate is not the delivered one."""

    NONE = "none"
    MINTERPOLATE = "minterpolate"


class Stabilise(StrEnum):
    """Camera shake removal after rendering (seed B062)."""

    NONE = "none"
    DESHAKE = "deshake"


class ObjectRef(Document):
    """One version of one S3 object."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str = ""
    size: int = 0

    @property
    def name(self) -> str:
        return self.key.rsplit("/", 1)[-1]


class MotionRequest(Document):
    """The camera move as asked for; rectangles may still be open."""

    type: MotionType = MotionType.STATIC
    start_rect: Rect | None = None
    end_rect: Rect | None = None
    duration_sec: float = 4.0
    easing: Easing = Easing.EASE_IN_OUT
    intensity: Probability | None = None
    strategy: CameraStrategy = CameraStrategy.AUTO


class CodecProfile(Document):
    """H.265 master and H.264 proxy settings (seed B064, X-16, X-17)."""

    rate_control: RateControl = RateControl.CRF
    crf: int = Field(23, ge=0, le=51)
    preset: str = "medium"
    bitrate_kbps: int | None = Field(None, ge=50, le=200_000)
    proxy_height: int = Field(540, ge=120, le=1080)


class FinishRequest(Document):
    """Everything between the rendered frames and the delivered file."""

    fps: float = 30.0
    interpolation: Interpolation = Interpolation.NONE
    stabilise: Stabilise = Stabilise.NONE
    lut: str | None = None
    codec: CodecProfile = CodecProfile()
    aspect: str | None = None


class ScoreAction(StrEnum):
    """What a keyframe's low score leads to, from mild to strict (seed B009)."""

    IGNORE = "ignore"
    FLAG = "flag"
    REJECT = "reject"

    @property
    def strictness(self) -> int:
        return list(ScoreAction).index(self)


class ScoringRequest(Document):
    """The least score that the manifest asks for; it can only be stricter than the project."""

    policy: ScoreAction | None = None
    min_score: Probability | None = None


class SceneWords(Document):
    """What a prompt is to be written from, in the creator's words."""

    scene: str = ""
    story: str = ""
    style: str = ""


class ClipRequest(Document):
    """What the manifest asks for one clip, defaults and sidecars merged in.

    `image_path` is empty for a clip made from words alone. Of `prompt` and `scene` at most one is
    there. `audio`, `mask_image` and `last_frame` are paths beside the manifest.
    """

    stem: str
    image_path: str = ""
    operation: Operation = Operation.CAMERA_MOVE
    motion: MotionRequest = MotionRequest()
    resolution: str = "auto"
    finish: FinishRequest = FinishRequest()
    route: tuple[str, ...] = ("camera_move",)
    generation_params: dict[str, Any] = Field(default_factory=dict)
    prompt: str | None = None
    scene: SceneWords | None = None
    negative_prompt: str | None = None
    scoring: ScoringRequest = ScoringRequest()
    enable_prompt_expansion: bool = True
    guidance: float | None = None
    audio: str | None = None
    mask_image: str | None = None
    last_frame: str | None = None
    source: dict[str, str] = Field(default_factory=dict, description="where each block came from")

    @property
    def files(self) -> dict[str, str]:
        """The files beside the keyframe that go to the model, by field."""
        named = {name: getattr(self, name) for name in FILE_FIELDS}
        return {name: path for name, path in named.items() if path is not None}


FILE_FIELDS = ("audio", "mask_image", "last_frame")
"""Fields that name a file to be handed to the model beside the keyframe."""


class Deviation(Document):
    """A forced change: what was asked, what runs instead, and why (promise 4)."""

    field: str
    asked: Any
    used: Any
    reason: str


class MotionPlan(Document):
    """The camera move as it will run."""

    type: MotionType
    start_rect: Rect
    end_rect: Rect
    duration_sec: float
    easing: Easing
    intensity: Probability | None = None
    peak_speed: float = Field(description="viewport widths per second, peak under easing")


class InputFile(Document):
    """A file that goes to the model beside the keyframe."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    duration_sec: float | None = None


class Generation(Document):
    """What a model is asked for: the words and numbers that are sent, and who wrote the words.

    `prompt_written_by` is `creator`, the language model's service, or `template`; `prompt_model`
    names the language model, `prompt_note` says why it was not asked or not heard.
    `prompt_expansion` says whether the provider elaborates the prompt; None where it cannot.
    """

    prompt: str = ""
    prompt_written_by: str = ""
    prompt_model: str = ""
    prompt_note: str = ""
    negative_prompt: str | None = None
    prompt_expansion: bool | None = None
    guidance: float | None = None
    seed: int | None = None
    duration_sec: float | None = None
    resolution: str | None = None
    inputs: dict[str, InputFile] = Field(default_factory=dict)


class ClipPlan(Document):
    """A clip held against its decoded keyframe: exact in every number.

    `width`, `height` are delivered pixels (even); `frame_count` frames at `fps` (X-09). A clip made
    from words alone has no keyframe. `keeps_sound`: the sound of the model's file is delivered too.
    """

    schema_version: str = "1"
    project_id: str
    batch_id: str
    stem: str
    clip_key: str = Field(description="content hash of pixels and settings; names the artefacts")
    keyframe: ObjectRef | None = None
    keyframe_sha256: str = ""
    keyframe_size: tuple[int, int] | None = None
    model: str = "camera_move"
    model_revision: str
    engine: str = "camera_move"
    why_this_model: tuple[str, ...] = ()
    camera_strategy: CameraStrategy = Field(
        CameraStrategy.RENDERED, description="how the camera path is realised (X-05)"
    )
    camera_view: Rect | None = Field(
        None, description="what the model shows of the keyframe, where a virtual camera follows"
    )
    operation: Operation
    motion: MotionPlan
    width: int
    height: int
    fps: str = Field(description="exact rate as a fraction, for example 30 or 30000/1001")
    frame_count: int
    finish: FinishRequest
    generation_params: dict[str, Any] = Field(default_factory=dict)
    prompt: str | None = None
    scene: SceneWords | None = None
    negative_prompt: str | None = None
    generation: Generation | None = None
    keeps_sound: bool = False
    deviations: tuple[Deviation, ...] = ()
    warnings: tuple[str, ...] = ()
