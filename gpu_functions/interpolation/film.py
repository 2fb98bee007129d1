"""FILM as TorchScript: smoother than RIFE over large moves, and several times slower (B059)."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.interpolation.nets import as_between

if TYPE_CHECKING:
    from gpu_functions.interpolation.tools import Between

MULTIPLE = 64
"""Its pyramid halves a frame six times."""


def open_film(file: Path, device: str) -> "Between":
    """The scripted net in `file`: forward(first, second, moment (n, 1)) → (n, 3, height, width).

    Raises
    ------
    WeightsMissing : the file is no TorchScript.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # it is the form FILM is published in
            net = torch.jit.load(str(file), map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise WeightsMissing(f"{file} is no TorchScript: {str(error)[:300]}") from error

    def one_by_one(
        first: torch.Tensor, second: torch.Tensor, moments: torch.Tensor
    ) -> torch.Tensor:
        # Its pyramids take some gigabytes a frame: one moment at a time.
        return torch.cat([net(first, second, at.view(1, 1)) for at in moments])

    return as_between(one_by_one, name="FILM", multiple=MULTIPLE, device=device)
