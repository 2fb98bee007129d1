"""FlashAttention-4 is taken where it is there, fits the GPU and is right, and else it is said."""

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch.nn.attention import current_flash_attention_impl, restore_flash_attention_impl
from torch.nn.attention._fa4 import _fa4_import_module

from bench.gpu_ladder import Given, Rung, forward
from gpu_functions.speed import apply, flash4
from gpu_functions.speed.switches import attention
from gpu_functions.speed.trial import TRIAL, trial_error
from shared.catalog.recipe import Recipe


class Model(torch.nn.Module):
    """A denoiser as far as it is told who attends."""

    told = ""

    def set_attention_backend(self, name: str) -> None:
        self.told = name


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    """On a Hopper GPU, with FlashAttention-4; what its trial says, a test may change."""
    _fa4_import_module.cache_clear()
    package = ModuleType("flash_attn.cute.interface")
    package._flash_attn_fwd = package._flash_attn_bwd = None  # type: ignore[attr-defined]
    for name in ("flash_attn", "flash_attn.cute"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setattr(flash4, "capability", lambda device: (9, 0))
    monkeypatch.setattr(flash4, "trial_error", lambda attend, device: 0.004)
    yield Model()
    if current_flash_attention_impl():
        restore_flash_attention_impl()


def pulled(model: Model, *names: str) -> str | None:
    return attention(SimpleNamespace(transformer=model), names, "cuda:0", ("transformer",))


def test_torch_takes_it_and_the_model_asks_torch_for_it(model: Model) -> None:
    assert pulled(model, "flash_4", "native") is None
    assert (model.told, current_flash_attention_impl()) == ("_native_flash", "FA4")


@pytest.mark.parametrize("error", [0.02, float("nan")])
def test_where_it_is_wrong_torch_has_its_own_back(
    model: Model, monkeypatch: pytest.MonkeyPatch, error: float
) -> None:
    monkeypatch.setattr(flash4, "trial_error", lambda attend, device: error)
    said = pulled(model, "flash_4", "native")
    assert said == f"took native, not flash_4 (off by {error:.2g} in a trial)"
    assert (model.told, current_flash_attention_impl()) == ("native", None)


@pytest.mark.parametrize("kind", [RuntimeError, AssertionError, TypeError])
def test_a_kernel_that_fails_in_the_trial_is_left_alone(
    model: Model, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def fails(_attend: object, _device: str) -> float:
        raise kind("no kernel image")

    monkeypatch.setattr(flash4, "trial_error", fails)
    assert pulled(model, "flash_4") == "left native, not flash_4 (no kernel image)"
    assert current_flash_attention_impl() is None


def test_other_gpus_and_a_package_that_is_not_there(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "flash_attn.cute.interface", None)
    said = pulled(model, "flash_4", "native")
    assert said is not None
    assert said.startswith("took native, not flash_4 (import of flash_attn.cute.interface")
    for other in ((8, 9), (12, 0), (0, 0)):
        monkeypatch.setattr(flash4, "capability", lambda device, other=other: other)
        said = pulled(model, "flash_4", "native")
        assert said == "took native, not flash_4 (FlashAttention-4 is for Hopper and Blackwell)"


def test_the_next_model_has_torchs_own_back(model: Model) -> None:
    assert pulled(model, "flash_4") is None
    torch.set_float32_matmul_precision("high")
    pipeline = SimpleNamespace(transformer=model, to=lambda device: None)
    assert apply(pipeline, Recipe(name="plain"), "cuda:0", ("transformer",)) == ()
    assert current_flash_attention_impl() is None
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_contender_that_did_not_ask_for_it_is_measured_without(model: Model) -> None:
    seen: list[str | None] = []

    def attends(**_: object) -> list[torch.Tensor]:
        seen.append(current_flash_attention_impl())
        return [torch.zeros(1)]

    assert pulled(model, "flash_4") is None
    for levers in ({"attention": "native"}, {"attention": "flash_4"}, {}):
        forward(attends, Given((), {}), Rung("wan", "a rung", levers))
    assert seen == [None, "FA4", None]
    assert current_flash_attention_impl() == "FA4"


def test_a_trial_tells_a_right_kernel_from_one_that_mixes_up_its_heads() -> None:
    assert trial_error(flash4._attend, "cpu") < flash4.TRIAL_ERROR

    def mixed(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return flash4._attend(query, key, value.flip(2))

    assert trial_error(mixed, "cpu") > 0.5
    assert TRIAL[1] % 128
