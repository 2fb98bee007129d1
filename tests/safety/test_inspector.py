"""The inspector on real files: a good one passes, and each fault is called by its own name."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from shared.clip import CodecProfile
from shared.safety.box import Unreadable
from shared.safety.check import ClipInfo, Expectation, Frame
from shared.safety.inspector import inspect_clip
from shared.safety.mp4 import read_mp4
from shared.safety.report import CheckResult, InspectionReport, Verdict
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishedFile, FinishSpec
from tests.moving_picture import HEIGHT, WIDTH, flat_frames, moving_frames

RATE = Fraction(30000, 1001)
COUNT = 48
PROMISED = Expectation(WIDTH, HEIGHT, RATE, COUNT, moving=True)
CODEC = CodecProfile(preset="ultrafast", proxy_height=120)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> FinishedFile:
    spec = FinishSpec(WIDTH, HEIGHT, RATE, COUNT, RATE, codec=CODEC)
    return finish_clip(
        moving_frames(COUNT), spec=spec, out_dir=tmp_path_factory.mktemp("master")
    ).master


@pytest.fixture
def clip(master: FinishedFile, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copy(master.path, tmp_path / "clip.mp4"))


def failing(report: InspectionReport) -> set[str]:
    return {check.name for check in report.checks if check.verdict is not Verdict.PASS}


def edit(path: Path, change: Callable[[bytearray], None]) -> Path:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def test_a_good_master_passes_every_check(master: FinishedFile) -> None:
    report = inspect_clip(master.path, replace(PROMISED, sha256=master.sha256))
    assert failing(report) == set()
    assert (report.verdict, report.frame_count) == (Verdict.PASS, COUNT)
    assert {check.name for check in report.checks} >= {
        "container", "data", "fingerprint", "decode", "frame_times", "frozen", "size",
        "frame_count", "frame_rate", "duration", "codec_tag", "faststart", "colour", "video",
        "audio", "edit_list", "orientation",
    }  # fmt: skip


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30), Fraction(60)])
def test_every_delivered_rate_passes(rate: Fraction, tmp_path: Path) -> None:
    spec = FinishSpec(WIDTH, HEIGHT, rate, 20, rate, codec=CODEC)
    result = finish_clip(moving_frames(20), spec=spec, out_dir=tmp_path)
    assert failing(inspect_clip(result.master.path, Expectation(WIDTH, HEIGHT, rate, 20))) == set()
    width, height = result.proxy_size
    proxy = Expectation(width, height, rate, 20, tag="avc1", sha256=result.proxy.sha256)
    assert failing(inspect_clip(result.proxy.path, proxy)) == set()


def test_the_report_is_a_document(master: FinishedFile) -> None:
    report = inspect_clip(master.path, replace(PROMISED, width=640))
    again = InspectionReport.model_validate_json(report.model_dump_json())
    assert again == report
    size = next(check for check in again.checks if check.name == "size")
    assert (size.verdict, size.value, size.limit) == (Verdict.FAIL, "256x144", "640x144")


# --- one property broken at a time ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("promise", "names"),
    [
        (replace(PROMISED, height=200), {"size"}),
        # A count or a rate that differs makes another length, too.
        (replace(PROMISED, frame_count=COUNT + 1), {"frame_count", "duration"}),
        (replace(PROMISED, frame_count=COUNT - 1), {"frame_count", "duration"}),
        (replace(PROMISED, rate=Fraction(30)), {"frame_rate", "duration"}),
        (replace(PROMISED, tag="avc1"), {"codec_tag"}),
        (replace(PROMISED, audio=True), {"audio"}),
        (replace(PROMISED, sha256="0" * 64), {"fingerprint"}),
    ],
)
def test_another_promise_fails_its_own_check(
    promise: Expectation, names: set[str], clip: Path
) -> None:
    report = inspect_clip(clip, promise)
    assert (failing(report), report.verdict) == (names, Verdict.FAIL)


def _rename(old: bytes, new: bytes) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        at = data.index(old)
        data[at : at + len(old)] = new

    return change


def _full_range(data: bytearray) -> None:
    data[data.index(b"nclx") + 10] |= 0x80


def _bt2020(data: bytearray) -> None:
    data[data.index(b"nclx") + 5] = 9


def _quarter_turn(data: bytearray) -> None:
    matrix = data.index(b"tkhd") + 4 + 40
    turned = (0, 0x10000, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000)
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big") for value in turned)


def _longer_frames(data: bytearray) -> None:
    """Change the time of every frame, as a muxer with another rate would."""
    row = data.index(b"stts") + 4 + 8
    data[row + 4 : row + 8] = (1000).to_bytes(4, "big")


def _twice_the_header_size(data: bytearray) -> None:
    entry = data.index(b"hvc1", data.index(b"stsd"))
    data[entry + 28 : entry + 30] = (2 * WIDTH).to_bytes(2, "big")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (_full_range, {"colour"}),
        (_bt2020, {"colour"}),
        (_rename(b"colr", b"free"), {"colour"}),
        (_quarter_turn, {"orientation"}),
        (_longer_frames, {"frame_rate"}),
        (_twice_the_header_size, {"size"}),
    ],
)
def test_one_changed_box_fails_one_check(
    change: Callable[[bytearray], None], names: set[str], clip: Path
) -> None:
    assert failing(inspect_clip(edit(clip, change), PROMISED)) == names


def test_hev1_instead_of_hvc1_is_seen(clip: Path) -> None:
    def change(data: bytearray) -> None:
        entry = data.index(b"hvc1", data.index(b"stsd"))
        data[entry : entry + 4] = b"hev1"

    assert failing(inspect_clip(edit(clip, change), PROMISED)) == {"codec_tag"}


def _remux(source: Path, target: Path, options: dict[str, str], sound: bool = False) -> Path:
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.codec_context.codec_tag = "hvc1"
        audio = new.add_stream("aac", rate=48000) if sound else None
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
        if audio is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
            silence.sample_rate = 48000
            new.mux(audio.encode(silence))
            new.mux(audio.encode(None))
    return target


_OURS = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}


@pytest.mark.parametrize(
    ("options", "sound", "names"),
    [
        (_OURS, False, set()),
        (_OURS | {"movflags": "+negative_cts_offsets"}, False, {"faststart"}),
        (_OURS, True, {"audio"}),
    ],
)
def test_packaging_is_inspected(
    options: dict[str, str], sound: bool, names: set[str], clip: Path, tmp_path: Path
) -> None:
    remuxed = _remux(clip, tmp_path / "remuxed.mp4", options, sound)
    assert failing(inspect_clip(remuxed, PROMISED)) == names


def test_a_fragmented_file_fails(clip: Path, tmp_path: Path) -> None:
    options = {"movflags": "+frag_keyframe+empty_moov"}
    report = inspect_clip(_remux(clip, tmp_path / "fragments.mp4", options), PROMISED)
    assert report.verdict in (Verdict.FAIL, Verdict.UNREADABLE)


# --- damage ---------------------------------------------------------------------------------------


def test_one_flipped_bit_in_a_picture_is_found_by_the_fingerprint(
    clip: Path, master: FinishedFile
) -> None:
    offset, size = list(read_mp4(clip).video.sample_ranges())[20]

    def change(data: bytearray) -> None:
        data[offset + size // 2] ^= 0x10

    report = inspect_clip(edit(clip, change), replace(PROMISED, sha256=master.sha256))
    assert "fingerprint" in failing(report)


def test_an_overwritten_stretch_is_found_without_a_fingerprint(clip: Path) -> None:
    samples = list(read_mp4(clip).video.sample_ranges())

    def change(data: bytearray) -> None:
        start, end = samples[20][0], samples[23][0]
        data[start:end] = bytes(end - start)

    report = inspect_clip(edit(clip, change), PROMISED)
    assert "data" in failing(report)
    data = next(check for check in report.checks if check.name == "data")
    assert data.value == 3
    assert [start for start, _ in data.intervals] == pytest.approx(
        [float(index / RATE) for index in (20, 21, 22)], abs=0.001
    )


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_a_truncated_file_fails(share: float, clip: Path) -> None:
    data = clip.read_bytes()
    clip.write_bytes(data[: int(len(data) * share)])
    report = inspect_clip(clip, PROMISED)
    assert report.verdict is Verdict.FAIL
    assert "data" in failing(report)


def test_a_still_where_motion_was_promised_fails(tmp_path: Path) -> None:
    spec = FinishSpec(WIDTH, HEIGHT, RATE, COUNT, RATE, codec=CODEC)
    still = finish_clip(flat_frames(COUNT, (90, 90, 90)), spec=spec, out_dir=tmp_path).master.path
    assert failing(inspect_clip(still, PROMISED)) == {"frozen"}
    assert failing(inspect_clip(still, replace(PROMISED, moving=False))) == set()


def test_a_clip_that_stops_moving_is_marked_where(tmp_path: Path) -> None:
    frames = [*moving_frames(20), *flat_frames(COUNT - 20, (90, 90, 90))]
    spec = FinishSpec(WIDTH, HEIGHT, RATE, COUNT, RATE, codec=CODEC)
    stuck = finish_clip(frames, spec=spec, out_dir=tmp_path).master.path
    report = inspect_clip(stuck, PROMISED)
    assert (report.verdict, failing(report)) == (Verdict.WARN, {"frozen"})
    frozen = next(check for check in report.checks if check.name == "frozen")
    assert frozen.intervals[0] == pytest.approx((20 / RATE, COUNT / RATE), abs=0.2)


# --- what is no clip at all -----------------------------------------------------------------------


def _image(path: Path) -> None:
    Image.new("RGB", (WIDTH, HEIGHT), "teal").save(path, "PNG")


def _sound_only(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_text("see you at the wrap party\n" * 50), "no ftyp"),
        (_image, "no ftyp"),
        (_sound_only, "no video track"),
        (lambda path: path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0"), "no moov"),
        (lambda path: path.mkdir(), "cannot be opened"),
        (lambda path: None, "cannot be opened"),
    ],
)
def test_what_is_no_clip_is_unreadable_with_a_reason(
    write: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    write(path)
    report = inspect_clip(path, PROMISED)
    assert (report.verdict, report.frame_count) == (Verdict.UNREADABLE, 0)
    assert reason in report.checks[0].message


def test_a_file_cut_within_its_index_says_what_is_missing(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[:900])
    report = inspect_clip(clip, PROMISED)
    assert report.verdict is Verdict.UNREADABLE
    assert "moov is cut short" in report.checks[0].message


def test_absurd_dimensions_are_refused_before_decoding(clip: Path) -> None:
    def change(data: bytearray) -> None:
        entry = data.index(b"hvc1", data.index(b"stsd"))
        data[entry + 28 : entry + 32] = b"\xff\xff\xff\xff"

    report = inspect_clip(edit(clip, change), PROMISED)
    assert (report.verdict, report.frame_count) == (Verdict.UNREADABLE, 0)


def test_no_damage_to_the_index_crashes_the_reader(clip: Path) -> None:
    data = clip.read_bytes()
    media = data.index(b"mdat") - 4
    rng = np.random.default_rng(7)
    places: list[str] = []
    for _ in range(600):
        bad = bytearray(data)
        for position in rng.integers(0, media, rng.integers(1, 4)):
            bad[position] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
        clip.write_bytes(bad)
        try:
            for track in read_mp4(clip).tracks:
                list(track.sample_ranges())
        except Unreadable as error:
            places.append(error.where)
    assert 20 < len(places) < 600
    assert all(places)


def test_damaged_files_never_crash_nor_pass_the_fingerprint(
    clip: Path, master: FinishedFile
) -> None:
    data = clip.read_bytes()
    rng = np.random.default_rng(11)
    promise = replace(PROMISED, sha256=master.sha256)
    for _ in range(25):
        bad = bytearray(data)
        for position in rng.integers(0, len(data), 3):
            bad[position] ^= int(rng.integers(1, 256))
        clip.write_bytes(bad)
        assert inspect_clip(clip, promise).verdict in (Verdict.FAIL, Verdict.UNREADABLE)


# --- checks are pluggable -------------------------------------------------------------------------


class _Witness:
    """A check of one's own, to see what a check gets to see."""

    def start(self, clip: ClipInfo) -> None:
        self.times: list[float] = []
        self.luma: list[float] = []

    def frame(self, frame: Frame) -> None:
        self.times.append(frame.pts_sec)
        self.luma.append(float(frame.luma.mean()))

    def finish(self) -> Sequence[CheckResult]:
        return (CheckResult(name="witness", verdict=Verdict.WARN, value=len(self.times)),)


def test_a_check_sees_every_frame_once_at_its_time_in_true_colour(tmp_path: Path) -> None:
    def frames() -> Iterator[av.VideoFrame]:
        yield from flat_frames(10, (200, 60, 30))

    spec = FinishSpec(WIDTH, HEIGHT, RATE, 10, RATE, codec=CODEC)
    file = finish_clip(frames(), spec=spec, out_dir=tmp_path).master.path
    witness = _Witness()
    report = inspect_clip(file, replace(PROMISED, frame_count=10), [witness])
    assert [check.name for check in report.checks] == ["container", "witness"]
    assert report.verdict is Verdict.WARN
    assert witness.times == pytest.approx([float(i / RATE) for i in range(10)])
    assert witness.luma == pytest.approx([0.2126 * 200 + 0.7152 * 60 + 0.0722 * 30] * 10, abs=2)


def test_an_inspection_without_checks_is_no_pass() -> None:
    assert InspectionReport.of((), frame_count=0, seconds=0).verdict is Verdict.UNREADABLE
