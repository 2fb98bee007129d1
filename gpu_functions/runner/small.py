"""A run in miniature, for machines without a GPU: the same way, with fewer pixels, frames, steps.

Every difference is among the clip's deviations, so nobody takes it for the real thing.
"""

from dataclasses import dataclass, replace

from gpu_functions.generators.contract import GenerationRequest
from shared.catalog.catalog import find_model


@dataclass(frozen=True, kw_only=True)
class Small:
    """The most that a miniature run does."""

    longest_side: int = 64
    frames: int = 9
    steps: int = 2

    @property
    def reason(self) -> str:
        return "this worker runs all in miniature (--small), to try the way and not the model"

    def shrunk(self, request: GenerationRequest) -> GenerationRequest:
        """The request within our limits, and still within the model's rules."""
        row = find_model(request.model)
        rule = row.capabilities.frames if row else None
        multiple = rule.size_multiple if rule else 8
        scale = min(1.0, self.longest_side / max(request.width, request.height))
        width, height = (
            max(2 * multiple, round(side * scale / multiple) * multiple)
            for side in (request.width, request.height)
        )
        frames = request.num_frames
        if rule is not None and frames > self.frames:
            frames = rule.counts.covering(self.frames)
        # a model that was distilled for one schedule takes its own steps whatever is asked
        only = row.only_steps if row else None
        steps = request.steps if only else min(self.steps, request.steps or self.steps)
        return replace(request, width=width, height=height, num_frames=frames, steps=steps)
