"""Two experts in one place: the numbers of both resident, and no more copies than two a clip."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch._dynamo.testing import CompileCounter

from gpu_functions.generators.contract import GenerationCancelled, OutOfMemory
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.speed import experts
from gpu_functions.speed.experts import FIRST, SECOND, Second
from gpu_functions.speed.graphs import cuda_graph
from gpu_functions.speed.lever import parts_of
from gpu_functions.speed.machine_memory import free_bytes
from gpu_functions.speed.swapping import ALIGNED, Place, locked_bytes, packed
from shared.catalog.recipe import Recipe
from tests.gpu.loaded import load
from tests.gpu.requests import small_request

A14B, TI2V = "wan2.2-i2v-a14b", "wan2.2-ti2v-5b"
PARTS, STEPS = 3, 6
"""Two blocks and the rest; of six steps the noisy ones are two or three."""

TWICE = [(which, part) for which in (SECOND, FIRST) for part in range(PARTS)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


@dataclass
class Seen:
    """What happened, in its order: ("run", part) and ("copy", expert, part)."""

    events: list[tuple[Any, ...]] = field(default_factory=list)

    def copies(self) -> list[tuple[int, int]]:
        return [event[1:] for event in self.events if event[0] == "copy"]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    found, copy = Seen(), Place.copy

    def copied(place: Place, which: int, part: int) -> None:
        found.events.append(("copy", which, part))
        copy(place, which, part)

    monkeypatch.setattr(Place, "copy", copied)
    return found


def latents(
    generator: DiffusersGenerator, stop_after: int | None = None, **changes: Any
) -> torch.Tensor:
    """What the denoisers made, before it is decoded."""
    made: list[torch.Tensor] = []
    decode = generator.pieces

    def kept(output: Any) -> Iterator[torch.Tensor]:
        made.append(output.frames)
        yield from decode(output)

    def on_step(done: int, of: int) -> None:
        if done == stop_after:
            raise GenerationCancelled(f"after {done} of {of}")

    request = small_request(A14B, **{"steps": STEPS, **changes})
    generator.pieces = kept  # type: ignore[method-assign]
    try:
        generator.generate(request, on_step)
    finally:
        del generator.pieces
    return made[0]


WAYS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({}, {"guidance": 1.0}),
    ({}, {"guidance": 4.0, "extras": {"guidance_scale_2": 2.0}}),
    ({"levers": {"guidance": "batched", "fuse_qkv": True}}, {"guidance": 4.0}),
    ({"levers": {"linear8": "int8", "fused_modulation": True}}, {"guidance": 4.0}),
    ({"quantization": "fp8", "dtype": "bfloat16"}, {"guidance": 1.0}),
    (
        {"levers": {"distilled": {"flow_shift": 5.0, "loras": {}}, "channels_last": True}},
        {"guidance": 1.0, "steps": 4},
    ),
)


@pytest.mark.parametrize(("recipe", "changes"), WAYS, ids=str)
def test_the_numbers_are_those_of_both_resident_and_each_part_comes_twice_a_clip(
    weights: Path, seen: Seen, recipe: dict[str, Any], changes: dict[str, Any]
) -> None:
    both = load(weights, A14B, **recipe)
    turns = load(weights, A14B, **recipe, offload="experts")
    assert turns.notes == ()
    wanted = latents(both, **changes)
    for _ in range(2):
        seen.events.clear()
        assert torch.equal(latents(turns, **changes), wanted)
        assert seen.copies() == TWICE


@pytest.mark.parametrize(("guidance", "forwards"), [(1.0, 1), (4.0, 2)])
def test_a_blocks_successor_comes_as_soon_as_it_has_run_for_the_last_time(
    weights: Path, seen: Seen, guidance: float, forwards: int
) -> None:
    turns = load(weights, A14B, offload="experts")
    for part, block in enumerate(turns.pipeline.transformer.blocks):
        block.block.register_forward_hook(lambda *_, part=part: seen.events.append(("run", part)))
    latents(turns, guidance=guidance)
    events = seen.events
    for which in (SECOND, FIRST):
        first = events.index(("copy", which, 0))
        assert events[first - 1 : first + 4] == [
            *(("run", 0), ("copy", which, 0), ("run", 1), ("copy", which, 1)),
            ("copy", which, 2),
        ]
    assert events[-1] == ("copy", FIRST, 2), "while the frames are decoded"
    noisy = events[: events.index(("copy", SECOND, 0))].count(("run", 0))
    assert noisy % forwards == 0, "not in a step that has another forward to come"
    assert 0 < noisy < STEPS * forwards


def test_what_is_not_known_in_a_clips_first_step_costs_no_copy(weights: Path, seen: Seen) -> None:
    both, turns = load(weights, A14B), load(weights, A14B, offload="experts")
    assert torch.equal(latents(turns, steps=1), latents(both, steps=1))
    assert seen.copies() == [], "one expert only"
    for guidance in (1.0, 4.0):
        changes: dict[str, Any] = {"steps": 2, "guidance": guidance}
        seen.events.clear()
        assert torch.equal(latents(turns, **changes), latents(both, **changes))
        assert seen.copies() == TWICE


def test_weights_that_land_no_sooner_than_they_are_waited_for_are_in_time(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As late as a GPU may copy; the other tests copy as early as it may."""
    copy, landed = Place.copy, list[int]()

    def late(place: Place, which: int, part: int) -> None:
        place._arriving[part] = lambda: copy(place, which, part)

    class Waiting:
        def wait_event(self, event: Any) -> None:
            landed.append(1)
            event()

    monkeypatch.setattr(Place, "copy", late)
    monkeypatch.setattr(torch.cuda, "current_stream", Waiting)
    both, turns = load(weights, A14B), load(weights, A14B, offload="experts")
    for guidance in (1.0, 4.0):
        wanted = latents(both, guidance=guidance)
        assert torch.equal(latents(turns, guidance=guidance), wanted)
    assert len(landed) == PARTS * 3, "three turns; the last way back is the next clip's"


@pytest.mark.parametrize("after", [2, 4])
def test_a_clip_that_was_cancelled_or_broke_off_leaves_the_next_one_right(
    weights: Path, after: int
) -> None:
    both, turns = load(weights, A14B), load(weights, A14B, offload="experts")
    wanted = latents(both, guidance=4.0)
    with suppress(GenerationCancelled):
        latents(turns, stop_after=after, guidance=4.0)
    assert torch.equal(latents(turns, guidance=4.0), wanted)
    block = turns.pipeline.transformer.blocks[1].block
    left = [2 * after]

    def full(*_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = block.register_forward_pre_hook(full)
    with pytest.raises(OutOfMemory):
        latents(turns, guidance=4.0)
    hook.remove()
    assert torch.equal(latents(turns, guidance=1.0), latents(both, guidance=1.0))


def test_a_compiled_block_stays_compiled_for_both(weights: Path) -> None:
    both, turns = load(weights, A14B), load(weights, A14B, offload="experts")
    torch._dynamo.reset()
    counter = CompileCounter()
    for model in parts_of(turns.pipeline, turns.denoisers):
        model.compile_repeated_blocks(fullgraph=True, dynamic=False, backend=counter)
    made = latents(turns, guidance=1.0)
    assert counter.frame_count == 1, "one code for all blocks of both experts"
    assert torch.allclose(made, latents(both, guidance=1.0), atol=1e-5)


def test_levers_meet_the_one_module_once_and_it_is_not_recorded(weights: Path) -> None:
    pipeline = load(weights, A14B, offload="experts").pipeline
    assert parts_of(pipeline, ("transformer", "transformer_2")) == [pipeline.transformer]
    assert isinstance(pipeline.transformer_2, Second)
    assert pipeline.transformer_2.config is pipeline.transformer.config
    said = cuda_graph(pipeline, True, "cuda:0", ("transformer", "transformer_2"))
    assert said == "parts that come and go cannot be recorded"


def test_one_denoiser_has_nobody_to_take_turns_with(weights: Path) -> None:
    alone = load(weights, TI2V, offload="experts")
    assert alone.notes == ("offload: there are no two experts of one build",)
    request = small_request(TI2V)
    assert len(alone.generate(request, lambda done, of: None).frames) == request.num_frames
    with pytest.raises(ValidationError, match="stays on the GPU"):
        Recipe(name="both", load="straight", offload="experts")


def test_a_machine_without_memory_for_both_is_left_to_the_next_recipe(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experts, "free_bytes", lambda: 1000)
    with pytest.raises(OutOfMemory, match=r"need 0\.0 GiB more of the machine's memory"):
        load(weights, A14B, offload="experts")
    monkeypatch.setattr(experts, "free_bytes", lambda: None)
    assert load(weights, A14B, offload="experts").notes == ()


def test_memory_is_the_machines_or_the_containers(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  7 kB\nHuge: 0\n")
    assert free_bytes(tmp_path) == 7 * 1024
    group = tmp_path / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    (group / "memory.current").write_text("3000\n")
    (group / "memory.stat").write_text("anon 2000\ninactive_file 500\n")
    (group / "memory.max").write_text("max\n")
    assert free_bytes(tmp_path) == 7 * 1024
    (group / "memory.max").write_text("4000\n")
    assert free_bytes(tmp_path) == 1500


@pytest.mark.parametrize("then", [FIRST, SECOND])
def test_a_part_whose_copy_failed_is_nobodys_and_is_copied_again(
    monkeypatch: pytest.MonkeyPatch, then: int
) -> None:
    sets = [{"a": torch.full((2,), float(which))} for which in (FIRST, SECOND)]
    here = sets[FIRST]["a"].clone()
    place = Place({"a": here}, sets, [["a"]], "cpu")

    def fail(*_: Any) -> None:
        here[0] = 9
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(place, "copy", fail)
        with pytest.raises(RuntimeError, match="middle"):
            place.use(SECOND, 0)
    place.use(then, 0)
    assert here.tolist() == [float(then)] * 2


def test_weights_of_every_kind_lie_in_one_piece() -> None:
    tensors = {
        "halves": torch.randn(3, 5).bfloat16(),
        "bytes": torch.arange(7, dtype=torch.int8),
        "one": torch.tensor(3.0, dtype=torch.float64),
        "none": torch.empty(0),
        "eighths": torch.randn(4, 4).to(torch.float8_e4m3fn),
    }
    made = packed(tensors, page_locked=False)
    assert len({each.untyped_storage().data_ptr() for each in made.values()}) == 1
    for name, each in tensors.items():
        assert (made[name].dtype, made[name].shape) == (each.dtype, each.shape)
        assert np.array_equal(made[name].double().numpy(), each.double().numpy())
    assert made["one"].untyped_storage().nbytes() == 4 * ALIGNED
    assert locked_bytes({"a": ALIGNED * 2, "b": 1}) == 4 * ALIGNED
