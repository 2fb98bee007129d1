"""One frame between two, by RIFE with random weights at the fast tier's size."""

import copy
import time
from collections.abc import Callable
from typing import Any

import torch

from bench.gpu_clock import best
from bench.gpu_speed.book import Book
from bench.lever_errors import relative_error
from gpu_functions.interpolation.ifnet import SHAPES, IFNet
from gpu_functions.runner.device import CPU
from gpu_functions.speed.graphs import Recorded


def rife() -> IFNet:
    """RIFE's net, its weights drawn."""
    torch.manual_seed(0)
    return IFNet(SHAPES["4.26"])


def nets_between(device: str, book: Book) -> None:
    """Seconds of one frame, by every way."""
    width, height = (1024, 576) if device != CPU else (128, 64)
    net = rife().eval().to(device).requires_grad_(requires_grad=False)
    last = copy.deepcopy(net).to(memory_format=torch.channels_last)
    pair = [torch.rand(1, 3, height, width, device=device) for _ in range(2)]
    moments = torch.tensor([0.4], device=device)

    def whole(net: Any = net) -> torch.Tensor:
        with torch.inference_mode():
            made: torch.Tensor = net(pair[0], pair[1], moments)
        return made

    def halved(first: torch.Tensor, second: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cuda", torch.float16):
            made: torch.Tensor = last(first, second, moments)
        return made

    truth = whole().float()
    ways: dict[str, Callable[[], torch.Tensor]] = {"float32": whole}
    ways |= {"float32, channels last": lambda: whole(last)}
    if device != CPU:
        played, half_played = (
            Recorded(each, torch.cuda.graph_pool_handle()) for each in (net, halved)
        )
        ways |= {
            "float32, graph": lambda: whole(played),
            "float16, channels last": lambda: whole(halved),
            "float16, channels last, graph": lambda: whole(half_played),
        }
    for way, work in ways.items():
        began = time.perf_counter()
        error = relative_error(work(), truth)
        first = time.perf_counter() - began
        row = {"seconds": best(work, device, 10), "first_sec": first, "changed": error}
        book.put("rife", way, row | {"size": [width, height]})
