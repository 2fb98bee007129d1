"""One ordinary job for each provider, and its key."""

import io
from dataclasses import dataclass

from PIL import Image

from shared.clip import Operation
from shared.jobs.request import MediaInput, VideoRequest

KEY = "key-of-the-tests-0123456789"


def picture(width: int = 320, height: int = 180, *, url: str | None = None) -> MediaInput:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (180, 60, 30)).save(buffer, "PNG")
    data = buffer.getvalue()
    return MediaInput(
        name="keyframe.png",
        content_type="image/png",
        size_bytes=len(data),
        sha256="0" * 64,
        url=url,
        data=data,
        width=width,
        height=height,
    )


def sound(url: str) -> MediaInput:
    return MediaInput(
        name="voice.wav", content_type="audio/wav", size_bytes=100, sha256="1" * 64, url=url
    )


@dataclass(frozen=True)
class Case:
    """How the tests use one provider."""

    model: str
    secrets: dict[str, str]
    settings: dict[str, str]


CASES = {
    "wavespeed": Case("alibaba/wan-2.5/image-to-video", {"WAVESPEED_API_KEY": KEY}, {}),
    "replicate": Case("wan-video/wan-2.5-i2v", {"REPLICATE_API_TOKEN": KEY}, {}),
    "fal": Case("fal-ai/kling-video/v2.5-turbo/pro/image-to-video", {"FAL_KEY": KEY}, {}),
    "runway": Case("gen4_turbo", {"RUNWAYML_API_SECRET": KEY}, {}),
    "google_veo": Case(
        "veo-3.1-fast-generate-001",
        {"GOOGLE_ACCESS_TOKEN": KEY},
        {"GOOGLE_CLOUD_PROJECT": "our-project"},
    ),
    "gemini_veo": Case("veo-3.1-fast-generate-preview", {"GEMINI_API_KEY": KEY}, {}),
    "luma_agents": Case("ray-3.2", {"LUMA_AGENTS_API_KEY": KEY}, {}),
    "kling": Case(
        "kling-v2-5-turbo/pro", {"KLING_ACCESS_KEY": "access", "KLING_SECRET_KEY": KEY}, {}
    ),
    "minimax": Case("MiniMax-Hailuo-2.3", {"MINIMAX_API_KEY": KEY}, {}),
}


def request(**changes: object) -> VideoRequest:
    """An image-to-video job of a second."""
    return VideoRequest(
        **{
            "operation": Operation.IMAGE_TO_VIDEO,
            "model": "any",
            "prompt": "waves roll in",
            "image": picture(),
            "duration_sec": 1.0,
            **changes,
        }
    )
