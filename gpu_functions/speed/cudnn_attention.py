"""Attention of e4m3 numbers by cuDNN, through its package `nvidia-cudnn-frontend`.

A graph is built once a shape (a second or so) and runs on torch's stream, in torch's memory. On
Hopper cuDNN knows one scale a tensor and writes its answer in e4m3 alone.
"""

import importlib.util
import logging
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

logger = logging.getLogger(__name__)

NUMBERS = ("q", "k", "v")
SCALES = ("descale_q", "descale_k", "descale_v", "descale_s", "scale_s", "scale_o")
UIDS = {name: uid for uid, name in enumerate((*NUMBERS, *SCALES, "o"), start=1)}
ONE = (1, 1, 1, 1)
WEIGHTS_SCALE = 448.0
"""The softmax's weights go from 0 to 1, e4m3 to 448."""


def missing() -> str | None:
    """Why there is no cuDNN to ask; None if there is."""
    if importlib.util.find_spec("cudnn") is None:
        return "nvidia-cudnn-frontend is not installed"
    return None


def product(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, descale: torch.Tensor, scale: float
) -> torch.Tensor | None:
    """Each (batch, tokens, heads, width) in e4m3, and so is the answer; None if cuDNN refuses them.

    Parameters
    ----------
    descale : one number in float32; scores are query · key · descale · scale.
    """
    import cudnn  # noqa: PLC0415

    with torch.cuda.device(query.device):
        built = _built(tuple(query.shape), scale, query.device)
        if built is None:
            return None
        made = torch.empty_like(query, memory_format=torch.contiguous_format)
        given = {
            "q": query.contiguous(),
            "k": key.contiguous(),
            "v": value.contiguous(),
            **built.constants,
            "descale_q": descale,
            "o": made,
        }
        handle = _handle(query.device)
        cudnn.set_stream(handle=handle, stream=torch.cuda.current_stream().cuda_stream)
        space = torch.empty(built.workspace_bytes, dtype=torch.uint8, device=query.device)
        pointers = {UIDS[name]: values.data_ptr() for name, values in given.items()}
        built.graph.execute(pointers, space, handle=handle)
    return made


@dataclass(frozen=True)
class _Built:
    graph: Any
    workspace_bytes: int
    constants: dict[str, torch.Tensor]


@cache  # for good: recorded forwards go on using a graph's kernels
def _built(shape: tuple[int, ...], scale: float, device: torch.device) -> _Built | None:
    try:
        drawn = graph(shape, scale, handle=_handle(device))
    except Exception as refusal:  # whatever cuDNN says of a shape; the clip is made another way
        logger.warning("cuDNN attends no %s in fp8: %s", shape, refusal)
        return None
    values = dict.fromkeys(SCALES, 1.0)
    values |= {"scale_s": WEIGHTS_SCALE, "descale_s": 1 / WEIGHTS_SCALE}
    constants = {
        name: torch.full(ONE, value, dtype=torch.float32, device=device)
        for name, value in values.items()
    }
    return _Built(drawn, max(1, drawn.get_workspace_size()), constants)


@cache
def _handle(device: torch.device) -> Any:
    import cudnn  # noqa: PLC0415

    return cudnn.create_handle()


def graph(shape: tuple[int, ...], scale: float, **where: Any) -> Any:
    """cuDNN's graph for (batch, tokens, heads, width), ready to run.

    Parameters
    ----------
    where : `handle`, or what stands for a GPU that is not there.
    """
    import cudnn  # noqa: PLC0415

    batch, tokens, heads, width = shape
    sides = (batch, heads, tokens, width)
    strides = (tokens * heads * width, width, heads * width, 1)
    e4m3, whole = cudnn.data_type.FP8_E4M3, cudnn.data_type.FLOAT
    drawn = cudnn.pygraph(
        io_data_type=e4m3, intermediate_data_type=whole, compute_data_type=whole, **where
    )
    inputs = {
        name: drawn.tensor(name=name, uid=UIDS[name], dim=sides, stride=strides, data_type=e4m3)
        for name in NUMBERS
    }
    inputs |= {
        name: drawn.tensor(name=name, uid=UIDS[name], dim=ONE, stride=ONE, data_type=whole)
        for name in SCALES
    }
    made, *_ = drawn.sdpa_fp8(**inputs, attn_scale=scale, generate_stats=False)
    made.set_uid(UIDS["o"]).set_output(True).set_data_type(e4m3)
    made.set_dim(sides).set_stride(strides)
    drawn.validate()
    drawn.build_operation_graph()
    drawn.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
    drawn.check_support()
    drawn.build_plans()
    return drawn
