"""From the frames that a model made to the frames that were promised, exactly as many.

`interpolate_frames` is the one entry. The ways are tried from the best to the plainest, and the one
that was used is written beside the frames.
"""

from gpu_functions.interpolation.frames import Interpolated, interpolate_frames
from gpu_functions.interpolation.tools import Method, Tools

__all__ = ["Interpolated", "Method", "Tools", "interpolate_frames"]
