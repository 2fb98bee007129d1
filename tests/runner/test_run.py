"""One job from fetch to callback, and everything that can go wrong on the way."""

import io
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from gpu_functions.generators.contract import FramesUnusable, GpuLost, WeightsMissing
from gpu_functions.runner import encode
from gpu_functions.runner.compiled import Compiled
from gpu_functions.runner.errors import CallbackRefused, FilesSilent, NotOurs
from gpu_functions.runner.rented import run_rented
from gpu_functions.runner.run import Tools
from shared.errors import EncodeFailed
from shared.gpu_jobs.document import Callback
from shared.gpu_jobs.messages import Said, Verdict, Word
from shared.gpu_jobs.receive import receive
from shared.gpu_jobs.report import RunOutcome
from tests.runner.town import RunnerTown, Studio, png, runner_town


@pytest.fixture
def town() -> Iterator[RunnerTown]:
    with runner_town() as built:
        yield built


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr("gpu_functions.runner.files.PAUSE_SEC", 0.0)


def test_a_job_goes_the_whole_way_and_its_report_says_how(town: RunnerTown) -> None:
    report = Studio().run(town.job())
    assert report is not None
    assert report == town.report
    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.made is not None
    assert report.made.size_bytes == len(town.files["result.mp4"])
    assert (report.recipe, report.interpolation) == ("first", "minterpolate")
    assert (report.settings["seed"], report.revision) == (0, "abc")
    assert report.gpu.startswith("CPU")
    assert set(report.seconds) >= {"fetching", "generating", "encoding", "uploading"}
    assert [(each.what, each.on) for each in report.spans] == [
        *(("fetching", ""), ("loading", "cpu")),
        *((part, "cpu") for part in ("first_step", "denoising", "decoding")),
        *(("interpolating", ""), ("encoding", ""), ("uploading", "")),
    ]
    assert all(each.began <= each.ended for each in report.spans)
    first, *_, last = town.heard
    assert (first.word, last.word) == (Word.CLAIM, Word.END)
    with av.open(io.BytesIO(town.files["result.mp4"]), "r") as video:
        frames = list(video.decode(video=0))
    assert len(frames) == 24
    assert (frames[0].width, frames[0].height) == (64, 32)


def test_the_sound_of_a_model_that_makes_its_own_is_delivered(tmp_path: Path) -> None:
    path, rate = tmp_path / "result.mp4", 24_000
    frames = np.random.default_rng(1).integers(0, 255, (24, 64, 64, 3), np.uint8)
    tone = np.sin(np.arange(rate // 2) * 2 * np.pi * 440 / rate).astype(np.float32)
    encode.encode_intermediate(frames, Fraction(24), path, (np.stack([tone, tone * 0.5]), rate))
    with av.open(str(path), "r") as video:
        heard = np.concatenate([each.to_ndarray() for each in video.decode(audio=0)], axis=1)
    assert heard.shape[1] == pytest.approx(48_000, abs=2048), "a second, as long as the picture"
    assert np.abs(heard[0, 4_000:20_000]).max() == pytest.approx(1.0, abs=0.2)
    assert np.abs(heard[1, 4_000:20_000]).max() == pytest.approx(0.5, abs=0.1)
    assert np.abs(heard[:, 30_000:44_000]).max() < 0.05, "then silence"
    assert [each.name for each in tmp_path.iterdir()] == ["result.mp4"]


def test_running_it_again_makes_nothing_anew(town: RunnerTown) -> None:
    studio = Studio()
    first = studio.run(town.job())
    result = town.files["result.mp4"]
    again = studio.run(town.job())
    assert again == first
    assert len(studio.requests) == 1
    assert town.files["result.mp4"] is result


def test_too_little_memory_is_met_by_the_next_recipe_and_reported(town: RunnerTown) -> None:
    studio = Studio(too_large={"first"})
    report = studio.run(town.job())
    assert report is not None
    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.recipe == "second"
    assert [(each.recipe, each.why) for each in report.recipes_tried] == [
        ("first", "first does not fit")
    ]


def test_no_recipe_at_all_is_a_failure_that_names_them(town: RunnerTown) -> None:
    report = Studio(too_large={"first", "second"}).run(town.job())
    assert report is not None
    assert (report.outcome, report.error) == (RunOutcome.FAILED, "out_of_memory")
    assert "`first`, `second`" in report.message
    assert "result.mp4" not in town.files


@pytest.mark.parametrize(
    ("fault", "retryable"),
    [
        (FramesUnusable("latents after step 2 hold 4 values that are no numbers"), True),
        (WeightsMissing("vae/diffusion.safetensors is missing"), False),
        (ZeroDivisionError("deep in a model"), False),
    ],
)
def test_what_the_model_raises_is_the_reports_failure_and_nothing_is_uploaded(
    town: RunnerTown, fault: Exception, retryable: bool
) -> None:
    report = Studio(fault=fault).run(town.job())
    assert report is not None
    assert (report.outcome, report.retryable) == (RunOutcome.FAILED, retryable)
    assert str(fault) in report.message
    assert set(town.files) == {"keyframe.png", "report.json"}


def test_a_lost_gpu_leaves_no_report_so_that_somebody_else_may_try(town: RunnerTown) -> None:
    with pytest.raises(GpuLost):
        Studio(fault=GpuLost("CUDA error")).run(town.job())
    assert set(town.files) == {"keyframe.png"}
    report = Studio().run(town.job(), runner="one")
    assert report is not None
    assert report.outcome is RunOutcome.SUCCEEDED
    assert town.record is not None
    assert town.record.claims == 2


def test_cancelled_while_it_generates_it_stops_and_says_so(town: RunnerTown) -> None:
    town.cancel_at_percent = 10
    job = town.job()
    settings = job.settings.model_copy(update={"steps": 400})
    report = Studio(step_sec=0.02).run(
        job.model_copy(update={"settings": settings}), lease_sec=0.6 + 0.4
    )
    assert report is not None
    assert report.outcome is RunOutcome.CANCELLED
    assert "result.mp4" not in town.files


def test_a_runner_that_was_given_up_leaves_the_field_to_its_successor(town: RunnerTown) -> None:
    job = town.job()
    settings = job.settings.model_copy(update={"steps": 400})
    later = datetime.now(UTC).timestamp() + 3600

    class Takeover(Studio):
        def run_and_lose(self) -> object:
            return self.run(job.model_copy(update={"settings": settings}), lease_sec=1)

    studio = Takeover(step_sec=0.02)
    taken = Said(word=Word.CLAIM, runner="two", lease_sec=600)
    original = town.hear

    def hear(token: str, header: str, body: bytes) -> tuple[int, bytes]:
        if len(town.heard) == 1:
            receive(town.records, town.row, taken, later)
        return original(token, header, body)

    town.hear = hear  # type: ignore[method-assign]  # somebody claims between two beats
    assert studio.run_and_lose() is None
    assert set(town.files) == {"keyframe.png"}


def test_somebody_elses_job_is_left_alone(town: RunnerTown) -> None:
    receive(town.records, town.row, Said(word=Word.CLAIM, runner="two"), datetime.now().timestamp())
    with pytest.raises(NotOurs) as left:
        Studio().run(town.job())
    assert left.value.verdict is Verdict.BUSY
    assert left.value.retry_after_sec > 0


def test_addresses_that_ended_in_the_queue_are_asked_for_again(town: RunnerTown) -> None:
    town.expired = 1
    report = Studio().run(town.job())
    assert report is not None
    assert report.outcome is RunOutcome.SUCCEEDED
    assert Word.REFRESH in [each.word for each in town.heard]


@pytest.mark.parametrize(("breaks", "answers"), [(2, []), (0, [500, 503]), (1, [500])])
def test_an_upload_that_breaks_off_is_tried_again_and_leaves_no_half_file(
    town: RunnerTown, quick: None, breaks: int, answers: list[int]
) -> None:
    town.breaks, town.answers = breaks, answers
    report = Studio().run(town.job())
    assert report is not None
    assert report.made is not None
    assert len(town.files["result.mp4"]) == report.made.size_bytes


def test_a_bucket_that_stays_silent_gives_the_job_back(town: RunnerTown, quick: None) -> None:
    town.answers = [500] * 20
    with pytest.raises(FilesSilent):
        Studio().run(town.job())
    assert set(town.files) == {"keyframe.png"}


def test_a_callback_that_goes_deaf_costs_the_clip_nothing(town: RunnerTown) -> None:
    class Deafening(Studio):
        def tools(self, scratch: Path | None = None, compiled: Compiled | None = None) -> Tools:
            town.deaf = True
            return super().tools(scratch, compiled)

    report = Deafening().run(town.job())
    assert report is not None
    assert town.report == report
    assert Word.END not in [each.word for each in town.heard]


def test_a_forged_or_outdated_callback_is_refused_and_nothing_runs(town: RunnerTown) -> None:
    job = town.job()
    assert job.callback is not None
    forged = Callback(url=job.callback.url, key="0" * 64)
    studio = Studio()
    with pytest.raises(CallbackRefused, match="clock"):
        studio.run(job.model_copy(update={"callback": forged}))
    assert town.refusals == 1
    assert not studio.requests


def test_another_picture_than_the_jobs_is_refused(town: RunnerTown) -> None:
    job = town.job()
    town.files["keyframe.png"] = png(32, 32)
    report = Studio().run(job)
    assert report is not None
    assert report.outcome is RunOutcome.REFUSED
    assert "not the file" in report.message


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (7, 900)])
def test_a_keyframe_of_any_shape_becomes_the_models(
    town: RunnerTown, size: tuple[int, int]
) -> None:
    town.files["keyframe.png"] = png(*size)
    studio = Studio()
    report = studio.run(town.job())
    assert report is not None
    assert report.outcome is RunOutcome.SUCCEEDED
    (request,) = studio.requests
    assert request.image is not None
    assert request.image.size == (64, 32)


def test_what_is_no_picture_is_refused(town: RunnerTown) -> None:
    town.files["keyframe.png"] = b"GIF89a, or so it says"
    report = Studio().run(town.job())
    assert report is not None
    assert report.outcome is RunOutcome.REFUSED


def test_a_full_disk_is_a_failure_and_no_half_file_remains(
    town: RunnerTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise EncodeFailed("libx264 could not encode result.mp4: No space left on device")

    monkeypatch.setattr(encode, "_write", full)
    report = Studio().run(town.job(), scratch=tmp_path)
    assert report is not None
    assert report.outcome is RunOutcome.FAILED
    assert "No space left" in report.message
    assert not list(tmp_path.iterdir())
    assert "result.mp4" not in town.files


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_where_the_kernel_says_that_the_disk_is_full_nothing_is_left(tmp_path: Path) -> None:
    unfinished, path = tmp_path / "result.unfinished.mp4", tmp_path / "result.mp4"
    unfinished.symlink_to("/dev/full")
    frames = np.random.default_rng(1).integers(0, 255, (6, 64, 64, 3), np.uint8)
    with pytest.raises(EncodeFailed, match="No space left"):
        encode.encode_intermediate(frames, Fraction(24), path)
    assert list(tmp_path.iterdir()) == []


def test_a_job_past_its_last_moment_stops_in_the_middle(town: RunnerTown) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    report = Studio().run(town.job(deadline_at=past))
    assert report is not None
    assert (report.outcome, report.error) == (RunOutcome.FAILED, "too_late")


def test_a_rented_gpu_is_paid_for_every_second_and_tells_plain_values(town: RunnerTown) -> None:
    studio = Studio(step_sec=0.05)
    said = run_rented(town.job(), "modal/fc-1", studio.tools())
    assert said["outcome"] == "succeeded"
    assert said["gpu_seconds"] >= sum(said["seconds"].values()) * 0.9
    town.files.pop("report.json")
    broken = Studio(fault=GpuLost("CUDA error")).tools()
    with pytest.raises(RuntimeError, match="CUDA"):
        run_rented(town.job(), "modal/fc-1", broken)
    other = run_rented(town.job(callback=None), "modal/fc-2", studio.tools())
    assert other["outcome"] == "succeeded", "where nobody listens, every job is ours"


def test_the_intermediate_keeps_colours_and_brightness(tmp_path: Path) -> None:
    """Every corner of the colour cube, and greys: no shift in the mean, hardly any in a pixel."""
    corners = list(itertools.product((16, 128, 240), repeat=3))
    picture = np.zeros((48, 16 * len(corners), 3), np.uint8)
    for place, colour in enumerate(corners):
        picture[:, place * 16 : (place + 1) * 16] = colour
    frames = np.stack([picture] * 6)
    path = tmp_path / "result.mp4"
    encode.encode_intermediate(frames, Fraction(24), path)
    with av.open(str(path)) as video:
        back = [frame.to_ndarray(format="rgb24").astype(int) for frame in video.decode(video=0)]
    error = np.stack(back) - frames
    assert abs(error.mean()) < 0.5
    assert np.abs(error).mean() < 1.5
    assert [each.name for each in tmp_path.iterdir()] == ["result.mp4"]
