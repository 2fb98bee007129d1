"""AnimateDiff: a motion adapter in Stable Diffusion 1.5, held to the keyframe by SparseCtrl."""

from typing import Any

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.words import common_arguments


class AnimateDiffGenerator(DiffusersGenerator):
    """The keyframe conditions the first frame only; the adapter carries it on."""

    pipeline_name = "AnimateDiffSparseControlNetPipeline"
    words_alone = "AnimateDiffPipeline"
    denoisers = ("unet", "controlnet")

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        arguments = common_arguments(request)
        if request.image is None:
            arguments.pop("controlnet_conditioning_scale", None)
            return arguments
        return arguments | {
            "conditioning_frames": [request.image],
            "controlnet_frame_indices": [0],
        }
