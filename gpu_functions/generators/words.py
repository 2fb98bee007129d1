"""What every family that understands words is told in the same words."""

from typing import Any

from gpu_functions.generators.contract import GenerationRequest


def common_arguments(
    request: GenerationRequest, *, guidance: str = "guidance_scale"
) -> dict[str, Any]:
    """Size, count, words, steps and guidance; extras go through under their own names.

    Parameters
    ----------
    guidance : what the pipeline calls it; left out where nobody has decided it.
    """
    arguments: dict[str, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "width": request.width,
        "height": request.height,
        "num_frames": request.num_frames,
        "num_inference_steps": request.steps,
        **request.extras,
    }
    if request.guidance is not None:
        arguments[guidance] = request.guidance
    return arguments
