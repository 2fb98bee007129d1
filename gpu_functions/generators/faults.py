"""What torch raises, in our words: too little memory, or a GPU that is gone."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gpu_functions.generators.contract import GpuLost, OutOfMemory

FULL = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
LOST = (
    "CUDA error",
    "CUDA driver error",
    "cuDNN error",
    "CUBLAS_STATUS",
    "GPU has fallen off the bus",
    "NCCL error",
    "device-side assert",
)
"""A CUDA context does not recover from any of these, whatever their cause."""


@contextmanager
def torch_faults(doing: str) -> Iterator[None]:
    """Raise our own errors for torch's; everything else passes through.

    Parameters
    ----------
    doing : what was going on, for the sentence: `loading wan2.2-ti2v-5b`.

    Raises
    ------
    OutOfMemory : after what was held by the failed attempt has been given back.
    GpuLost : the process is of no use any more.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error)
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or _names(text, FULL):
            fault: OutOfMemory | GpuLost = OutOfMemory(
                f"Out of memory while {doing}: {_first_line(text)}",
                details={"peak_vram_bytes": peak_vram_bytes()},
            )
        elif _names(text, LOST):
            fault = GpuLost(f"The GPU failed while {doing}: {_first_line(text)}")
        else:
            raise
        # The traceback's frames hold the very tensors that did not fit.
        error.__traceback__ = None
        give_back()
        raise fault from None


def give_back() -> None:
    """Hand unused memory back to the GPU, so that the next attempt finds it in one piece."""
    gc.collect()
    if torch.cuda.is_available():
        try:
            torch.cuda.empty_cache()
        except RuntimeError:
            return  # the context is dead, and its memory with it


def peak_vram_bytes() -> int:
    """The most that this process has held on its GPU; 0 without one."""
    return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else 0


def _names(text: str, signs: tuple[str, ...]) -> bool:
    return any(sign.casefold() in text.casefold() for sign in signs)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300] or "no reason given"
