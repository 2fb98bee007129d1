"""A clip's frames on their way to another process: a NumPy file, written while they are decoded."""

import os
import tempfile
import uuid
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gpu_functions.generators.contract import Shape
from gpu_functions.runner.making import Take
from gpu_functions.worker.scratch import alive
from gpu_functions.worker.words import Frames

PREFIX, UNFINISHED = "dropreel-frames-", ".unfinished.npy"


class FramesFile:
    """A `Room` whose frames lie in a file; gone with the `with`, unless it was handed on.

    Written and not mapped: a full disk ends a process that writes to mapped memory, and is an
    `OSError` to one that writes.

    Parameters
    ----------
    folder : the system's own place by default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        name = f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._path = (folder or Path(tempfile.gettempdir())) / f"{name}.npy"
        self._unfinished = self._path.with_name(f"{name}{UNFINISHED}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._unfinished.unlink(missing_ok=True)

    def put(self, shape: Shape, pieces: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """See `Room`; what was put before is replaced."""
        with self._unfinished.open("wb") as file:
            head = {"descr": np.dtype(np.uint8).str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, head)
            for piece in pieces:
                file.write(np.ascontiguousarray(piece).data)
        frames: NDArray[np.uint8] = np.load(self._unfinished, mmap_mode="r")
        return frames

    def handed_on(self, take: Take) -> Frames:
        """What was put here, with what goes with it; the file is the taker's from now on."""
        path, made = self._unfinished.replace(self._path), take.made
        return Frames(path, str(made.fps), take.used_frames, made.sound, made.sound_rate)


def clear_unfinished(folder: Path | None = None) -> None:
    """Remove what processes that were killed have left half written."""
    for each in (folder or Path(tempfile.gettempdir())).glob(f"{PREFIX}*{UNFINISHED}"):
        pid = each.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not alive(int(pid)):
            each.unlink(missing_ok=True)
