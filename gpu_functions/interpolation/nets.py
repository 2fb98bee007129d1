"""What every net needs around it: frames as tensors, sides to halve, faults in our words."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import pad

from gpu_functions.generators.faults import torch_faults
from gpu_functions.generators.pictures import as_bytes, check_finite

if TYPE_CHECKING:
    from gpu_functions.interpolation.tools import Between, Frame

Net = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Two frames (1, 3, height, width) and moments (n,) → (n, 3, height, width)."""


def as_between(net: Net, *, name: str, multiple: int, device: str) -> "Between":
    """The net as a way to make frames.

    Parameters
    ----------
    multiple : sides are filled up to it by repeating the border, and cut again.
    """

    def between(first: "Frame", second: "Frame", times: tuple[float, ...]) -> "list[Frame]":
        height, width = first.shape[:2]
        with torch_faults(f"interpolating with {name}"), torch.inference_mode():
            pair = [_tensor(frame, multiple, device) for frame in (first, second)]
            made = net(pair[0], pair[1], torch.tensor(times, device=device))
            check_finite(made, f"frames by {name}")
            return list(as_bytes(made[:, :, :height, :width]))

    return between


def _tensor(frame: "Frame", multiple: int, device: str) -> torch.Tensor:
    height, width = frame.shape[:2]
    pixels = torch.from_numpy(np.ascontiguousarray(frame)).to(device).permute(2, 0, 1)[None]
    fill = (0, -width % multiple, 0, -height % multiple)
    return pad(pixels.float() / 255, fill, mode="replicate")
