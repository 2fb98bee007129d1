"""Frames on their way to the other process: whole there, or gone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gpu_functions.generators.contract import GeneratedFrames
from gpu_functions.runner.errors import TooLate, stopped
from gpu_functions.runner.files import Files
from gpu_functions.runner.making import GENERATED_PERCENT, Take, make_frames
from gpu_functions.runner.notes import Notes
from gpu_functions.worker.frames_file import FramesFile, clear_unfinished
from shared.errors import DropreelError
from shared.gpu_jobs.document import Addresses, GpuJob
from shared.gpu_jobs.messages import Stage, Verdict
from tests.runner.town import RunnerTown, Studio, runner_town

FRAMES = np.random.default_rng(3).integers(0, 255, (7, 4, 6, 3), np.uint8)


@pytest.fixture
def town() -> Iterator[RunnerTown]:
    with runner_town() as built:
        yield built


def test_what_is_handed_on_is_read_by_another_and_stays(tmp_path: Path) -> None:
    with FramesFile(tmp_path) as file:
        file.put((3, 4, 6, 3), [FRAMES[4:]])
        frames = file.put(FRAMES.shape, [FRAMES[:1], FRAMES[1:5], FRAMES[5:]])
        assert np.array_equal(frames, FRAMES)
        handed = file.handed_on(Take(GeneratedFrames(frames=frames, fps=Fraction(24)), 5))
    assert [*tmp_path.iterdir()] == [handed.path]
    assert np.array_equal(np.load(handed.path), FRAMES)
    assert (handed.fps, handed.used, handed.sound) == ("24", 5, None)


def test_what_fails_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield FRAMES[:1]
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"), FramesFile(tmp_path) as file:
        file.put(FRAMES.shape, broken())
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_says_so(tmp_path: Path) -> None:
    file = FramesFile(tmp_path)
    file._unfinished.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"), file:
        file.put(FRAMES.shape, [FRAMES])
    assert not [*tmp_path.iterdir()]


def test_half_files_of_processes_that_are_gone_are_cleared_away_and_no_others(
    tmp_path: Path,
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    kept = {
        f"dropreel-frames-{os.getppid()}-a.unfinished.npy",  # at it
        f"dropreel-frames-{gone.pid}-b.npy",  # handed on
        "dropreel-frames-c.unfinished.npy",  # nobody's
    }
    for name in (*kept, f"dropreel-frames-{gone.pid}-a.unfinished.npy"):
        (tmp_path / name).touch()
    clear_unfinished(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == kept


class Ears:
    """A watch that hears of a stop when it has been asked so often after the last step."""

    def __init__(self, addresses: Addresses, stops_after: int = 1_000) -> None:
        self.addresses, self._left = addresses, stops_after

    def at(self, stage: Stage, percent: int) -> None:
        if (stage, percent) == (Stage.GENERATING, GENERATED_PERCENT):
            self._left -= 1
            if self._left < 0:
                raise stopped(Verdict.CANCEL)

    def refresh(self) -> Addresses:
        return self.addresses


def make(job: GpuJob, ears: Ears, folder: Path, ends_after: int = 1_000) -> Notes:
    """The first half into a file; the job's last moment passes after so many looks at the clock."""
    notes, studio, looks = Notes(runner="r"), Studio(), list[int]()
    last = datetime.fromisoformat(job.deadline_at)

    def now() -> datetime:
        looks.append(1)
        return last if len(looks) > ends_after else datetime.now(UTC)

    with FramesFile(folder) as file:
        models = studio.tools().models
        take = make_frames(job, Files(job, ears), ears, models, notes, room=file.put, now=now)
        file.handed_on(take)
    return notes


def test_a_stop_and_the_last_moment_are_heard_between_two_pieces(
    town: RunnerTown, tmp_path: Path
) -> None:
    job = town.job(deadline_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    ends: list[tuple[Ears, int, type[DropreelError]]] = [
        (Ears(job.addresses, 1 + 2), 1_000, type(stopped(Verdict.CANCEL))),
        (Ears(job.addresses), 3 + 2, TooLate),
    ]
    for ears, ends_after, raised in ends:
        with pytest.raises(raised):
            make(job, ears, tmp_path, ends_after)
        assert not [*tmp_path.iterdir()]
    notes = make(job, Ears(job.addresses), tmp_path)
    assert [each.what for each in notes.spans][-1] == "decoding"
    (whole,) = tmp_path.iterdir()
    assert np.load(whole).shape == (9, 32, 64, 3)
