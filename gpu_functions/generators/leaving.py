"""Out of a GPU's memory into the machine's, while the GPU is at what comes next."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import torch

Tensors = tuple[torch.Tensor, ...]


def landed(batches: Iterable[Tensors]) -> Iterator[Tensors]:
    """Each batch of tensors in the machine's memory, one behind: the next is begun before it.

    Copies run on a stream of their own into page-locked memory, which torch keeps for the next
    clip. From a processor they are plain.
    """
    before: _Leaving | None = None
    for batch in batches:
        leaving = _begun(batch)
        if before is not None:
            yield before.ended()
        before = leaving
    if before is not None:
        yield before.ended()


@dataclass(frozen=True)
class _Leaving:
    """Tensors on their way.

    Attributes
    ----------
    held : where they come from; given back any sooner, their memory would be the next batch's.
    over : None where nothing is to be waited for.
    """

    held: Tensors
    there: Tensors
    over: torch.cuda.Event | None = None

    def ended(self) -> Tensors:
        if self.over is not None:
            self.over.synchronize()
        return self.there


def _begun(batch: Tensors) -> _Leaving:
    device = batch[0].device
    if device.type != "cuda":
        return _Leaving(batch, tuple(each.cpu() for each in batch))
    aside, over = _aside(device), torch.cuda.Event(blocking=True)
    aside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(aside):
        there = tuple(
            torch.empty(each.shape, dtype=each.dtype, pin_memory=True).copy_(
                each, non_blocking=True
            )
            for each in batch
        )
        over.record(aside)
    return _Leaving(batch, there, over)


@cache
def _aside(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)
