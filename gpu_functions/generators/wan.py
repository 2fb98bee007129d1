"""Wan 2.1 and 2.2: A14B with its two experts, 5B, and the older 14B."""

from collections.abc import Iterator
from typing import Any

import torch

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.wan_decoding import decoded
from gpu_functions.generators.words import common_arguments


class WanGenerator(DiffusersGenerator):
    """Noisy steps belong to one expert and the rest to the other, where there are two (A14B).

    The picture coder and CLIP lose quality in fewer than 32 bits. diffusers calls `ftfy` on every
    prompt without looking whether it is there.
    """

    pipeline_name = "WanImageToVideoPipeline"
    words_alone = "WanPipeline"
    denoisers = ("transformer", "transformer_2")
    float32 = ("vae", "image_encoder")
    packages = ("ftfy",)
    output_type = "latent"

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        arguments = common_arguments(request)
        if request.image is not None:
            arguments["image"] = request.image
        if request.last_frame is not None:
            arguments["last_image"] = request.last_frame
        return arguments

    def pieces(self, output: Any) -> Iterator[torch.Tensor]:
        pipeline = self.pipeline
        for piece in decoded(pipeline.vae, output.frames):
            yield pipeline.video_processor.postprocess_video(piece, output_type="pt")[0]
