"""RIFE 4.6 or 4.26 from a published file of weights; which of the two, the file itself says."""

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.generators.faults import torch_faults
from gpu_functions.interpolation.ifnet import SHAPES, IFNet
from gpu_functions.interpolation.nets import Net, as_between
from gpu_functions.speed.graphs import Recorded

if TYPE_CHECKING:
    from gpu_functions.interpolation.tools import Between

TRAINING_ONLY = ("teacher", "caltime", "block_tea", "contextnet", "unet")


def open_rife(file: Path, device: str) -> "Between":
    """The net in `file`, on its device.

    Raises
    ------
    WeightsMissing : the file is damaged, or of a release that is not known here.
    """
    state = _state(file)
    version = "4.26" if any(name.startswith("encode.") for name in state) else "4.6"
    shape = SHAPES[version]
    net = IFNet(shape)
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        known = " or ".join(SHAPES)
        raise WeightsMissing(f"{file} is not RIFE {known}: {str(error)[:300]}") from error
    with torch_faults(f"loading RIFE {version}"):
        net.eval().to(device)
    if torch.device(device).type == "cuda":
        # hundreds of small launches a frame: half of its time is the processor's
        played: Net = Recorded(net, torch.cuda.graph_pool_handle())
    else:
        played = net
    return as_between(played, name=f"RIFE {version}", multiple=shape.multiple, device=device)


def _state(file: Path) -> dict[str, torch.Tensor]:
    """Tensors by name; published files are of a model wrapped for several GPUs."""
    try:
        # Tensors only: a pickle can otherwise run what it likes.
        found: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        plain = {name.removeprefix("module."): values for name, values in found.items()}
    except (OSError, RuntimeError, EOFError, AttributeError, pickle.UnpicklingError) as error:
        raise WeightsMissing(f"{file} cannot be read as RIFE's weights: {error}") from error
    return {name: each for name, each in plain.items() if not name.startswith(TRAINING_ONLY)}
