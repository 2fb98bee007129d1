"""Tests of the GPU side: real torch and diffusers, tiny models with random weights, on the CPU."""

import importlib.util
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ON_GPU = "test_on_gpu.py"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without torch there is nothing to import here; CI has it, and must not skip.

    `test_on_gpu` is for machines with a GPU; CI has none.
    """
    if collection_path.parent != HERE or not collection_path.name.startswith("test_"):
        return None
    if collection_path.name == ON_GPU and not _has_gpu():
        return True
    if importlib.util.find_spec("torch") or os.environ.get("CI"):
        return None
    return True


def _has_gpu() -> bool:
    return Path("/dev/nvidia0").exists() and importlib.util.find_spec("torch") is not None


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny models are slower on two threads, and far slower where the cores are shared."""
    import torch  # noqa: PLC0415 - not there without `make gpu`

    torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.gpu)
