"""Stable Video Diffusion: a keyframe in, a short move out; no words."""

from typing import Any

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator


class SvdGenerator(DiffusersGenerator):
    """`min_guidance_scale` holds for the first frame and `max_guidance_scale` for the last.

    That keeps late frames from drifting (seed B056). The pipeline itself takes one from `fps`.
    """

    pipeline_name = "StableVideoDiffusionPipeline"
    denoisers = ("unet",)

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        extras = dict(request.extras)
        extras.setdefault("fps", round(request.fps))
        return {
            "image": request.image,
            "width": request.width,
            "height": request.height,
            "num_frames": request.num_frames,
            "num_inference_steps": request.steps,
            **extras,
        }
