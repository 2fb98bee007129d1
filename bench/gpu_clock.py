"""Stopwatches for a GPU, and what the machine can do at most, measured on it."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from bench.lever_errors import relative_error
from gpu_functions.speed import cudnn_attention
from gpu_functions.speed.attention8 import E4M3, attended, cannot

CPU = "cpu"
GIB = 2**30
KERNELS = {
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
}
"""torch's own kernels for attention."""


class Stages:
    """Seconds by stage: device events on a GPU, the clock on a processor."""

    def __init__(self, device: str) -> None:
        self._gpu = device != CPU
        self._marks: dict[str, list[tuple[Any, Any]]] = {}

    def mark(self) -> Any:
        if not self._gpu:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, whose every call counts towards a stage."""

        def call(*arguments: Any, **named: Any) -> Any:
            began = self.mark()
            made = work(*arguments, **named)
            self._marks.setdefault(stage, []).append((began, self.mark()))
            return made

        return call

    def taken(self) -> dict[str, list[float]]:
        """Seconds of each call, by stage, since the last time."""
        if self._gpu:
            torch.cuda.synchronize()
        marks, self._marks = self._marks, {}
        return {stage: [self._between(*pair) for pair in pairs] for stage, pairs in marks.items()}

    def _between(self, began: Any, ended: Any) -> float:
        return began.elapsed_time(ended) / 1000 if self._gpu else ended - began


@dataclass(frozen=True)
class Limits:
    """What the machine can do at most: large products, a large copy, attention alone.

    Attributes
    ----------
    flops, fp8_flops : a second; products of large squares.
    bytes_per_sec : read and written, of a copy that no cache holds.
    shapes : products at the shapes of Wan's 14B blocks, operations a second by kind.
    attention : operations a second by kernel, at the tokens of Wan's 480p clip.
    attention_errors : against float32, by kernel, on two of its heads.
    """

    flops: float
    bytes_per_sec: float
    fp8_flops: float = 0.0
    attention: Mapping[str, float] = field(default_factory=dict)
    shapes: Mapping[str, float] = field(default_factory=dict)
    attention_errors: Mapping[str, float] = field(default_factory=dict)


def measured_limits(device: str) -> Limits:
    """The best of several runs each."""
    side, dtype = (8192, torch.bfloat16) if device != CPU else (512, torch.float32)
    left = torch.randn(side, side, device=device).to(dtype)
    flops = 2 * side**3 / best(lambda: left @ left, device)
    moved = _copy_rate(side * side * (16 if device != CPU else 4), device, dtype)
    if device == CPU:
        return Limits(flops, moved)
    attention, shapes = dict(_attention_rates(device)), dict(_shape_rates(device))
    attention |= _fp8_attention_rates(device)
    errors = attention_errors(device) if FP8_KERNEL in attention else {}
    return Limits(flops, moved, _fp8_rate(left, device), attention, shapes, errors)


def _copy_rate(count: int, device: str, dtype: torch.dtype) -> float:
    numbers = torch.randn(count, device=device).to(dtype)
    other = torch.empty_like(numbers)
    copied = best(lambda: other.copy_(numbers), device)
    return 2 * numbers.numel() * numbers.element_size() / copied


def _fp8_rate(left: torch.Tensor, device: str) -> float:
    if torch.cuda.get_device_capability(device) < (8, 9):
        return 0.0
    side = left.shape[0]
    values = left.clamp(-4, 4).to(torch.float8_e4m3fn)
    ones = torch.ones(side, 1, device=device)

    def product() -> torch.Tensor:
        return torch._scaled_mm(
            values,
            values.t(),
            scale_a=ones,
            scale_b=ones.t(),
            out_dtype=torch.bfloat16,
            use_fast_accum=True,
        )

    return 2 * side**3 / best(product, device)


def _shape_rates(device: str, tokens: int = 32_760) -> Iterator[tuple[str, float]]:
    """Products of Wan's 14B: bfloat16, and fp8 with a scale for all or for each row."""
    fp8 = torch.cuda.get_device_capability(device) >= (8, 9)
    for inside, outside in ((5120, 5120), (5120, 13824), (13824, 5120)):
        rows = torch.randn(tokens, inside, device=device, dtype=torch.bfloat16)
        weight = torch.randn(outside, inside, device=device, dtype=torch.bfloat16)
        work = 2 * tokens * inside * outside

        def plain(rows: Any = rows, weight: Any = weight) -> Any:
            return rows @ weight.t()

        yield f"bf16 {inside}→{outside}", work / best(plain, device)
        if not fp8:
            continue
        low, thin = rows.to(torch.float8_e4m3fn), weight.to(torch.float8_e4m3fn)
        one = torch.ones((), device=device)
        scales = {
            "fp8": (one, one),
            "fp8 by row": (
                torch.ones(tokens, 1, device=device),
                torch.ones(1, outside, device=device),
            ),
        }
        for kind, (left, right) in scales.items():

            def scaled(
                low: Any = low, thin: Any = thin, left: Any = left, right: Any = right
            ) -> Any:
                return torch._scaled_mm(
                    low,
                    thin.t(),
                    scale_a=left,
                    scale_b=right,
                    out_dtype=torch.bfloat16,
                    use_fast_accum=True,
                )

            yield f"{kind} {inside}→{outside}", work / best(scaled, device)


def _attention_rates(device: str, tokens: int = 32_760, heads: int = 40) -> Iterator[Any]:
    width = 128
    three = [
        torch.randn(1, heads, tokens, width, device=device, dtype=torch.bfloat16) for _ in range(3)
    ]
    for name, kernel in KERNELS.items():
        with sdpa_kernel(kernel):
            try:
                seconds = best(lambda: scaled_dot_product_attention(*three), device, times=3)
            except RuntimeError:
                continue
        yield name, 4 * tokens**2 * heads * width / seconds
    seconds = best(lambda: scaled_dot_product_attention(*three), device, times=3)
    yield "torch's choice", 4 * tokens**2 * heads * width / seconds


FP8_KERNEL = "cudnn fp8"


def _fp8_attention_rates(device: str, tokens: int = 32_760, heads: int = 40) -> dict[str, float]:
    """cuDNN's kernel in fp8 alone, and with all that `attention8` does around it."""
    if why := cannot(device):
        print(f"attention in fp8: {why}", file=sys.stderr)
        return {}
    width = 128
    shape = (1, tokens, heads, width)
    three = [torch.randn(shape, device=device, dtype=torch.bfloat16) for _ in range(3)]
    query, key, value = (each.to(E4M3) for each in three)
    one, scale = torch.ones(1, device=device), width**-0.5
    compiled = torch.compile(attended, fullgraph=True, dynamic=False)
    ways: dict[str, Callable[[], torch.Tensor]] = {
        FP8_KERNEL: lambda: cudnn_attention.product(query, key, value, one, scale),
        "cudnn fp8, rounded first": lambda: attended(*three),
        "cudnn fp8, rounded first, compiled": lambda: compiled(*three),
    }
    found = {}
    for way, run in ways.items():
        try:
            with torch.inference_mode():
                found[way] = 4 * tokens**2 * heads * width / best(run, device, times=3)
        except Exception as error:  # of cuDNN or torch's compiler: the other figures stand
            print(f"{way}: {error}", file=sys.stderr)
    return found


def attention_errors(device: str, tokens: int = 32_760) -> dict[str, float]:
    """Relative, of numbers without a pattern, by the kernel in bfloat16 and by ours in fp8."""
    source = torch.Generator().manual_seed(0)
    three = [
        torch.randn(1, tokens, 2, 128, generator=source).to(device, torch.bfloat16)
        for _ in range(3)
    ]
    sides = [each.transpose(1, 2) for each in three]
    with torch.inference_mode():
        truth = scaled_dot_product_attention(*(each.float() for each in sides))
        return {
            "torch's choice": relative_error(scaled_dot_product_attention(*sides), truth),
            FP8_KERNEL: relative_error(attended(*three).transpose(1, 2), truth),
        }


def best(work: Callable[[], Any], device: str, times: int = 5) -> float:
    """Seconds of the fastest of several calls after one that is not counted."""
    stages = Stages(device)
    work()
    for _ in range(times):
        stages.timed("work", work)()
    return min(stages.taken()["work"])


@contextmanager
def matmul_precision(name: str) -> Iterator[None]:
    """torch's precision for float32 products while this lasts: `highest`, or `high` for TF32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(name)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def middle(values: list[float]) -> float:
    return statistics.median(values)


KINDS = {
    "products": ("gemm", "cutlass", "nvjet", "cublas", "matmul", "splitk"),
    "attention": ("flash", "fmha", "attention", "sdpa"),
    "convolutions": ("conv", "implicit", "wgrad", "dgrad", "xmma", "winograd"),
    "copies": ("memcpy", "memset", "copy_", "direct_copy", "cat", "transpose", "nchw", "nhwc"),
}
"""Signs in kernels' names; what has none is arithmetic element by element."""


def kernels(work: Callable[[], Any]) -> dict[str, Any]:
    """Where a call spends its time on the GPU: seconds by kind of kernel, and the dearest ones."""
    from torch.profiler import ProfilerActivity, profile  # noqa: PLC0415

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        work()
        torch.cuda.synchronize()
    kinds: dict[str, float] = {}
    dear = []
    for each in seen.key_averages():
        seconds = each.self_device_time_total / 1e6
        if not seconds:
            continue
        name = each.key.lower()
        kind = next(
            (kind for kind, signs in KINDS.items() if any(sign in name for sign in signs)),
            "element by element",
        )
        kinds[kind] = kinds.get(kind, 0.0) + seconds
        dear.append([round(seconds, 5), each.count, kind, each.key[:110]])
    return {"kinds": kinds, "dearest": sorted(dear, reverse=True)[:14]}
