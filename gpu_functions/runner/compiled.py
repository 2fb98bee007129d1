"""What torch compiled, kept from one process to the next.

Compiling takes seconds to a minute for each new size of a model, and a container that was started
for a batch would pay them again. Here it is written to a folder after the clip that needed it, and
brought back before the model is loaded the next time.

Torch keeps what it compiled by content: what is of another GPU, of other versions or of changed
code is found by nobody, so a file that is too old costs reading it and nothing else.

Whoever can write the folder can have code run, as with the weights beside it.
"""

import hashlib
import logging
import os
import platform
import stat
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gpu_functions.runner.device import device_name
from shared.whole_file import write_whole

logger = logging.getLogger(__name__)

FOLDER = "compiled"
"""Beside the models, where nobody says another place."""

SUFFIX = ".torch"
MOST_FILES = 32
"""Of one model on one kind of machine; the oldest go."""

MOST_BYTES = 2 * 1024**3
"""Of a file; a larger one was written by nobody of us."""

BUILT_WITH = ("torch", "triton", "diffusers")


class Compiled:
    """A folder of compiled code, for the models of one process.

    Parameters
    ----------
    folder : made when something is to be kept. One that cannot be written is told once and left.
    device : the code is for this kind of GPU.
    kept : called after something was written; at Modal that makes it last.
    """

    def __init__(
        self, folder: Path, device: str, *, kept: Callable[[], None] | None = None
    ) -> None:
        self._folder, self._device, self._kept = folder, device, kept
        self._known: set[str] = set()
        self._seen: set[Hashable] = set()
        self._writable = True

    def bring(self, model: str) -> int:
        """Give torch what was compiled for the model before; how many files of it there were."""
        brought = 0
        for file in self._files(model):
            import torch  # noqa: PLC0415 - a process without a GPU may have none

            try:
                found = torch.compiler.load_cache_artifacts(file.read_bytes())
            except Exception as error:  # whatever a damaged file makes of torch's reader
                logger.warning("%s is of no use: %s", file, error)
                continue
            if found is not None:
                self._known |= _names(found)
                brought += 1
        if brought:
            logger.info("%s: %d files of compiled code", model, brought)
        return brought

    def keep(self, model: str, shape: Hashable) -> bool:
        """Write what torch compiled for this clip, if it is new; whether it was.

        Parameters
        ----------
        shape : what the compiled code depends on. A second clip of a shape compiles nothing.
        """
        if (model, shape) in self._seen:
            return False
        self._seen.add((model, shape))
        try:
            return self._writable and self._keep_what_is_new(model)
        except Exception as error:  # a disk, a volume, torch: the clip is made, and is not lost
            self._writable = False
            logger.warning("compiled code is not kept: %s", error)
            return False

    def _keep_what_is_new(self, model: str) -> bool:
        import torch  # noqa: PLC0415

        found = torch.compiler.save_cache_artifacts()
        if found is None:
            return False
        code, about = found
        names = _names(about)
        if names <= self._known:
            return False
        self._write(model, code, names)
        self._known |= names
        if self._kept is not None:
            self._kept()
        return True

    def _write(self, model: str, code: bytes, names: Iterable[str]) -> None:
        place = self._place(model)
        place.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:20]
        write_whole(place / f"{name}{SUFFIX}", code)
        for old in self._files(model)[MOST_FILES:]:
            old.unlink(missing_ok=True)

    def _files(self, model: str) -> list[Path]:
        """The newest first; what is no file, or gone by now, is none."""
        files = []
        with suppress(OSError):  # a folder that may not be looked into
            for file in self._place(model).glob(f"*{SUFFIX}"):
                about = _looked_at(file)
                if about and stat.S_ISREG(about.st_mode) and about.st_size <= MOST_BYTES:
                    files.append((about.st_mtime, file))
        return [file for _, file in sorted(files, reverse=True)]

    def _place(self, model: str) -> Path:
        return self._folder / model / _machine(self._device)


def _looked_at(file: Path) -> os.stat_result | None:
    """What is known of a file; None of one that another process has just removed."""
    try:
        return file.stat()
    except OSError:
        return None


def _machine(device: str) -> str:
    """What code is compiled for, as a folder's name."""
    said = [device_name(device), *(f"{name}-{_version(name)}" for name in BUILT_WITH)]
    said.append(f"python-{platform.python_version()}")
    return "_".join("".join(c if c.isalnum() or c in ".-+" else "-" for c in each) for each in said)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _names(about: Any) -> set[str]:
    """The names of all pieces of a `CacheInfo`."""
    return {f"{kind}/{key}" for kind, keys in about.artifacts.items() for key in keys}
