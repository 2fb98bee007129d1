"""Sound as it lies in an encoded file: loudness by the book, and each fault by its own name."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bench.artefact_sounds import SOUND_FAULTS, CleanSound, music, rain, speech, steps
from bench.artefacts import write_sound
from shared.clip import CodecProfile
from shared.errors import EncodeFailed
from shared.safety.check import Expectation
from shared.safety.inspector import inspect_clip
from shared.safety.limits import limits
from shared.safety.report import CheckResult, Verdict
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishSpec
from shared.video.loudness import judge, measure, silent_stretches, sound_checks, sudden_rises
from tests.moving_picture import HEIGHT, WIDTH, flat_frames, moving_frames

SECONDS = 6
TICKS = arrays.arrays(np.float64, st.integers(0, 40), elements=st.floats(-70, 0))


@pytest.fixture(scope="module")
def voice() -> CleanSound:
    wave = speech(np.random.default_rng(5))
    return CleanSound("speech", (0.25 * wave / np.abs(wave).max()).astype(np.float32))


def checks(wave: np.ndarray, folder: Path) -> dict[str, CheckResult]:
    path = folder / "sound.mp4"
    write_sound(wave.astype(np.float32), path)
    return {check.name: check for check in judge(measure(path), SECONDS)}


def wrong(found: dict[str, CheckResult]) -> set[str]:
    return {name for name, check in found.items() if check.verdict is not Verdict.PASS}


def test_a_tone_has_the_loudness_that_the_standard_gives_it(tmp_path: Path) -> None:
    """EBU Tech 3341, case 1: a 1 kHz stereo sine of -23 dBFS measures -23.0 LUFS ±0.1."""
    time = np.arange(48_000 * SECONDS) / 48_000
    gently = np.minimum(1, time * 20)  # an abrupt onset rings in AAC
    found = checks(gently * 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * time), tmp_path)
    assert found["loudness"].value == pytest.approx(-23.0, abs=0.1)
    assert found["true_peak"].value == pytest.approx(-23.0, abs=0.3)
    assert wrong(found) == set()


def test_speech_with_pauses_passes(voice: CleanSound, tmp_path: Path) -> None:
    assert wrong(checks(voice.wave, tmp_path)) == set()


@pytest.mark.parametrize("name", SOUND_FAULTS)
def test_a_fault_of_the_sound_is_found(name: str, voice: CleanSound, tmp_path: Path) -> None:
    found = checks(SOUND_FAULTS[name](voice, 2), tmp_path)[name]
    assert found.verdict is (Verdict.FAIL if limits()[name].may_fail else Verdict.WARN)


def test_a_leap_is_told_with_its_second(voice: CleanSound, tmp_path: Path) -> None:
    leap = checks(SOUND_FAULTS["volume_spikes"](voice, 2), tmp_path)["volume_spikes"]
    start, end = leap.intervals[0]
    assert start == pytest.approx(SECONDS / 2, abs=0.2)
    assert end == pytest.approx(SECONDS / 2 + 0.4, abs=0.5)


def test_silence_all_through_is_told_and_does_not_fail(tmp_path: Path) -> None:
    found = checks(np.zeros(48_000 * SECONDS), tmp_path)
    assert wrong(found) == {"silence_gaps"}
    assert found["silence_gaps"].value == pytest.approx(SECONDS, abs=0.2)


def test_a_sound_of_a_few_samples_is_judged(tmp_path: Path) -> None:
    assert wrong(checks(np.full(100, 0.1), tmp_path)) == {"sound_length"}


def test_a_clip_without_sound_has_no_sound_to_judge(tmp_path: Path) -> None:
    rate = Fraction(30)
    spec = FinishSpec(WIDTH, HEIGHT, rate, 10, rate)
    master = finish_clip(flat_frames(10, (9, 9, 9)), spec=spec, out_dir=tmp_path).master
    assert sound_checks(master.path) == ()


@pytest.mark.parametrize(
    ("rate", "layout", "lufs"), [(44_100, "mono", -21.0), (16_000, "stereo", -18.0)]
)
def test_other_rates_and_one_channel_are_measured(
    rate: int, layout: str, lufs: float, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    wave = np.sin(2 * np.pi * 1000 * np.arange(rate * 2) / rate).astype(np.float32) / 8
    channels = np.stack([wave] * (1 if layout == "mono" else 2))
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=10)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        stream = container.add_stream("aac", rate=rate)
        stream.layout = layout
        for index in range(20):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = index
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        for start in range(0, channels.shape[1], 1024):
            block = np.ascontiguousarray(channels[:, start : start + 1024])
            sound = av.AudioFrame.from_ndarray(block, "fltp", layout)
            sound.sample_rate, sound.pts = rate, start
            sound.time_base = Fraction(1, rate)
            container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    found = {check.name: check for check in sound_checks(path)}
    assert wrong(found) == set()
    assert found["loudness"].value == pytest.approx(lufs, abs=0.3)


def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no clip")
    with pytest.raises(EncodeFailed, match=r"clip\.mp4"):
        sound_checks(path)


@pytest.mark.parametrize("make", [music, rain, steps])
def test_clean_sounds_of_every_kind_do_not_fail(
    make: Callable[[np.random.Generator], np.ndarray], tmp_path: Path
) -> None:
    wave = make(np.random.default_rng(2))
    found = checks(0.5 * wave / np.abs(wave).max(), tmp_path).values()
    assert Verdict.FAIL not in {check.verdict for check in found}


@given(TICKS)
def test_rises_are_never_below_zero_and_steady_sound_has_none(momentary: np.ndarray) -> None:
    rises = sudden_rises(momentary)
    assert rises.shape == momentary.shape
    assert np.isfinite(rises).all()
    assert rises.min(initial=0.0) >= 0
    steady = np.full(len(momentary), -20.0)
    assert sudden_rises(steady).max(initial=0.0) == 0


@given(st.lists(st.booleans(), max_size=30))
def test_silence_at_the_ends_is_no_gap(loud: list[bool]) -> None:
    gaps = silent_stretches(np.where(loud, -10.0, -90.0) if loud else np.zeros(0))
    if any(loud):
        first, last = loud.index(True), len(loud) - loud[::-1].index(True)
        assert all(first / 10 <= a < b <= last / 10 for a, b in gaps)
    else:
        assert len(gaps) == (1 if loud else 0)


def test_the_sound_of_a_finished_clip_joins_its_inspection(
    voice: CleanSound, tmp_path: Path
) -> None:
    rate, count = Fraction(24), 24 * SECONDS
    write_sound(SOUND_FAULTS["volume_spikes"](voice, 2), tmp_path / "voice.mp4")
    codec = CodecProfile(preset="ultrafast", proxy_height=120)
    spec = FinishSpec(WIDTH, HEIGHT, rate, count, rate, codec=codec, sound=tmp_path / "voice.mp4")
    master = finish_clip(moving_frames(count), spec=spec, out_dir=tmp_path).master.path
    expected = Expectation(WIDTH, HEIGHT, rate, count, audio=True)
    seen = inspect_clip(master, expected)
    assert seen.verdict is Verdict.PASS
    report = seen.joined(sound_checks(master))
    assert report.verdict is Verdict.FAIL
    assert {check.name for check in report.checks if check.verdict is Verdict.FAIL} == {
        "volume_spikes"
    }
    length = next(check for check in report.checks if check.name == "sound_length")
    assert length.verdict is Verdict.PASS
