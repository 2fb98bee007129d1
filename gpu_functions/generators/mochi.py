"""Mochi 1: words only, the control of a shootout (X-01)."""

from typing import Any

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.words import common_arguments


class MochiGenerator(DiffusersGenerator):
    """It takes no picture: the released weights never learned to."""

    pipeline_name = "MochiPipeline"

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        return common_arguments(request)
