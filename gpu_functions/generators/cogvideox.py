"""CogVideoX image to video."""

from typing import Any

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.words import common_arguments


class CogVideoXGenerator(DiffusersGenerator):
    """Its guidance grows over the steps (`use_dynamic_cfg`)."""

    pipeline_name = "CogVideoXImageToVideoPipeline"

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        return common_arguments(request) | {"image": request.image}
