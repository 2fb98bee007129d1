"""LTX-2.x: picture and sound from one model."""

from dataclasses import replace
from typing import Any

import numpy as np

from gpu_functions.generators.contract import GeneratedFrames, GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.pictures import check_finite
from gpu_functions.generators.words import common_arguments


class Ltx2Generator(DiffusersGenerator):
    """The released transformer is distilled: it wants its own sigmas, and no guidance of any kind.

    All of that is in the catalogue's row (`sampling.settings`).
    """

    pipeline_name = "LTX2ImageToVideoPipeline"
    words_alone = "LTX2Pipeline"

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        arguments = common_arguments(request) | {"frame_rate": float(request.fps)}
        if request.image is not None:
            arguments["image"] = request.image
        return arguments

    def made(self, frames: GeneratedFrames, output: Any) -> GeneratedFrames:
        sound = output.audio[0].float().cpu()
        check_finite(sound, f"the sound of {self.row.id}")
        return replace(
            frames,
            sound=np.ascontiguousarray(sound.clamp(-1, 1).numpy()),
            sound_rate=int(self.pipeline.vocoder.config.output_sampling_rate),
        )
