"""Flashes in real files: every way of storing them is read right, and what is broken says where."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cli.errors import WrongUse
from cli.footage import readable_footage
from cli.inspect import inspect_video
from shared.clip import CodecProfile
from shared.safety.check import Expectation
from shared.safety.flash.area import Profile
from shared.safety.flash.check import Flashes
from shared.safety.footage import inspect_footage
from shared.safety.inspector import inspect_clip
from shared.safety.report import CheckResult, InspectionReport
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishSpec
from tests.moving_picture import to_yuv
from tests.safety.flashing import THIRTY, Picture, blinking, encode, grey, number, still


def inspect(path: Path, profile: Profile = Profile.BROADCAST) -> InspectionReport:
    return inspect_video(path, profile)


def result(report: InspectionReport, name: str) -> CheckResult:
    return next(check for check in report.checks if check.name == name)


def flashing(hertz: float = 5, rate: Fraction = THIRTY, seconds: float = 1.6) -> Iterator[Picture]:
    return blinking(still(200), still(60), hertz, rate, seconds)


# --- round trips ----------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize(("share", "verdict"), [(0.248, "pass"), (0.252, "fail")])
def test_areas_next_to_the_limit_survive_encoding(
    codec: str, share: float, verdict: str, tmp_path: Path
) -> None:
    width, height = 960, 540
    on = still(60, width, height)
    on[:, : round(width * share)] = 200
    frames = blinking(on, still(60, width, height), 5, THIRTY, 1.4)
    report = inspect(encode(tmp_path / "clip.mp4", frames, codec=codec, crf=26))
    found = result(report, "flash_general")
    assert number(found) == pytest.approx(100 * share, abs=0.11)
    assert (found.verdict == "fail") == (verdict == "fail")


@pytest.mark.parametrize(("step", "verdict"), [(0.085, "pass"), (0.115, "fail")])
def test_steps_next_to_the_limit_survive_encoding(
    step: float, verdict: str, tmp_path: Path
) -> None:
    frames = blinking(still(grey(0.2 + step)), still(grey(0.2)), 5, THIRTY)
    report = inspect(encode(tmp_path / "clip.mp4", frames, codec="libx265", crf=28))
    assert result(report, "flash_general").verdict == verdict


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(60)], ids=str)
@pytest.mark.parametrize(("hertz", "verdict"), [(2.5, "pass"), (4, "fail")])
def test_the_delivered_master_is_judged(
    rate: Fraction, hertz: float, verdict: str, tmp_path: Path
) -> None:
    count = round(1.8 * rate)
    pictures = blinking(still(180, 256, 144), still(50, 256, 144), hertz, rate, float(count / rate))
    spec = FinishSpec(256, 144, rate, count, rate, codec=CodecProfile(preset="ultrafast"))
    frames = (to_yuv(picture[..., ::-1]) for picture in pictures)
    master = finish_clip(frames, spec=spec, out_dir=tmp_path).master
    promised = Expectation(256, 144, rate, count, sha256=master.sha256)
    report = inspect_clip(master.path, promised)
    assert result(report, "flash_general").verdict == verdict
    # Two and a half flashes a second are five hard cuts.
    assert report.verdict == ("fail" if verdict == "fail" else "warn")
    same = inspect_clip(master.path, promised, [Flashes()])
    assert same.checks[1:] == tuple(
        check for check in report.checks if check.name in {each.name for each in same.checks[1:]}
    )


# --- ways of storing ------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", ["601", "709"])
def test_matrix_range_and_depth_are_read_right(
    matrix: str, full: bool, pixels: str, codec: str, tmp_path: Path
) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 60, 30)]
    picture = np.concatenate([still(colour, 64, 64) for colour in colours], axis=1)
    path = encode(
        tmp_path / "clip.mp4",
        [picture] * 3,
        codec=codec,
        pixels=pixels,
        matrix=matrix,
        full=full,
        crf=4,
    )
    with readable_footage(path) as footage:
        seen = next(iter(footage.frames())).bgr[32, 32::64, ::-1]
    assert np.abs(seen.astype(int) - np.array(colours)).max() <= 6


def test_limited_range_taken_for_full_would_hide_a_flash(tmp_path: Path) -> None:
    """219 of 255 codes: a step of 0.113 would be one of 0.08."""
    frames = list(blinking(still(grey(0.213)), still(grey(0.10)), 5, THIRTY))
    for full in (False, True):
        report = inspect(encode(tmp_path / f"{full}.mp4", frames, full=full, crf=4))
        assert result(report, "flash_general").verdict == "fail"


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9"])
def test_untagged_hd_is_bt709_as_players_take_it(codec: str, tmp_path: Path) -> None:
    picture = still((255, 0, 0), 1280, 720)
    suffix = "webm" if codec == "libvpx-vp9" else "mp4"
    path = encode(tmp_path / f"clip.{suffix}", [picture] * 3, codec=codec, tagged=False, crf=10)
    with readable_footage(path) as footage:
        seen = next(iter(footage.frames())).bgr[360, 640]
    assert np.abs(seen.astype(int) - (0, 0, 255)).max() <= 4
    small = encode(
        tmp_path / "small.mp4", [still((255, 0, 0))] * 3, tagged=False, crf=10, matrix="601"
    )
    with readable_footage(small) as footage:
        assert (
            np.abs(next(iter(footage.frames())).bgr[90, 160].astype(int) - (0, 0, 255)).max() <= 4
        )


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_variable_frame_rate_counts_by_timestamps(suffix: str, tmp_path: Path) -> None:
    def uneven(index: int) -> Fraction:
        # Fast for half a second, then slow.
        return Fraction(index, 60) if index < 30 else Fraction(1, 2) + Fraction(index - 30, 5)

    lit = [still(200 if index // 4 % 2 else 60) for index in range(40)]
    report = inspect(encode(tmp_path / f"fast.{suffix}", lit, Fraction(60), times=uneven))
    found = result(report, "flash_general")
    assert found.verdict == "fail"
    # The same frames, ten a second: 1.25 Hz.
    slow = encode(tmp_path / f"slow.{suffix}", lit, Fraction(60), times=lambda i: Fraction(i, 10))
    assert result(inspect(slow), "flash_general").verdict == "pass"


def test_avi_without_timestamps_is_timed_by_its_rate(tmp_path: Path) -> None:
    report = inspect(encode(tmp_path / "clip.avi", flashing()))
    assert result(report, "flash_general").verdict == "fail"
    slow = inspect(encode(tmp_path / "slow.avi", flashing(2, seconds=3)))
    assert result(slow, "flash_general").verdict == "pass"


def test_a_turned_video_is_seen_upright(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", [still(90, 320, 180)] * 5)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    turned = (0, 0x10000, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000)
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big") for value in turned)
    path.write_bytes(data)
    with readable_footage(path) as footage:
        assert next(iter(footage.frames())).bgr.shape == (320, 180, 3)
    assert inspect(path).verdict == "pass"


def test_120_frames_a_second(tmp_path: Path) -> None:
    rate = Fraction(120)
    for hertz, verdict in ((2.5, "pass"), (40, "fail")):
        frames = blinking(still(200, 160, 90), still(60, 160, 90), hertz, rate, 1.1)
        report = inspect(encode(tmp_path / "clip.mp4", frames, rate))
        assert result(report, "flash_general").verdict == verdict


def test_8k(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", [still(60, 7680, 4320)] * 2, Fraction(12), crf=40)
    report = inspect(path)
    assert (report.verdict, report.frame_count) == ("pass", 2)


# --- what cannot be judged ------------------------------------------------------------------------


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused_by_name(transfer: int, name: str, tmp_path: Path) -> None:
    path = encode(
        tmp_path / "clip.mp4", flashing(), codec="libx265", pixels="yuv420p10le", transfer=transfer
    )
    report = inspect(path)
    assert report.verdict == "unreadable"
    assert f"is HDR, {name}" in report.checks[0].message


def _sound(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"not a video at all, only words " * 40), "cannot be read"),
        (
            lambda path: path.write_bytes(cv2.imencode(".png", still(9))[1].tobytes()),
            "still picture",
        ),
        (
            lambda path: path.write_bytes(cv2.imencode(".jpg", still(9))[1].tobytes()),
            "still picture",
        ),
        (_sound, "has no video stream"),
    ],
)
def test_what_is_no_video_is_unreadable_with_a_reason(
    write: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.mp4"
    write(path)
    report = inspect(path)
    assert (report.verdict, report.frame_count) == ("unreadable", 0)
    assert reason in report.checks[0].message


def test_one_frame_is_no_silent_pass(tmp_path: Path) -> None:
    report = inspect(encode(tmp_path / "clip.mp4", [still(90)]))
    assert (report.verdict, report.frame_count) == ("warn", 1)


def test_a_second_video_that_nobody_looked_at_is_no_silent_pass(tmp_path: Path) -> None:
    """Players show the first, or the largest, or what the viewer picks."""
    calm = encode(tmp_path / "calm.mkv", [still(90)] * 20)
    second = encode(tmp_path / "flashing.mkv", list(flashing())[:20])
    path = tmp_path / "both.mkv"
    with av.open(str(path), "w") as both:
        parts = [av.open(str(each)) for each in (calm, second)]
        tracks = [both.add_stream_from_template(each.streams.video[0]) for each in parts]
        for part, track in zip(parts, tracks, strict=True):
            for packet in part.demux(video=0):
                if packet.dts is not None:
                    packet.stream = track
                    both.mux(packet)
            part.close()
    report = inspect(path)
    assert report.verdict == "warn"
    assert "2 videos" in result(report, "readable").message


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same two seconds of a moving texture, in several containers."""
    rng = np.random.default_rng(2)
    texture = cv2.resize(rng.integers(60, 120, (20, 40, 3), np.uint8), (520, 180))
    frames = [np.asarray(texture, np.uint8)[:, each : each + 320] for each in range(60)]
    folder = tmp_path_factory.mktemp("long")
    kinds = {"mp4": "libx264", "mkv": "libx265", "webm": "libvpx-vp9"}
    return {
        suffix: encode(folder / f"clip.{suffix}", frames, codec=codec, options={"g": "15"})
        for suffix, codec in kinds.items()
    }


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_a_stretch_of_zeros_in_the_middle_is_found(
    suffix: str, long: dict[str, Path], tmp_path: Path
) -> None:
    assert result(inspect(long[suffix]), "readable").verdict == "pass"
    data = bytearray(long[suffix].read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 12] = bytes(len(data) // 12)
    path = tmp_path / f"clip.{suffix}"
    path.write_bytes(data)
    report = inspect(path)
    found = result(report, "readable")
    # Matroska skips what it cannot read; only the hole that it leaves tells.
    assert found.verdict == ("warn" if suffix == "webm" else "fail")
    assert 0.4 < found.intervals[0][0] < 1.9


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_a_file_cut_short_is_found(suffix: str, long: dict[str, Path], tmp_path: Path) -> None:
    data = long[suffix].read_bytes()
    path = tmp_path / f"clip.{suffix}"
    path.write_bytes(data[: int(len(data) * 0.6)])
    report = inspect(path)
    assert report.verdict == "fail"
    assert result(report, "readable").intervals


def test_an_mp4_cut_short_is_unreadable(long: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(long["mp4"].read_bytes()[:-2000])
    assert inspect(path).verdict == "unreadable"


def test_damage_never_crashes_the_inspection(long: dict[str, Path], tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    path = tmp_path / "clip.mp4"
    data = long["mp4"].read_bytes()
    for _ in range(12):
        bad = bytearray(data)
        for position in rng.integers(0, len(data), 12):
            bad[position] ^= int(rng.integers(1, 256))
        path.write_bytes(bad)
        assert inspect(path).checks


def test_a_missing_file_is_wrong_use_and_a_hostile_size_is_refused(
    long: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(WrongUse, match="no file"):
        inspect(tmp_path / "nowhere.mp4")
    with readable_footage(long["mp4"]) as footage:
        huge = replace(footage, width=60_000, height=60_000)
    assert inspect_footage(huge).verdict == "unreadable"


# --- the heat map ---------------------------------------------------------------------------------


def test_the_heat_map_shows_where(tmp_path: Path) -> None:
    on = still(60)
    on[:90, :160] = 200
    on[:90, 160:170] = 200
    path = encode(tmp_path / "clip.mp4", blinking(on, still(60), 5, THIRTY))
    picture = tmp_path / "wärme.png"
    assert inspect_video(path, Profile.BROADCAST, picture).verdict == "fail"
    shown = cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (180, 320, 3)
    assert shown[45, 120, 2] > 100
    assert shown[150, 250].max() < 60


def test_nothing_flagged_draws_nothing(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", [still(90)] * 20)
    assert inspect_video(path, Profile.WCAG, tmp_path / "heat.png").verdict == "pass"
    assert not (tmp_path / "heat.png").exists()
