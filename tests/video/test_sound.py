"""Sounds that creators drop, and sound that clips keep."""

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clip import CodecProfile
from shared.errors import DropreelError, InvalidInput
from shared.safety.check import Expectation
from shared.safety.inspector import inspect_clip
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishSpec
from shared.video.sound import SoundLimits, read_sound
from shared.video.sound_track import has_sound
from tests.moving_picture import HEIGHT, WIDTH, moving_frames
from tests.sounds import clicks, converted, loud_moments, sound_length

THREE_SEC = clicks(3)
FORMATS = [
    ("mp3", "libmp3lame", "audio/mpeg"),
    ("ipod", "aac", "audio/mp4"),
    ("adts", "aac", "audio/aac"),
    ("flac", "flac", "audio/flac"),
    ("ogg", "libopus", "audio/ogg"),
]


def test_a_wave_file_is_as_long_as_its_samples() -> None:
    sound = read_sound(THREE_SEC, "voice.wav")
    assert (sound.content_type, sound.duration_sec) == ("audio/wav", 3.0)
    assert (sound.sample_rate, sound.channels, sound.size_bytes) == (16_000, 1, len(THREE_SEC))


@pytest.mark.parametrize(("container", "codec", "content_type"), FORMATS)
def test_the_format_is_known_by_content(container: str, codec: str, content_type: str) -> None:
    sound = read_sound(converted(THREE_SEC, container, codec), "voice.wav")
    assert sound.content_type == content_type
    assert sound.duration_sec == pytest.approx(3, abs=0.15)  # codecs fill their last frame


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "is no sound"),
        (b"<html>please log in</html>", "is no sound"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "is no sound"),
        (THREE_SEC[:44], "holds no sound"),
        (b"ID3" + b"\0" * 200, ""),
        (b"RIFF\xff\xff\xff\xffWAVEfmt " + b"\xff" * 60, ""),
        (clicks(0.1), "the least is 0.2 s"),
    ],
)
def test_what_is_no_usable_sound_is_refused(data: bytes, part: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_sound(data, "voice.wav")
    (problem,) = caught.value.problems
    assert problem.path == "voice.wav"
    assert part in problem.message
    assert problem.hint


def test_a_film_without_sound_is_no_sound(tmp_path: Path) -> None:
    spec = FinishSpec(WIDTH, HEIGHT, Fraction(30), 6, source_rate=Fraction(30))
    made = finish_clip(moving_frames(6), spec=spec, out_dir=tmp_path)
    with pytest.raises(InvalidInput, match="holds no sound"):
        read_sound(made.proxy.path.read_bytes(), "voice.m4a")


def test_too_long_and_too_large_are_refused_with_the_limit() -> None:
    with pytest.raises(InvalidInput, match=r"lasts more than 2 s"):
        read_sound(THREE_SEC, "voice.wav", SoundLimits(max_sec=2))
    with pytest.raises(InvalidInput, match=r"at most 0 MiB"):
        read_sound(THREE_SEC, "voice.wav", SoundLimits(max_bytes=1000))


@settings(max_examples=40)
@given(st.integers(0, len(THREE_SEC)), st.binary(min_size=1, max_size=40), st.sampled_from(FORMATS))
def test_damage_ends_in_a_sound_or_a_refusal(
    at: int, noise: bytes, kind: tuple[str, str, str]
) -> None:
    whole = SOUNDS[kind[0]]
    at %= len(whole)
    try:
        read_sound(whole[:at] + noise + whole[at + len(noise) :], "voice")
    except DropreelError as error:
        refusal = error
        assert refusal.problems[0].path == "voice"


SOUNDS = {container: converted(clicks(0.5), container, codec) for container, codec, _ in FORMATS}


@pytest.fixture
def talking(tmp_path: Path) -> Path:
    """A model's file: 3 s of sound."""
    path = tmp_path / "generated.mp4"
    path.write_bytes(converted(clicks(3), "ipod", "aac"))
    return path


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001)])
def test_the_sound_of_a_file_goes_along_in_step(
    talking: Path, tmp_path: Path, rate: Fraction
) -> None:
    count = round(2.5 * rate)
    spec = FinishSpec(
        *(WIDTH, HEIGHT, rate, count),
        source_rate=rate,
        codec=CodecProfile(preset="ultrafast", proxy_height=120),
        sound=talking,
    )
    made = finish_clip(moving_frames(count), spec=spec, out_dir=tmp_path / "out")
    for file in (made.master, made.proxy):
        data = file.path.read_bytes()
        assert loud_moments(data) == pytest.approx([0.0, 1.0, 2.0], abs=0.03)
        assert abs(sound_length(data) - made.duration) < Fraction(1, 40)
        assert b"elst" not in data
        assert data.index(b"moov") < data.index(b"mdat")
        assert _first_frame_at(data) == 0
    wanted = Expectation(WIDTH, HEIGHT, rate, count, audio=True, moving=True)
    report = inspect_clip(made.master.path, wanted)
    assert report.verdict in ("pass", "warn"), [c for c in report.checks if c.verdict == "fail"]


def test_sound_that_ends_early_is_followed_by_silence(talking: Path, tmp_path: Path) -> None:
    rate = Fraction(24)
    spec = FinishSpec(WIDTH, HEIGHT, rate, 5 * 24, source_rate=rate, sound=talking)
    made = finish_clip(moving_frames(120), spec=spec, out_dir=tmp_path / "out")
    data = made.proxy.path.read_bytes()
    assert abs(sound_length(data) - 5) < Fraction(1, 40)
    assert max(loud_moments(data)) < 2.2


def test_the_same_sound_makes_the_same_file(talking: Path, tmp_path: Path) -> None:
    spec = FinishSpec(WIDTH, HEIGHT, Fraction(24), 24, source_rate=Fraction(24), sound=talking)
    first, second = (
        finish_clip(moving_frames(24), spec=spec, out_dir=tmp_path / name).master.sha256
        for name in ("a", "b")
    )
    assert first == second


def test_a_silent_file_has_no_sound_and_neither_has_a_broken_one(
    talking: Path, tmp_path: Path
) -> None:
    assert has_sound(talking)
    spec = FinishSpec(WIDTH, HEIGHT, Fraction(30), 6, source_rate=Fraction(30))
    assert not has_sound(
        finish_clip(moving_frames(6), spec=spec, out_dir=tmp_path / "o").master.path
    )
    talking.write_bytes(b"no film")
    assert not has_sound(talking)


def _first_frame_at(data: bytes) -> Fraction:
    with av.open(io.BytesIO(data), "r") as container:
        frame = next(container.decode(container.streams.video[0]))
    assert frame.pts is not None
    assert frame.time_base is not None
    return frame.pts * frame.time_base
