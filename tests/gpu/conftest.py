"""Tests of the GPU side: real torch and diffusers, tiny models with random weights, on the CPU."""

import importlib.util
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without torch there is nothing to import here; CI has it, and must not skip."""
    if collection_path.parent != HERE or not collection_path.name.startswith("test_"):
        return None
    if importlib.util.find_spec("torch") or os.environ.get("CI"):
        return None
    return True


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny models are slower on two threads, and far slower where the cores are shared."""
    import torch  # noqa: PLC0415 - not there without `make gpu`

    torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.gpu)
