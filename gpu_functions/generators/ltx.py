"""LTX-Video 0.9.x: keyframes at any moment of the clip, or none."""

from typing import Any

from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.words import common_arguments


class LtxGenerator(DiffusersGenerator):
    """The first frame and the last are conditions like any other, at their place in the clip."""

    pipeline_name = "LTXConditionPipeline"

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        pictures = {0: request.image, request.num_frames - 1: request.last_frame}
        conditions = [
            LTXVideoCondition(image=picture, frame_index=index)
            for index, picture in pictures.items()
            if picture is not None
        ]
        return common_arguments(request) | {
            "conditions": conditions or None,
            "frame_rate": float(request.fps),
        }
