"""What an mp4 file says about itself, read without a decoder (ISO/IEC 14496-12).

OpenCV tells too little about a file (no sample entry, no colour tags, no audio, no edit list) and
forgives too much. This reader takes the facts from the boxes. The file is hostile: nothing is read
that a size field has not been checked for, tables are capped, and no box is entered but the few on
the way to the sample tables.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from shared.safety.box import Box, Unreadable, children, fail

MAX_MOOV_BYTES = 32 * 1024 * 1024
MAX_TOP_LEVEL_BOXES = 1_000
MAX_TRACKS = 16
MAX_SAMPLES = 1_000_000

_VISUAL_ENTRY_FIXED = 78
_IDENTITY_MATRIX = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class Track:
    """One track, as its boxes describe it.

    Attributes
    ----------
    handler : `vide`, `soun`, …
    tag : the sample entry, for example `hvc1`.
    colour : primaries, transfer, matrix (ISO/IEC 23091-2), full-range flag; None if untagged.
    duration : media seconds, exact.
    deltas : (samples, ticks each) as the file times them.
    edits : number of edit list entries.
    upright : no rotation or mirroring in the track header.
    nal_length_size : bytes of the length before each NAL unit; 0 where there are none.
    chunks, samples : see `sample_ranges`.
    """

    handler: str
    tag: str
    width: int
    height: int
    colour: tuple[int, int, int, bool] | None
    timescale: int
    duration: Fraction
    deltas: tuple[tuple[int, int], ...]
    edits: int
    upright: bool
    nal_length_size: int
    sample_sizes: tuple[int, ...]
    chunk_offsets: tuple[int, ...]
    samples_per_chunk: tuple[tuple[int, int], ...]

    @property
    def sample_count(self) -> int:
        return len(self.sample_sizes)

    @property
    def rate(self) -> Fraction | None:
        """Frames per second, where every sample lasts the same; None for a variable rate."""
        ticks = {delta for count, delta in self.deltas if count}
        only = ticks.pop() if len(ticks) == 1 else 0
        return Fraction(self.timescale, only) if only else None

    def sample_ranges(self) -> Iterator[tuple[int, int]]:
        """Offset and size of every sample in the file, in decoding order."""
        sizes = iter(self.sample_sizes)
        runs = (*self.samples_per_chunk, (len(self.chunk_offsets) + 1, 0))
        for (first, per_chunk), (next_first, _) in pairwise(runs):
            for offset in self.chunk_offsets[first - 1 : next_first - 1]:
                position = offset
                for _, size in zip(range(per_chunk), sizes, strict=False):
                    yield position, size
                    position += size


@dataclass(frozen=True, slots=True)
class Mp4:
    """The whole file. `faststart`: the index lies before the pictures."""

    file_size: int
    brands: tuple[str, ...]
    faststart: bool
    tracks: tuple[Track, ...]

    @property
    def video(self) -> Track:
        return next(track for track in self.tracks if track.handler == "vide")

    def count(self, handler: str) -> int:
        return sum(track.handler == handler for track in self.tracks)


def read_mp4(path: Path) -> Mp4:
    """Read the boxes of a file.

    Raises
    ------
    Unreadable
        When this is no mp4, or its boxes contradict themselves; says where.
    """
    try:
        with path.open("rb") as file:
            return _read(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise fail("file", f"cannot be opened: {error.strerror}") from error


def _read(file: BinaryIO, size: int) -> Mp4:
    if not size:
        raise fail("file", "is empty")
    offsets: dict[str, int] = {}
    brands: tuple[str, ...] = ()
    moov: Box | None = None
    position = 0
    for _ in range(MAX_TOP_LEVEL_BOXES):
        if position >= size:
            break
        name, header, length = _top_level_header(file, position, size)
        if not offsets and name != "ftyp":
            raise fail(f"byte {position}", "is not an mp4: no ftyp box at the start")
        offsets.setdefault(name, position)
        # A last box cut short is reported by the checks, with the frames it costs.
        if name in ("ftyp", "moov") and (name != "moov" or moov is None):
            payload = _payload(file, name, position + header, length - header, size)
            if name == "moov":
                moov = Box("moov", payload, "moov")
            else:
                brands = tuple(_word(payload[i : i + 4]) for i in (0, *range(8, len(payload), 4)))
        position += length
    if moov is None:
        raise fail("file", "has no moov box: the index is missing, the file was never completed")
    tracks = tuple(_track(trak) for trak in _capped_tracks(moov))
    if not any(track.handler == "vide" for track in tracks):
        raise fail("moov", "has no video track")
    return Mp4(
        file_size=size,
        brands=brands,
        faststart=offsets["moov"] < offsets.get("mdat", size),
        tracks=tracks,
    )


def _top_level_header(file: BinaryIO, position: int, size: int) -> tuple[str, int, int]:
    """Name, header bytes and total bytes of the box at `position`."""
    file.seek(position)
    head = file.read(16)
    if len(head) < 8:
        raise fail(f"byte {position}", "ends within a box header")
    length, name, header = int.from_bytes(head[:4], "big"), _word(head[4:8]), 8
    if length == 1:
        length, header = int.from_bytes(head[8:16], "big"), 16
    elif length == 0:
        length = size - position
    if length < header:
        raise fail(f"byte {position}", f"box {name!r} claims {length} bytes")
    return name, header, length


def _payload(file: BinaryIO, name: str, start: int, length: int, size: int) -> memoryview:
    if length > MAX_MOOV_BYTES:
        raise fail(name, f"claims {length:,} bytes; {MAX_MOOV_BYTES:,} is the most we read")
    if start + length > size:
        raise fail(name, f"is cut short: {start + length - size:,} bytes are missing")
    file.seek(start)
    return memoryview(file.read(length))


def _capped_tracks(moov: Box) -> list[Box]:
    tracks = [box for box in children(moov) if box.name == "trak"]
    if len(tracks) > MAX_TRACKS:
        raise fail("moov", f"has {len(tracks)} tracks")
    return tracks


def _track(trak: Box) -> Track:
    mdia = trak.child("mdia")
    stbl = mdia.child("minf").child("stbl")
    handler = _word(mdia.child("hdlr").bytes(8, 4))
    timescale, ticks = _media_header(mdia.child("mdhd"))
    entry = _sample_entry(stbl.child("stsd"))
    visual = handler == "vide"
    sizes = _sample_sizes(stbl.child("stsz"))
    per_chunk = stbl.child("stsc").table(3, (0, 1), MAX_SAMPLES)
    if any(a[0] >= b[0] for a, b in pairwise(per_chunk)):
        raise fail(f"{stbl.path}/stsc", "chunk numbers do not rise")
    if per_chunk and per_chunk[0][0] != 1:
        raise fail(f"{stbl.path}/stsc", "does not start at the first chunk")
    return Track(
        handler=handler,
        tag=entry.name,
        width=entry.u16(24) if visual else 0,
        height=entry.u16(26) if visual else 0,
        colour=_colour(entry) if visual else None,
        timescale=timescale,
        duration=Fraction(ticks, timescale),
        deltas=_pairs(stbl.child("stts").table(2, (0, 1), MAX_SAMPLES)),
        edits=_edit_count(trak),
        upright=_upright(trak.child("tkhd")),
        nal_length_size=_nal_length_size(entry) if visual else 0,
        sample_sizes=sizes,
        chunk_offsets=_chunk_offsets(stbl),
        samples_per_chunk=_pairs(per_chunk),
    )


def _media_header(mdhd: Box) -> tuple[int, int]:
    long = mdhd.u8(0) == 1
    timescale = mdhd.u32(20 if long else 12)
    if not timescale:
        raise fail(mdhd.path, "has a timescale of zero")
    return timescale, mdhd.u64(24) if long else mdhd.u32(16)


def _sample_entry(stsd: Box) -> Box:
    entries = children(stsd, start=8)
    if not entries:
        raise fail(stsd.path, "describes no samples")
    return entries[0]


def _sample_sizes(stsz: Box) -> tuple[int, ...]:
    common, count = stsz.u32(4), stsz.u32(8)
    if count > MAX_SAMPLES:
        raise fail(stsz.path, f"claims {count:,} samples")
    if common:
        return (common,) * count
    return tuple(stsz.u32(12 + 4 * index) for index in range(count))


def _chunk_offsets(stbl: Box) -> tuple[int, ...]:
    wide = stbl.find("co64")
    if wide is not None:
        count = wide.count(4, 8, MAX_SAMPLES)
        return tuple(wide.u64(8 + 8 * index) for index in range(count))
    return tuple(row[0] for row in stbl.child("stco").table(1, (0,), MAX_SAMPLES))


def _colour(entry: Box) -> tuple[int, int, int, bool] | None:
    for box in children(entry, start=_VISUAL_ENTRY_FIXED):
        if box.name == "colr" and _word(box.bytes(0, 4)) == "nclx":
            return box.u16(4), box.u16(6), box.u16(8), bool(box.u8(10) & 0x80)
    return None


def _nal_length_size(entry: Box) -> int:
    """From the decoder configuration record (ISO/IEC 14496-15)."""
    position = {"hvcC": 21, "avcC": 4}
    for box in children(entry, start=_VISUAL_ENTRY_FIXED):
        if box.name in position:
            return (box.u8(position[box.name]) & 3) + 1
    return 0


def _edit_count(trak: Box) -> int:
    edts = trak.find("edts")
    elst = edts.find("elst") if edts is not None else None
    return elst.u32(4) if elst is not None else 0


def _upright(tkhd: Box) -> bool:
    start = 52 if tkhd.u8(0) == 1 else 40
    return tuple(tkhd.u32(start + 4 * index) for index in range(9)) == _IDENTITY_MATRIX


def _pairs(rows: list[tuple[int, ...]]) -> tuple[tuple[int, int], ...]:
    return tuple((first, second) for first, second in rows)


def _word(data: bytes | memoryview) -> str:
    return bytes(data).decode("latin-1")


__all__ = ["Mp4", "Track", "Unreadable", "read_mp4"]
