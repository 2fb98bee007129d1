"""One clip by one call, without a drop folder: the unified entry point of seed S2 (C01, X-23)."""

from shared.generate.errors import GenerationFailed, GenerationHeld
from shared.generate.generate import ai_video_generate
from shared.generate.request import Generated, GenerateRequest
from shared.generate.surroundings import Surroundings

__all__ = [
    "GenerateRequest",
    "Generated",
    "GenerationFailed",
    "GenerationHeld",
    "Surroundings",
    "ai_video_generate",
]
