"""HunyuanVideo: the 13B image-to-video model, and 1.5."""

from typing import Any

from gpu_functions.generators.contract import GenerationRequest, Recipe
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.words import common_arguments


class HunyuanGenerator(DiffusersGenerator):
    """Guidance proper costs a second pass and needs words to move away from, if only none.

    The number that the pipeline calls guidance is an input of the text-to-video model, which the
    image-to-video one does not have.
    """

    pipeline_name = "HunyuanVideoImageToVideoPipeline"

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        arguments = common_arguments(request, guidance="true_cfg_scale")
        return arguments | {
            "image": request.image,
            "negative_prompt": request.negative_prompt or "",
        }


class Hunyuan15Generator(DiffusersGenerator):
    """The size follows from the picture's shape, and guidance from the pipeline's guider."""

    pipeline_name = "HunyuanVideo15ImageToVideoPipeline"

    def hold(self, pipeline: Any, recipe: Recipe, device: str) -> None:
        self._own_guider = pipeline.guider
        super().hold(pipeline, recipe, device)

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        guider = self._own_guider
        if request.guidance is not None:
            guider = guider.new(guidance_scale=request.guidance)
        self.pipeline.guider = guider
        arguments = common_arguments(request) | {"image": request.image}
        for decided_elsewhere in ("width", "height", "guidance_scale"):
            arguments.pop(decided_elsewhere, None)
        return arguments
