"""Manifest schema, version 1: what a creator may write (seed B037, X-11).

Every field is optional but `keyframes` and each one's `image_path`, or its `name` where a clip is
made from words alone; null says the same as leaving a field out. Names other than these canonical
ones are translated before (see `aliases`).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Strict, Tag

from shared.clip import (
    Easing,
    Interpolation,
    MotionType,
    Operation,
    RateControl,
    ScoreAction,
    Stabilise,
)
from shared.manifest.fields import (
    Aspect,
    ClipName,
    EncoderPreset,
    FolderName,
    Fps,
    ImagePath,
    LutPath,
    Number,
    Prompt,
    RectValue,
    ResolutionName,
    Route,
    SchemaVersion,
    SoundPath,
    Whole,
)

MAX_KEYFRAMES = 10_000
SCHEMA_VERSION = "1"

NOT_YET_AVAILABLE = ("speech", "safety", "review")
"""Blocks of the manifest that the design promises and this version does not act on yet."""


class Block(BaseModel):
    """A part of the manifest: unknown names are refused, values never change after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


AskedStrategy = Literal["auto", "start_crop", "start_end_crop", "virtual_camera"]


class Motion(Block):
    """The camera's way over the keyframe."""

    type: MotionType | None = Field(None, description="how the camera moves")
    start_rect: RectValue | None = Field(
        None,
        description="where the camera starts: x1, y1, x2, y2 as fractions, from the top left",
        examples=[[0.1, 0.1, 0.9, 0.9]],
    )
    end_rect: RectValue | None = Field(
        None, description="where the camera ends", examples=[[0.3, 0.3, 0.7, 0.7]]
    )
    duration_sec: Annotated[Number, Field(ge=0.2, le=60)] | None = Field(
        None, description="length of the clip in seconds", examples=[6.0]
    )
    easing: Easing | None = Field(None, description="how the camera gathers and loses speed")
    intensity: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        None, description="how strong the move is, where no rectangle says it", examples=[0.5]
    )
    strategy: AskedStrategy | None = Field(
        None, description="how a model comes to the move; `auto` unless said"
    )


class GenerationParams(Block):
    """Settings of the video model."""

    model: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="the model to use; sets `route` where none is given"
    )
    motion_bucket_id: Annotated[Whole, Field(ge=1, le=255)] | None = Field(
        None, description="how much a Stable Video Diffusion model moves", examples=[127]
    )
    fps: Fps | None = Field(
        None, description="delivered frame rate, where `finish.fps` does not say it", examples=[30]
    )
    noise_aug_strength: Annotated[Number, Field(ge=0, le=0.1)] | None = Field(
        None, description="noise added to the keyframe", examples=[0.02]
    )
    seed: Annotated[Whole, Field(ge=0, le=2**32 - 1)] | None = Field(
        None, description="makes a generated clip repeatable", examples=[42]
    )
    num_frames: Annotated[Whole, Field(ge=1, le=3600)] | None = Field(
        None, description="frames that the model makes, before any interpolation"
    )
    decode_chunk_size: Annotated[Whole, Field(ge=1, le=256)] | None = Field(
        None, description="frames decoded at once; less needs less GPU memory", examples=[8]
    )
    gpu: Literal["rtx4090", "a100", "h100"] | None = Field(
        None, description="class of GPU that an open model is to run on"
    )
    vram_cap_gb: Annotated[Number, Field(ge=4, le=80)] | None = Field(
        None, description="what it may use of a larger GPU's memory", examples=[24]
    )
    num_inference_steps: Annotated[Whole, Field(ge=1, le=200)] | None = Field(
        None, description="denoising steps", examples=[25]
    )
    min_guidance_scale: Annotated[Number, Field(ge=0, le=50)] | None = Field(
        None, description="guidance at the first frame", examples=[1.0]
    )
    max_guidance_scale: Annotated[Number, Field(ge=0, le=50)] | None = Field(
        None, description="guidance at the last frame", examples=[3.0]
    )


class Codec(Block):
    """Encoder settings of the H.265 master and the H.264 proxy."""

    rate_control: RateControl | None = Field(None, description="how the encoder spends its bits")
    crf: Annotated[Whole, Field(ge=0, le=51)] | None = Field(
        None, description="constant quality; less is better and larger", examples=[23]
    )
    preset: EncoderPreset | None = Field(None, description="encoder speed; slower is smaller")
    bitrate_kbps: Annotated[Whole, Field(ge=50, le=200_000)] | None = Field(
        None, description="target or cap in kbit/s", examples=[8000]
    )
    proxy_height: Annotated[Whole, Field(ge=120, le=1080)] | None = Field(
        None, description="height of the proxy in pixels", examples=[540]
    )


class Finish(Block):
    """Everything between the made frames and the delivered file."""

    fps: Fps | None = Field(None, description="delivered frame rate", examples=[30])
    interpolation: Interpolation | None = Field(
        None, description="how frames between made frames are found"
    )
    stabilise: Stabilise | None = Field(None, description="removal of camera shake")
    lut: LutPath | None = Field(
        None, description="colour table beside the manifest", examples=["look.cube"]
    )
    codec: Codec | None = Field(None, description="encoder settings")
    aspect: Aspect | None = Field(None, description="delivered shape", examples=["16:9"])


class Scoring(Block):
    """What happens to a keyframe that scores low; it can only be stricter than the project's."""

    policy: ScoreAction | None = Field(
        None, description="reject it before anything is spent, flag it with a warning, or ignore it"
    )
    min_score: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        None, description="the least `video_viability_score`", examples=[0.4]
    )


class Scene(Block):
    """What a language model writes the prompt from (seed C15, C16)."""

    scene: Prompt | None = Field(None, description="what is seen in the clip")
    story: Prompt | None = Field(None, description="what the clip is a part of")
    style: Prompt | None = Field(None, description="how it should look and feel")


TEXT, SCENE = "(text)", "(scene)"
UNION_TAGS = frozenset({TEXT, SCENE})
"""Which kind of prompt was read; not a place that a creator wrote."""


def _kind_of_prompt(value: Any) -> str:
    return SCENE if isinstance(value, dict | Scene) else TEXT


PromptOrScene = Annotated[
    Annotated[Prompt, Tag(TEXT)] | Annotated[Scene, Tag(SCENE)], Discriminator(_kind_of_prompt)
]


class ClipSettings(Block):
    """Everything that can be said about a clip but which keyframe it is made from."""

    motion: Motion | None = Field(None, description="the camera's way over the keyframe")
    generation_params: GenerationParams | None = Field(
        None, description="settings of the video model"
    )
    operation: Operation | None = Field(None, description="what kind of clip is made")
    route: Route | None = Field(
        None, description="models to try, best first", examples=["camera_move"]
    )
    resolution: ResolutionName | None = Field(None, description="delivered height")
    finish: Finish | None = Field(None, description="frame rate, look and encoding")
    prompt: PromptOrScene | None = Field(
        None, description="what happens in the clip, or a scene to write that from"
    )
    negative_prompt: Prompt | None = Field(None, description="what must not happen")
    scoring: Scoring | None = Field(None, description="what a low-scoring keyframe leads to")
    enable_prompt_expansion: Annotated[bool, Strict()] | None = Field(
        None, description="may the model's provider elaborate the prompt; true unless said"
    )
    guidance: Annotated[Number, Field(ge=0, le=50)] | None = Field(
        None,
        description="how closely the prompt is followed, on the model's own scale; 0 to 1 for "
        "`scene_animation`, 0.5 unless said",
        examples=[0.5],
    )
    audio: SoundPath | None = Field(
        None, description="sound beside the manifest: what is spoken, or moved to"
    )
    mask_image: ImagePath | None = Field(
        None, description="picture beside the manifest: white where the keyframe may move"
    )
    last_frame: ImagePath | None = Field(
        None, description="picture beside the manifest: how the clip ends"
    )


class Keyframe(ClipSettings):
    """One clip: its keyframe, and what differs from the defaults."""

    image_path: ImagePath | None = Field(
        None,
        description="the keyframe, relative to the manifest's folder",
        examples=["img_001.png"],
    )
    name: ClipName | None = Field(
        None, description="what a clip without a keyframe is called", examples=["opening"]
    )


class Sidecar(ClipSettings):
    """A keyframe's own `<stem>.motion.json`, as the motion editor writes it (seed B031)."""

    schema_version: SchemaVersion | None = Field(None, description="version of this format")
    # Only its stem is looked at: an editor on a desk writes a path that means nothing in a bucket.
    image_path: Annotated[str, Field(max_length=1024)] | None = Field(
        None, description="the keyframe that the sidecar was made for"
    )


class Head(Block):
    """The manifest but for its keyframes."""

    schema_version: SchemaVersion | None = Field(
        None, description="version of this format", examples=[SCHEMA_VERSION]
    )
    project_id: FolderName | None = Field(
        None, description="must equal the project's folder", examples=["video_gen_001"]
    )
    batch_id: FolderName | None = Field(
        None, description="must equal the batch's folder", examples=["20250704_143022"]
    )
    defaults: ClipSettings | None = Field(None, description="settings of every clip")


class Manifest(Head):
    """A batch of clips to make."""

    keyframes: list[Keyframe] = Field(
        min_length=1, max_length=MAX_KEYFRAMES, description="the clips, one keyframe each"
    )
