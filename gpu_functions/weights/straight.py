"""Weights straight to their device: memory-mapped, by several threads, with no copy of the whole.

diffusers reads a model into the machine's memory by one thread and copies it to the GPU by another
pass of one thread. Here each thread takes the next tensor from the mapped file through a small
buffer of pinned memory to where it is to lie; reading, copying and the bus are busy together, and
the machine holds a buffer a thread besides the page cache.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import diffusers
import torch
from accelerate import init_empty_weights
from safetensors import safe_open

from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.weights.check import INDEX

THREADS = 6
BUFFER_BYTES = 64 * 1024 * 1024
SHARDS = "*.safetensors.index.json"
WHOLE = "*.safetensors"


def load_straight(
    kind: type[Any], folder: Path, dtype: torch.dtype, device: str, threads: int = THREADS
) -> Any:
    """A model of diffusers as `kind.from_pretrained(folder)` gives it, already on its device.

    Parameters
    ----------
    kind : a class of diffusers' models; what it keeps in float32 stays there.
    folder : of one component, with safetensors.

    Raises
    ------
    WeightsMissing : the files hold other tensors than the model has.
    """
    with init_empty_weights(include_buffers=False):
        model = kind.from_config(kind.load_config(str(folder)))
    kept = model._keep_in_fp32_modules or ()
    reader = _Reader(dtype, frozenset([kept] if isinstance(kept, str) else kept), device)
    with ThreadPoolExecutor(threads, initializer=reader.open) as pool:
        state = dict(pool.map(reader.read, _tensors(folder)))
    reader.close()
    model._fix_state_dict_keys_on_load(state)
    try:
        model.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise WeightsMissing(f"{folder} is not {kind.__name__}: {str(error)[:300]}") from error
    return model.to(device).eval()


def load_parts(
    folder: Path, dtypes: Mapping[str, torch.dtype], device: str, threads: int = THREADS
) -> dict[str, Any]:
    """Every model of diffusers in a pipeline's folder; the others are their own library's.

    Parameters
    ----------
    dtypes : by component; `default` for those that are not named.
    """
    parts = {}
    for name, kind in json.loads((folder / INDEX).read_bytes()).items():
        if not isinstance(kind, list) or kind[0] != "diffusers":
            continue
        model = getattr(diffusers, kind[1])
        if issubclass(model, diffusers.ModelMixin):
            dtype = dtypes.get(name, dtypes["default"])
            parts[name] = load_straight(model, folder / name, dtype, device, threads)
    return parts


def _tensors(folder: Path) -> Iterator[tuple[Path, str]]:
    """File and name of each tensor, in the order in which they lie."""
    for index in sorted(folder.glob(SHARDS)):
        named = json.loads(index.read_bytes())["weight_map"]
        yield from sorted((folder / file, name) for name, file in named.items())
        return
    for file in sorted(folder.glob(WHOLE)):
        with safe_open(file, framework="pt") as weights:
            yield from ((file, name) for name in weights.offset_keys())


class _Reader:
    """Reads tensors by several threads, each with a buffer and a stream of its own."""

    def __init__(self, dtype: torch.dtype, kept: frozenset[str], device: str) -> None:
        self._dtype, self._kept = dtype, kept
        self._device = torch.device(device)
        self._mine = threading.local()
        self._files: dict[Path, Any] = {}
        self._lock, self._open_files = threading.Lock(), ExitStack()

    def open(self) -> None:
        """Called once by each thread."""
        if self._device.type == "cuda":
            self._mine.buffer = torch.empty(BUFFER_BYTES, dtype=torch.uint8, pin_memory=True)
            self._mine.stream = torch.cuda.Stream(self._device)

    def close(self) -> None:
        """Let the mapped files go."""
        self._files.clear()
        self._open_files.close()

    def read(self, place: tuple[Path, str]) -> tuple[str, torch.Tensor]:
        file, name = place
        mapped = self._file(file).get_tensor(name)
        wanted = self._wanted(name, mapped.dtype)
        if self._device.type != "cuda":  # a processor works with the mapped file itself
            return name, mapped.to(self._device, wanted)
        return name, self._through_buffer(mapped).to(wanted)

    def _wanted(self, name: str, has: torch.dtype) -> torch.dtype:
        if not has.is_floating_point:
            return has
        return torch.float32 if self._kept.intersection(name.split(".")) else self._dtype

    def _file(self, path: Path) -> Any:
        with self._lock:
            if path not in self._files:
                self._files[path] = self._open_files.enter_context(safe_open(path, framework="pt"))
            return self._files[path]

    def _through_buffer(self, mapped: torch.Tensor) -> torch.Tensor:
        buffer, stream = self._mine.buffer, self._mine.stream
        with torch.cuda.stream(stream):
            made = torch.empty_like(mapped, device=self._device)
            source, target = (each.reshape(-1).view(torch.uint8) for each in (mapped, made))
            for start in range(0, source.numel(), BUFFER_BYTES):
                piece = source[start : start + BUFFER_BYTES]
                buffer[: piece.numel()].copy_(piece)
                target[start : start + piece.numel()].copy_(
                    buffer[: piece.numel()], non_blocking=True
                )
                stream.synchronize()  # before the buffer is filled anew
        return made
