"""Zeroscope: words only, 576×320, not to be sold."""

from typing import Any

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.words import common_arguments


class ZeroscopeGenerator(DiffusersGenerator):
    """An SD UNet with time in it."""

    pipeline_name = "TextToVideoSDPipeline"
    denoisers = ("unet",)

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        return common_arguments(request)
