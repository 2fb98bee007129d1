"""What torch compiled is found again by the next process, and a folder of rubbish does no harm."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch._dynamo.utils import counters
from torch._inductor.utils import fresh_cache
from torch.compiler._cache import CacheArtifactManager

from gpu_functions.runner.compiled import MOST_BYTES, MOST_FILES, SUFFIX, Compiled

MODEL = "wan2.2-ti2v-5b"
SHAPE, OTHER = (64, 64, 9), (32, 32, 9)

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script_method.*:DeprecationWarning")


@contextmanager
def new_process() -> Iterator[None]:
    """Torch as if it had just been started, on a machine that never compiled anything."""
    torch._dynamo.reset()
    counters.clear()
    with fresh_cache(), CacheArtifactManager.with_fresh_cache():
        yield
    torch._dynamo.reset()


def multiplied(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Nothing that a C++ compiler, who is slow, would be called for."""
    return x @ y @ x


def a_clip(side: int = 8) -> torch.Tensor:
    x = torch.arange(side * side, dtype=torch.float32).reshape(side, side) / side
    made: torch.Tensor = torch.compile(multiplied, dynamic=False)(x, x + 1)
    return made


def hits() -> int:
    return int(counters["inductor"]["fxgraph_cache_hit"])


def test_the_next_process_finds_what_this_one_compiled(tmp_path: Path) -> None:
    told: list[int] = []
    with new_process():
        ours = Compiled(tmp_path, "cpu", kept=lambda: told.append(1))
        assert ours.bring(MODEL) == 0
        assert not ours.keep(MODEL, SHAPE), "nothing was compiled"
        made = a_clip()
        assert ours.keep(MODEL, OTHER)
        assert hits() == 0
        assert not ours.keep(MODEL, OTHER), "a second clip of the shape compiles nothing"
    assert told == [1]

    with new_process():
        theirs = Compiled(tmp_path, "cpu")
        assert theirs.bring("mochi-1") == 0, "another model's code is not read"
        assert theirs.bring(MODEL) == 1
        assert torch.equal(a_clip(), made)
        assert hits() == 1
        assert not theirs.keep(MODEL, SHAPE), "it was all there before"
        a_clip(side=12)
        assert theirs.keep(MODEL, OTHER)
    assert len([*tmp_path.rglob(f"*{SUFFIX}")]) == 2

    with new_process():
        third = Compiled(tmp_path, "cpu")
        assert third.bring(MODEL) == 2
        a_clip()
        a_clip(side=12)
        assert hits() == 2


def test_damaged_files_are_read_over_and_old_ones_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with new_process():
        ours = Compiled(tmp_path, "cpu")
        a_clip()
        assert ours.keep(MODEL, SHAPE)
        (file,) = tmp_path.rglob(f"*{SUFFIX}")
        for at in range(MOST_FILES + 3):
            (file.parent / f"old{at}{SUFFIX}").write_bytes(b"not what torch wrote")
        assert Compiled(tmp_path, "cpu").bring(MODEL) == 1
        a_clip(side=16)
        assert ours.keep(MODEL, OTHER)
    assert len([*tmp_path.rglob(f"*{SUFFIX}")]) == MOST_FILES
    assert not [*tmp_path.rglob("*.part")]


def test_a_folder_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with new_process():
        ours = Compiled(tmp_path / "file", "cpu")
        assert ours.bring(MODEL) == 0
        for side in (8, 12):
            a_clip(side)
            assert not ours.keep(MODEL, side)
    assert caplog.text.count("compiled code is not kept") == 1


def test_what_is_no_file_of_ours_is_left_alone(tmp_path: Path) -> None:
    with new_process():
        ours = Compiled(tmp_path, "cpu")
        a_clip()
        assert ours.keep(MODEL, SHAPE)
    (file,) = tmp_path.rglob(f"*{SUFFIX}")
    (file.parent / f"gone{SUFFIX}").symlink_to(tmp_path / "nowhere")
    (file.parent / f"folder{SUFFIX}").mkdir()
    os.mkfifo(file.parent / f"pipe{SUFFIX}")  # reading it would wait for ever
    with (file.parent / f"huge{SUFFIX}").open("wb") as huge:
        huge.truncate(MOST_BYTES + 1)
    with new_process():
        theirs = Compiled(tmp_path, "cpu")
        assert theirs.bring(MODEL) == 1
        a_clip(side=12)
        assert theirs.keep(MODEL, OTHER)


def test_a_volume_that_does_not_take_it_costs_no_clip(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def refuses() -> None:
        raise RuntimeError("the volume is busy")

    with new_process():
        ours = Compiled(tmp_path, "cpu", kept=refuses)
        for side in (8, 12):
            a_clip(side)
            assert not ours.keep(MODEL, side)
    assert caplog.text.count("compiled code is not kept: the volume is busy") == 1


def test_what_one_user_prepared_another_can_read(tmp_path: Path) -> None:
    with new_process():
        a_clip()
        assert Compiled(tmp_path, "cpu").keep(MODEL, SHAPE)
    (file,) = tmp_path.rglob(f"*{SUFFIX}")
    (tmp_path / "any file").touch()
    assert file.stat().st_mode == (tmp_path / "any file").stat().st_mode


def test_a_file_that_another_process_takes_away_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "glob", lambda _self, _pattern: iter([tmp_path / "gone"]))
    assert Compiled(tmp_path, "cpu").bring(MODEL) == 0
