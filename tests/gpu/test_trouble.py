"""When the model, the memory or the GPU fails: a truthful end, and no half clip."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_functions.generators.contract import (
    FramesUnusable,
    GenerationCancelled,
    GpuLost,
    OutOfMemory,
)
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.faults import torch_faults
from gpu_functions.generators.registry import open_generator
from shared.catalog.recipes import recipes_for
from shared.errors import DropreelError
from tests.gpu.requests import small_request
from tests.gpu.tiny import build_tiny

WAN, SVD, HUNYUAN = "wan2.2-ti2v-5b", "stable-video-diffusion-xt-1.1", "hunyuanvideo-1.5-i2v"


@pytest.fixture(scope="module", params=[WAN, SVD, HUNYUAN])
def generator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> DiffusersGenerator:
    """With a callback of its own, with none in words, and watched through its scheduler."""
    opened = open_generator(request.param)
    assert isinstance(opened, DiffusersGenerator)
    weights: Path = build_tiny(request.param, tmp_path_factory.mktemp("weights"))
    opened.load(weights, recipes_for(request.param, "cpu")[0], "cpu")
    return opened


def generate(generator: DiffusersGenerator) -> list[int]:
    steps: list[int] = []
    made = generator.generate(small_request(generator.row.id), lambda done, of: steps.append(done))
    assert made.frames.std() > 1
    return steps


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.\nGPU 0")


@pytest.mark.parametrize(
    ("raised", "named"),
    [
        (FULL, "9.00"),
        (MemoryError(), "no reason given"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9"), "Default"),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
            "CUBLAS",
        ),
    ],
)
def test_every_way_to_say_that_the_memory_is_full_is_known(raised: Exception, named: str) -> None:
    with pytest.raises(OutOfMemory, match=named) as caught, torch_faults("trying"):
        raise raised
    assert caught.value.__cause__ is None
    assert raised.__traceback__ is None, "its frames would hold the tensors that did not fit"


def test_too_little_memory_is_told_and_the_next_request_runs(
    generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(generator.pipeline.vae.decoder, "forward", raising(FULL))
        with pytest.raises(OutOfMemory, match="generating with"):
            generate(generator)
    assert generate(generator) == [1, 2]


def test_a_gpu_that_is_gone_is_told_from_one_that_is_full(
    generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = RuntimeError("CUDA error: an illegal memory access was encountered\nCompile with …")
    monkeypatch.setattr(generator.pipeline.vae.decoder, "forward", raising(gone))
    with pytest.raises(GpuLost, match="illegal memory access") as caught:
        generate(generator)
    assert caught.value.retryable


def test_other_errors_are_nobodys_memory(
    generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        generator.pipeline.vae.decoder, "forward", raising(RuntimeError("shapes differ"))
    )
    with pytest.raises(RuntimeError, match="shapes differ") as caught:
        generate(generator)
    assert not isinstance(caught.value, DropreelError)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_latents_that_are_no_numbers_end_the_run_at_their_step(
    generator: DiffusersGenerator, bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    scheduler = generator.pipeline.scheduler
    stepped = scheduler.step

    def spoil(*arguments: Any, **named: Any) -> Any:
        result = stepped(*arguments, **named)
        result[0].view(-1)[0] = bad
        return result

    monkeypatch.setattr(scheduler, "step", spoil)
    with pytest.raises(FramesUnusable, match="latents after step 1 hold"):
        generator.generate(small_request(generator.row.id), lambda done, of: steps.append(done))
    assert steps == []


def test_decoded_frames_that_are_no_numbers_are_never_handed_on(
    generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(generator, monkeypatch, lambda picture: picture.fill_(torch.nan))
    with pytest.raises(FramesUnusable, match="decoded frames hold"):
        generate(generator)


def test_a_clip_of_one_colour_is_no_clip(
    generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(generator, monkeypatch, lambda picture: picture.zero_())
    with pytest.raises(FramesUnusable, match=r"Every pixel .* is \[128, 128, 128\]"):
        generate(generator)


def spoil(
    generator: DiffusersGenerator,
    monkeypatch: pytest.MonkeyPatch,
    how: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    """Let the picture decoder give something else, in the form that it gives."""
    decoder = generator.pipeline.vae.decoder
    decode = decoder.forward
    monkeypatch.setattr(decoder, "forward", lambda *given, **named: how(decode(*given, **named)))


def test_cancelling_leaves_the_scheduler_as_it_was(generator: DiffusersGenerator) -> None:
    stepped = generator.pipeline.scheduler.step
    with pytest.raises(GenerationCancelled):
        generator.generate(
            small_request(generator.row.id), raising(GenerationCancelled("by a test"))
        )
    assert generator.pipeline.scheduler.step == stepped


def test_a_run_that_does_not_end_leaves_nothing_on_the_gpu(
    generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed: list[int] = []
    monkeypatch.setattr(
        generator.pipeline, "maybe_free_model_hooks", lambda: freed.append(1), raising=True
    )
    with pytest.raises(GenerationCancelled):
        generator.generate(
            small_request(generator.row.id), raising(GenerationCancelled("by a test"))
        )
    assert freed == [1], "the pipeline itself frees at its own end only"
    generate(generator)
    assert freed == [1, 1, 1], "and a family may decode after it"


def test_a_load_that_fails_leaves_nothing_behind(
    generator: DiffusersGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_generator(SVD)
    weights = build_tiny(SVD, tmp_path)
    full = torch.OutOfMemoryError("CUDA out of memory.")
    assert isinstance(opened, DiffusersGenerator)
    monkeypatch.setattr(opened, "open_pipeline", raising(full))
    with pytest.raises(OutOfMemory, match="loading stable-video-diffusion"):
        opened.load(weights, recipes_for(SVD, "cpu")[0], "cpu")
    assert opened.pipeline is None
