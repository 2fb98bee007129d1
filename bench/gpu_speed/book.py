"""What was measured so far, in a file that is written after each part."""

import json
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from bench.gpu import gpu_class_of
from gpu_functions.runner.device import CPU

BEGAN = time.monotonic()
MOST_TOLD = 1500


class Book:
    """All that was measured so far, in a file.

    Parameters
    ----------
    path : None keeps it in memory alone.
    """

    def __init__(self, path: Path | None, device: str) -> None:
        self._path = path
        self.document: dict[str, Any] = {
            "where": where(device),
            "toy": device == CPU,
            "gpu_class": gpu_class_of(device),
            "measured_at": _now(),
        }

    def put(self, section: str, key: str, value: Any) -> None:
        """Write a result down; another of the same key before it is gone."""
        self.document.setdefault(section, {})[key] = value
        self.document.setdefault("at", {})[f"{section}: {key}"] = _now()
        self._write()
        _tell(f"{section} {key}: {json.dumps(value, default=str)[:MOST_TOLD]}")

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Tell how long a part took, and write it down."""
        began = time.monotonic()
        try:
            yield
        finally:
            took = round(time.monotonic() - began, 1)
            self.document.setdefault("took_sec", {})[name] = took
            self._write()
            _tell(f"{name} took {took:.0f} s")

    def _write(self) -> None:
        if self._path:
            self._path.write_text(json.dumps(self.document, indent=1) + "\n", "utf-8")


def _tell(text: str) -> None:
    sys.stderr.write(f"[{time.monotonic() - BEGAN:.0f} s] {text}\n")
    sys.stderr.flush()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def where(device: str) -> Mapping[str, str]:
    """Device, driver and versions."""
    names = ("torch", "diffusers", "transformers")
    known = {name: version(name) for name in names} | {"python": platform.python_version()}
    if device == CPU:
        return {"device": "a processor, one thread", **known}
    return {
        "device": torch.cuda.get_device_name(),
        "driver": _driver(),
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "triton": version("triton"),
        **known,
    }


def _driver() -> str:
    try:
        text = Path("/proc/driver/nvidia/version").read_text("utf-8")
    except OSError:
        return "unknown"
    return next((word for word in text.split() if word.count(".") >= 2 and word[0].isdigit()), "")
