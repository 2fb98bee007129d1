"""One place on the device for two sets of weights, which both lie in the machine's memory too."""

from collections.abc import Mapping, Sequence

import torch

from gpu_functions.speed.lever import is_cpu

ALIGNED = 256
NEITHER = -1

Tensors = Mapping[str, torch.Tensor]
Part = Sequence[str]
"""Names of tensors that are brought together."""


class Place:
    """Where one of two sets lies at a time, or some parts of each.

    A part is brought on a stream of its own, after all work that was asked for so far, and waited
    for by the work that uses it. A processor copies on the spot. Weights do not change, so nothing
    is ever brought back.

    Parameters
    ----------
    here : on the device, holding the first set. What is in these tensors changes, they do not, so
        whatever was compiled for them stays good.
    sets : the same by name, each in one piece of memory (`packed`).
    """

    def __init__(
        self, here: Tensors, sets: Sequence[Tensors], parts: Sequence[Part], device: str
    ) -> None:
        self._here, self._sets, self.parts = here, sets, parts
        self._held = [0] * len(parts)
        self._aside = None if is_cpu(device) else torch.cuda.Stream(device)
        self._arriving: dict[int, torch.cuda.Event] = {}

    def bring(self, which: int, part: int) -> None:
        """Have a part of a set on its way, unless it is there."""
        if self._held[part] != which:
            self._held[part] = NEITHER  # until the copy is under way
            self.copy(which, part)
            self._held[part] = which

    def bring_all(self, which: int) -> None:
        for part in range(len(self.parts)):
            self.bring(which, part)

    def use(self, which: int, part: int) -> None:
        """Let the work that is asked for from now on find a part of a set."""
        self.bring(which, part)
        arriving = self._arriving.pop(part, None)
        if arriving is not None:
            torch.cuda.current_stream().wait_event(arriving)

    def copy(self, which: int, part: int) -> None:
        """Begin to copy, whatever is there."""
        pairs = [(self._here[name], self._sets[which][name]) for name in self.parts[part]]
        if self._aside is None:
            for here, waiting in pairs:
                here.data.copy_(waiting)
            return
        self._aside.wait_stream(torch.cuda.current_stream(self._aside.device))
        with torch.cuda.stream(self._aside):
            for here, waiting in pairs:
                here.data.copy_(waiting, non_blocking=True)
                # a model that is dropped meanwhile must not give this memory to the next one yet
                here.data.record_stream(self._aside)
            self._arriving[part] = self._aside.record_event()


def tensors_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """All that a model holds: weights, and 8-bit weights and scales, which are buffers."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def sizes_of(tensors: Tensors) -> dict[str, int]:
    """Bytes of each."""
    return {name: each.numel() * each.element_size() for name, each in tensors.items()}


def locked_bytes(sizes: Mapping[str, int]) -> int:
    """What `packed` takes of the machine: torch rounds what it locks to a power of two."""
    return 1 << (sum(_steps(sizes).values()) - 1).bit_length()


def packed(tensors: Tensors, *, page_locked: bool) -> dict[str, torch.Tensor]:
    """Copies in one piece of memory, which is rounded up once and not for each tensor."""
    sizes = sizes_of(tensors)
    steps = _steps(sizes)
    whole = torch.empty(sum(steps.values()), dtype=torch.uint8, pin_memory=page_locked)
    made, at = dict[str, torch.Tensor](), 0
    for name, each in tensors.items():
        space = whole[at : at + sizes[name]].view(each.dtype).view(each.shape)
        made[name] = space.copy_(each.detach())
        at += steps[name]
    return made


def _steps(sizes: Mapping[str, int]) -> dict[str, int]:
    return {name: -(-size // ALIGNED) * ALIGNED for name, size in sizes.items()}
