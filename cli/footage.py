"""What a video file says about itself, read with PyAV; a tagged copy where it says too little."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from av.bitstream import BitStreamFilterContext

from cli.errors import WrongUse
from shared.safety.bitstream import well_formed
from shared.safety.box import Unreadable
from shared.safety.footage import Footage

_HDR = {16: "PQ (SMPTE ST 2084)", 18: "HLG (ARIB STD-B67)"}
"""Transfer characteristics (ISO/IEC 23091-2) for which the limits are not defined."""

_HD_LINES, _HD_COLUMNS = 720, 1280
_UNSPECIFIED = 2
_STILLS = ("image2", "_pipe")
_BT709 = "colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1"
_RETAGGING = {
    "h264": f"h264_metadata={_BT709}:video_full_range_flag=0",
    "hevc": f"hevc_metadata={_BT709}:video_full_range_flag=0",
    "av1": f"av1_metadata={_BT709.replace('colour', 'color')}:color_range=tv",
    "vp9": "vp9_metadata=color_space=bt709:color_range=tv",
}
"""Bitstream filters for codecs whose stream has a say of its own, whatever the container says."""

_NAL_LENGTH_AT = {"h264": 4, "hevc": 21}


@contextmanager
def readable_footage(path: Path) -> Iterator[Footage]:
    """Look at a file's headers and packets.

    Raises
    ------
    WrongUse : there is no such file.
    Unreadable : it is no video that can be judged; says why.
    """
    if not path.is_file():
        raise WrongUse(f"There is no file {path}.")
    if not path.stat().st_size:
        raise Unreadable(path.name, "is empty")
    with TemporaryDirectory() as scratch:
        try:
            yield _read(path, Path(scratch))
        except av.FFmpegError as error:
            raise Unreadable(path.name, f"cannot be read: {error.strerror}") from error


def _read(path: Path, scratch: Path) -> Footage:
    with av.open(str(path)) as container:
        if any(container.format.name.endswith(each) for each in _STILLS):
            raise Unreadable(path.name, "is a still picture, not a video")
        streams = [each for each in container.streams.video if not _is_cover(each)]
        if not streams:
            raise Unreadable(path.name, "has no video stream")
        stream = streams[0]
        context = stream.codec_context
        if context.color_trc in _HDR:
            raise Unreadable(
                path.name,
                f"is HDR, {_HDR[context.color_trc]}: the limits are defined for SDR; judge the SDR "
                "version that viewers get",
            )
        times, damaged = _packets(container, stream)
        stated = container.duration / av.time_base if container.duration else None
        footage = Footage(path, context.width, context.height, times, damaged, stated, len(streams))
        hd = context.height >= _HD_LINES or context.width >= _HD_COLUMNS
        untagged = context.colorspace == _UNSPECIFIED and "yuv" in (context.pix_fmt or "")
    if hd and untagged:
        return _tagged(footage, scratch)
    return footage


def _is_cover(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _packets(
    container: av.container.InputContainer, stream: av.VideoStream
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of all pictures, and of those whose data is damaged; nothing is decoded."""
    codec = stream.codec_context.codec.canonical_name
    extra = stream.codec_context.extradata or b""
    at = _NAL_LENGTH_AT.get(codec, 0)
    # A configuration record begins with its version, 1; anything else has start codes.
    lengths = (extra[at] & 3) + 1 if at and len(extra) > at and extra[0] == 1 else 0
    step = float(1 / (stream.average_rate or stream.guessed_rate or 25))
    shown: list[tuple[float, bool]] = []
    for packet in container.demux(stream):
        if not packet.size or packet.is_discard:
            continue
        ticks = packet.pts if packet.pts is not None else packet.dts
        time = float(ticks * packet.time_base) if ticks is not None else len(shown) * step
        good = not packet.is_corrupt and well_formed(bytes(packet), lengths, codec == "hevc")
        shown.append((time, good))
    if not shown:
        raise Unreadable(Path(container.name).name, "holds no pictures")
    first = min(time for time, _ in shown)
    times = sorted(time - first for time, _ in shown)
    return tuple(times), tuple(sorted(time - first for time, good in shown if not good))


def _tagged(footage: Footage, scratch: Path) -> Footage:
    """A copy that says BT.709, limited, as every player takes untagged HD; OpenCV would not."""
    copy = scratch / "tagged.mkv"
    with av.open(str(footage.path)) as old, av.open(str(copy), "w") as new:
        source = next(each for each in old.streams.video if not _is_cover(each))
        target = new.add_stream_from_template(source)
        context = target.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 1
        filters = _RETAGGING.get(source.codec_context.codec.canonical_name)
        retag = BitStreamFilterContext(filters, source, target) if filters else None
        for packet in old.demux(source):
            if packet.dts is None:
                continue
            for each in retag.filter(packet) if retag else [packet]:
                each.stream = target
                new.mux(each)
        for each in retag.filter(None) if retag else []:
            each.stream = target
            new.mux(each)
    return replace(footage, path=copy)
