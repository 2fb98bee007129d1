"""The ways to make a frame between two, and which of them this machine has."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]
    Between = Callable[[Frame, Frame, tuple[float, ...]], list[Frame]]
    """Two frames, (height, width, 3), and moments from 0 to 1 → one frame for each moment."""

RIFE_FILE = Path("rife", "flownet.pkl")
FILM_FILE = Path("film", "film_net_fp32.pt")
"""Under the folder of weights; docs/gpu.md says where they are from."""


class Method(StrEnum):
    """How frames are made, the best first (B061)."""

    BEST = "best"
    RIFE = "rife"
    FILM = "film"
    MINTERPOLATE = "minterpolate"
    BLEND = "blend"


NETS = frozenset({Method.RIFE, Method.FILM})
"""Ways that want a GPU."""


@dataclass(frozen=True)
class Tools:
    """What there is to interpolate with.

    Attributes
    ----------
    weights : folder with the nets' files; None where there is none.
    device : torch's name of where the nets run.
    """

    weights: Path | None = None
    device: str = "cpu"

    def chain(self, asked: Method) -> Iterator[tuple[Method, str]]:
        """Ways from the asked one downwards, each with why it cannot be had here, or ``""``."""
        ways = [each for each in Method if each is not Method.BEST]
        start = 0 if asked is Method.BEST else ways.index(asked)
        for way in ways[start:]:
            yield way, self._why_not(way, asked)

    def file(self, way: Method) -> Path | None:
        """The net's file, where the way is a net."""
        name = {Method.RIFE: RIFE_FILE, Method.FILM: FILM_FILE}.get(way)
        return self.weights / name if name and self.weights else None

    def _why_not(self, way: Method, asked: Method) -> str:
        if way not in NETS:
            return ""
        file = self.file(way)
        if file is None:
            return f"{way}: no folder of weights is set"
        if not file.is_file():
            return f"{way}: there is no {file}"
        if asked is Method.BEST and self.device == "cpu":
            return f"{way}: there is no GPU, and a processor takes minutes a clip"
        return ""
