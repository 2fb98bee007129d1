"""The finishing pass, with the real encoders: what was asked for is what lies on disk."""

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from shared.clip import CodecProfile, Interpolation, RateControl, Stabilise
from shared.errors import EncodeFailed, InvalidInput
from shared.video.codec_settings import NVENC, X265
from shared.video.decode import decode_frames, shown_part
from shared.video.encode import probe_encoders
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishSpec
from tests.moving_picture import HEIGHT, WIDTH, flat_frames, moving_frames

NTSC = Fraction(30000, 1001)
FAST = CodecProfile(preset="ultrafast", proxy_height=120)


def spec(rate: Fraction | int = 30, count: int = 30, **more: Any) -> FinishSpec:
    settings: dict[str, Any] = {"source_rate": Fraction(rate), "codec": FAST} | more
    return FinishSpec(WIDTH, HEIGHT, Fraction(rate), count, **settings)


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30), NTSC, Fraction(60)])
def test_master_and_proxy_have_exact_count_rate_and_duration(
    rate: Fraction, tmp_path: Path
) -> None:
    result = finish_clip(moving_frames(37), spec=spec(rate, 37), out_dir=tmp_path)

    assert result.duration == 37 / rate
    for file in (result.master, result.proxy):
        with av.open(str(file.path)) as container:
            stream = container.streams.video[0]
            times = [_time(frame) for frame in container.decode(stream)]
            assert stream.average_rate == rate
            assert stream.duration is not None
            assert stream.time_base is not None
            assert stream.duration * stream.time_base == 37 / rate
            assert container.duration is not None
            assert abs(Fraction(container.duration, 1_000_000) - 37 / rate) <= Fraction(1, 10**6)
        assert times == [index / rate for index in range(37)]


def test_a_single_frame_is_a_clip_too(tmp_path: Path) -> None:
    result = finish_clip(moving_frames(1), spec=spec(count=1), out_dir=tmp_path)
    assert len(list(decode_frames(result.master.path))) == 1


def test_master_is_tagged_for_apple_and_for_bt709_in_the_bitstream_itself(tmp_path: Path) -> None:
    result = finish_clip(moving_frames(10), spec=spec(count=10), out_dir=tmp_path)

    data = result.master.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"elst" not in data
    with av.open(str(result.master.path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.codec_tag == "hvc1"
        # A bare decoder knows nothing of the container's colour box.
        bare = av.CodecContext.create("hevc", "r")
        bare.extradata = stream.codec_context.extradata
        packets = [packet for packet in container.demux(stream) if packet.size]
        frame = next(frame for packet in packets for frame in bare.decode(packet))
    tags = (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range)
    assert tags == (1, 1, 1, 1)


def test_keyframes_come_every_two_seconds(tmp_path: Path) -> None:
    result = finish_clip(moving_frames(50), spec=spec(12, 50), out_dir=tmp_path)
    for file in (result.master, result.proxy):
        keys = [i for i, frame in enumerate(_raw_frames(file.path)) if frame.key_frame]
        assert keys == [0, 24, 48]


def test_recipe_and_title_travel_in_the_mp4_tags(tmp_path: Path) -> None:
    recipe = '{"model": "camera_move", "seed": 7, "path": "a=b;c:d"}'
    wanted = spec(count=5, comment=recipe, title="Harbour at dawn")
    result = finish_clip(moving_frames(5), spec=wanted, out_dir=tmp_path)
    with av.open(str(result.master.path)) as container:
        assert container.metadata["comment"] == recipe
        assert container.metadata["title"] == "Harbour at dawn"


@pytest.mark.parametrize("mode", list(RateControl))
def test_same_frames_give_the_same_bytes(mode: RateControl, tmp_path: Path) -> None:
    codec = CodecProfile(preset="veryfast", rate_control=mode, bitrate_kbps=150, proxy_height=120)

    def render() -> Iterator[av.VideoFrame]:
        return moving_frames(40, grain=20)

    digests = {
        finish_clip(render, spec=spec(count=40, codec=codec), out_dir=tmp_path / str(run)).master
        for run in range(3)
    }
    assert len({file.sha256 for file in digests}) == 1


def test_pictures_survive_the_encode(tmp_path: Path) -> None:
    codec = CodecProfile(crf=10, proxy_height=1080)
    result = finish_clip(moving_frames(12), spec=spec(count=12, codec=codec), out_dir=tmp_path)
    for file in (result.master, result.proxy):
        for sent, got in zip(moving_frames(12), decode_frames(file.path), strict=True):
            error = sent.to_ndarray().astype(float) - got.to_ndarray()
            assert np.sqrt(np.mean(error**2)) < 4


def test_one_frame_object_handed_over_many_times_is_a_still(tmp_path: Path) -> None:
    result = finish_clip(flat_frames(40, (90, 90, 90)), spec=spec(count=40), out_dir=tmp_path)
    assert len(list(decode_frames(result.master.path))) == 40


# --- rate control ---------------------------------------------------------------------------------


def _bitrates(codec: CodecProfile, out_dir: Path) -> list[float]:
    """An easy and a hard clip at the same settings."""
    rates = []
    for grain in (3, 40):

        def render(grain: int = grain) -> Iterator[av.VideoFrame]:
            return moving_frames(90, grain=grain)

        result = finish_clip(
            render, spec=spec(count=90, codec=codec), out_dir=out_dir / f"grain {grain}"
        )
        rates.append(result.bitrate_kbps)
    return rates


def test_crf_spends_what_the_picture_needs(tmp_path: Path) -> None:
    easy, hard = _bitrates(CodecProfile(preset="veryfast"), tmp_path)
    assert hard > 3 * easy


def test_capped_spends_no_more_than_the_cap(tmp_path: Path) -> None:
    codec = CodecProfile(
        preset="veryfast", rate_control=RateControl.CAPPED, bitrate_kbps=500, crf=18
    )
    _, hard = _bitrates(codec, tmp_path)
    # The buffer may hold two seconds' worth on top of the three that the clip lasts.
    assert hard < 500 * 1.7


def test_average_spends_the_same_on_every_clip(tmp_path: Path) -> None:
    codec = CodecProfile(preset="veryfast", rate_control=RateControl.AVERAGE, bitrate_kbps=600)
    rates = _bitrates(codec, tmp_path)
    assert rates == pytest.approx([600, 600], rel=0.12)


def test_two_passes_need_a_source_that_can_start_anew(tmp_path: Path) -> None:
    codec = CodecProfile(rate_control=RateControl.AVERAGE)
    with pytest.raises(EncodeFailed, match="callable"):
        finish_clip(moving_frames(5), spec=spec(count=5, codec=codec), out_dir=tmp_path)


def test_two_passes_write_into_any_directory_name(tmp_path: Path) -> None:
    codec = CodecProfile(preset="ultrafast", rate_control=RateControl.AVERAGE, bitrate_kbps=200)
    folder = tmp_path / "a b:pass=3'x"
    finish_clip(lambda: moving_frames(10), spec=spec(count=10, codec=codec), out_dir=folder)
    names = ["master.mp4", "poster.jpg", "proxy.mp4", "thumbnail.jpg"]
    assert sorted(path.name for path in folder.iterdir()) == names


# --- filters --------------------------------------------------------------------------------------


def cube(size: int = 9, swap: bool = True, extra: str = "") -> bytes:
    """A look that swaps red and blue: nothing gentler shows that it is really followed."""
    steps = [i / (size - 1) for i in range(size)]
    rows = [(b, g, r) if swap else (r, g, b) for b in steps for g in steps for r in steps]
    body = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in rows)
    return f'TITLE "swap"\n# a look\nLUT_3D_SIZE {size}\n{extra}{body}\n'.encode()


def test_lut_changes_colours_as_the_cube_says(tmp_path: Path) -> None:
    colour, wanted = (200, 60, 30), (30, 60, 200)
    codec = CodecProfile(crf=4)
    result = finish_clip(
        flat_frames(6, colour), spec=spec(count=6, codec=codec), out_dir=tmp_path, lut=cube()
    )
    assert result.lut_sha256 is not None
    assert result.warnings == ()
    for file in (result.poster, result.thumbnail):
        with Image.open(file.path) as poster:
            assert poster.convert("RGB").getpixel((50, 50)) == pytest.approx(wanted, abs=4)
    frame = list(_raw_frames(result.master.path))[3]
    assert frame.to_rgb().to_ndarray()[50, 50] == pytest.approx(wanted, abs=4)


def test_identity_lut_leaves_the_picture_alone(tmp_path: Path) -> None:
    codec = CodecProfile(crf=4)
    plain = finish_clip(
        moving_frames(3), spec=spec(count=3, codec=codec), out_dir=tmp_path / "plain"
    )
    looked = finish_clip(
        moving_frames(3),
        spec=spec(count=3, codec=codec),
        out_dir=tmp_path / "looked",
        lut=cube(swap=False),
    )
    pairs = zip(decode_frames(plain.master.path), decode_frames(looked.master.path), strict=True)
    for one, other in pairs:
        difference = one.to_ndarray().astype(int) - other.to_ndarray()
        assert np.abs(difference).mean() < 1.0


@pytest.mark.parametrize(
    ("lut", "complaint"),
    [
        (b"", "no LUT_3D_SIZE"),
        (b"\x89PNG\r\n\x1a\n\xff\xff", "not a text file"),
        (b"LUT_3D_SIZE 400\n", "from 2 to 129"),
        (b"LUT_3D_SIZE 2\n0 0 0\n", "1 table rows where 8"),
        (b"LUT_3D_SIZE 2\n" + b"0 0 0\n" * 9, "lut.cube:10: more table rows"),
        (b"LUT_3D_SIZE 2\n0 0 nan\n", "no colour"),
        (b"LUT_3D_SIZE 2\n0 0\n", "3 numbers"),
        (b"LUT_3D_SIZE 2\nDOMAIN_MAX 0 0 0\n" + b"0 0 0\n" * 8, "DOMAIN_MIN"),
        (b"LUT_3D_SIZE 2\nMOVIE x\n", "unknown keyword"),
        (b"#" * (17 * 1024 * 1024), "at most"),
    ],
)
def test_a_bad_lut_is_the_creators_to_mend(lut: bytes, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        finish_clip(moving_frames(3), spec=spec(count=3), out_dir=tmp_path, lut=lut)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "source_count", "rate", "count"),
    [(16, 80, 30, 150), (16, 81, 30, 150), (16, 33, NTSC, 60), (24, 48, 60, 120), (30, 30, 24, 24)],
)
def test_interpolation_delivers_exactly_the_promised_frames(
    source: int, source_count: int, rate: Fraction | int, count: int, tmp_path: Path
) -> None:
    wanted = spec(
        rate, count, source_rate=Fraction(source), interpolation=Interpolation.MINTERPOLATE
    )
    result = finish_clip(moving_frames(source_count), spec=wanted, out_dir=tmp_path)

    assert len(list(decode_frames(result.master.path))) == count
    # What lies past the last source frame can only be a repeat of it, and is owned up to.
    last_source_sec = Fraction(source_count - 1, source)
    assert result.held_frames == sum(k / Fraction(rate) > last_source_sec for k in range(count))


def test_interpolated_frames_lie_between_their_neighbours(tmp_path: Path) -> None:
    codec = CodecProfile(crf=10)
    wanted = spec(
        30, 30, source_rate=Fraction(15), interpolation=Interpolation.MINTERPOLATE, codec=codec
    )
    result = finish_clip(moving_frames(16), spec=wanted, out_dir=tmp_path)
    lumas = [_luma(frame) for frame in decode_frames(result.master.path)]
    sources = [_luma(frame) for frame in moving_frames(16)]
    inner = slice(20, -20)
    for index in (10, 11, 20, 21):
        shown, whole = lumas[index][inner, inner], index // 2
        on_source = np.abs(shown - sources[whole][inner, inner]).mean()
        assert (on_source < 3) == (index % 2 == 0)


def test_without_interpolation_frames_are_repeated_and_the_report_says_so(tmp_path: Path) -> None:
    wanted = spec(30, 30, source_rate=Fraction(15))
    result = finish_clip(moving_frames(15), spec=wanted, out_dir=tmp_path)
    assert len(list(decode_frames(result.master.path))) == 30
    assert any("repeating" in warning for warning in result.warnings)


def test_stabilising_warns_that_it_fights_the_camera(tmp_path: Path) -> None:
    wanted = spec(count=20, stabilise=Stabilise.DESHAKE)
    result = finish_clip(moving_frames(20), spec=wanted, out_dir=tmp_path)
    assert len(list(decode_frames(result.master.path))) == 20
    assert any("camera path" in warning for warning in result.warnings)


def test_all_filters_together_keep_the_count(tmp_path: Path) -> None:
    wanted = spec(
        30,
        60,
        source_rate=Fraction(16),
        stabilise=Stabilise.DESHAKE,
        interpolation=Interpolation.MINTERPOLATE,
    )
    result = finish_clip(moving_frames(33), spec=wanted, out_dir=tmp_path, lut=cube())
    assert len(list(decode_frames(result.master.path))) == 60


# --- proxy and poster -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "proxy_height", "proxy"),
    [
        ((640, 360), 180, (320, 180)),
        ((256, 144), 540, (256, 144)),
        ((144, 256), 128, (72, 128)),
        ((250, 142), 121, (212, 120)),
    ],
)
def test_proxy_keeps_the_shape_and_is_never_upscaled(
    size: tuple[int, int], proxy_height: int, proxy: tuple[int, int], tmp_path: Path
) -> None:
    codec = CodecProfile(preset="ultrafast", proxy_height=proxy_height)
    wanted = FinishSpec(*size, Fraction(30), 4, Fraction(30), codec=codec)
    result = finish_clip(moving_frames(4, size=size), spec=wanted, out_dir=tmp_path)
    assert result.proxy_size == proxy
    with av.open(str(result.proxy.path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height, context.name) == (*proxy, "h264")
        assert (context.profile, context.pix_fmt) == ("High", "yuv420p")


def test_poster_is_the_frame_a_third_in_and_the_thumbnail_is_small(tmp_path: Path) -> None:
    frames = list(moving_frames(9, size=(640, 360)))
    wanted = FinishSpec(640, 360, Fraction(30), 9, Fraction(30), codec=FAST)
    result = finish_clip(frames, spec=wanted, out_dir=tmp_path)
    with Image.open(result.poster.path) as poster, Image.open(result.thumbnail.path) as thumbnail:
        assert (poster.format, poster.size, thumbnail.size) == ("JPEG", (640, 360), (480, 270))
        shown = np.asarray(poster.convert("RGB")).astype(int)
    errors = [
        np.abs(shown - frame.to_rgb(src_colorspace="ITU709").to_ndarray()).mean()
        for frame in frames
    ]
    assert int(np.argmin(errors)) == result.poster_index == 3


# --- when it goes wrong ---------------------------------------------------------------------------


def test_too_few_frames_are_an_error_and_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed, match="29 frames"):
        finish_clip(moving_frames(29), spec=spec(count=30), out_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_frames_at_all_are_an_error(tmp_path: Path) -> None:
    for rate in (30, 15):
        with pytest.raises(EncodeFailed, match="0 frames"):
            finish_clip([], spec=spec(30, 30, source_rate=Fraction(rate)), out_dir=tmp_path)


def test_a_source_too_short_for_the_interpolated_clip_is_an_error(tmp_path: Path) -> None:
    wanted = spec(30, 150, source_rate=Fraction(16), interpolation=Interpolation.MINTERPOLATE)
    with pytest.raises(EncodeFailed, match="too few"):
        finish_clip(moving_frames(78), spec=wanted, out_dir=tmp_path)


def test_surplus_frames_are_left_out_and_reported(tmp_path: Path) -> None:
    result = finish_clip(moving_frames(12), spec=spec(count=10), out_dir=tmp_path)
    assert len(list(decode_frames(result.master.path))) == 10
    assert any("left out" in warning for warning in result.warnings)


def test_frames_of_another_size_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed, match="frame 0 is 128x128"):
        finish_clip(moving_frames(3, size=(128, 128)), spec=spec(count=3), out_dir=tmp_path)


def test_an_encoder_that_refuses_is_named_and_earlier_files_stay(tmp_path: Path) -> None:
    finish_clip(moving_frames(4), spec=spec(count=4), out_dir=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    codec = CodecProfile(preset="warp-speed")
    with pytest.raises(EncodeFailed, match=r"libx265 could not .* master\.mp4"):
        finish_clip(moving_frames(400), spec=spec(count=400, codec=codec), out_dir=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_renderer_that_breaks_stops_the_encoders(tmp_path: Path) -> None:
    def broken() -> Iterator[av.VideoFrame]:
        yield from moving_frames(5)
        raise RuntimeError("the keyframe fell out")

    with pytest.raises(RuntimeError, match="fell out"):
        finish_clip(broken(), spec=spec(count=30), out_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lib")]


def test_nvenc_is_proved_not_assumed(tmp_path: Path) -> None:
    assert X265 in probe_encoders()
    result = finish_clip(moving_frames(4), spec=spec(count=4, nvenc=True), out_dir=tmp_path)
    assert result.encoder == (NVENC if NVENC in probe_encoders() else X265)
    assert bool(result.warnings) == (result.encoder == X265)


@pytest.mark.parametrize("size", [(255, 144), (256, 145), (0, 0)])
def test_odd_sizes_are_refused_before_any_work(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="even"):
        FinishSpec(*size, Fraction(30), 30, Fraction(30))


# --- decoding generated clips ---------------------------------------------------------------------


def test_decoded_frames_can_be_brought_to_the_clips_size(tmp_path: Path) -> None:
    result = finish_clip(moving_frames(4), spec=spec(count=4), out_dir=tmp_path)
    sizes = {(f.width, f.height) for f in decode_frames(result.master.path, size=(128, 72))}
    assert sizes == {(128, 72)}


def three_columns(path: Path, size: tuple[int, int]) -> None:
    """A film of a black, a white and a black part, side by side; the white one is in the middle."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        picture = np.zeros((size[1], size[0], 3), np.uint8)
        picture[:, size[0] // 4 : -size[0] // 4] = 255
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


def test_another_shape_is_cropped_to_its_middle_and_never_stretched(tmp_path: Path) -> None:
    file = tmp_path / "wide.mp4"
    three_columns(file, (256, 128))
    frames = list(decode_frames(file, size=(96, 96)))
    assert [(each.width, each.height) for each in frames] == [(96, 96)] * 3
    for each in frames:
        assert each.to_ndarray(format="gray").min() > 200, "the black parts are cut off"


@pytest.mark.parametrize(
    ("made", "size", "part"),
    [
        ((1280, 720), (1280, 720), (0, 0, 1280, 720)),
        ((1280, 720), (854, 480), (0, 0, 1280, 720)),
        ((848, 480), (854, 480), (0, 0, 848, 480)),
        ((1280, 720), (720, 720), (280, 0, 720, 720)),
        ((720, 1280), (1280, 720), (0, 438, 720, 404)),
        ((640, 640), (1080, 1350), (64, 0, 512, 640)),
        ((16, 4096), (4096, 16), (0, 2046, 16, 2)),
    ],
)
def test_what_is_shown_of_another_shape(
    made: tuple[int, int], size: tuple[int, int], part: tuple[int, int, int, int]
) -> None:
    assert shown_part(made, size) == part
    x, y, width, height = part
    assert x % 2 == y % 2 == 0
    assert x + width <= made[0]
    assert y + height <= made[1]


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0\0\0\x18ftypisom"])
def test_what_is_no_video_cannot_be_decoded(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "generated.mp4"
    file.write_bytes(content)
    with pytest.raises(EncodeFailed, match=r"generated\.mp4"):
        list(decode_frames(file))


def _raw_frames(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def _time(frame: av.VideoFrame) -> Fraction:
    assert frame.pts is not None
    assert frame.time_base is not None
    return frame.pts * frame.time_base


def _luma(frame: av.VideoFrame) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return frame.to_ndarray()[: frame.height].astype(float)
