"""One track of an mp4 file: what its pictures are, and where each of them lies."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from shared.safety.box import Box, Unreadable, children, word

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


def read_track(trak: Box) -> Track:
    """Read a `trak` box; raises `Unreadable` where it contradicts itself."""
    mdia = trak.child("mdia")
    stbl = mdia.child("minf").child("stbl")
    handler = word(mdia.child("hdlr").bytes(8, 4))
    timescale, ticks = _media_header(mdia.child("mdhd"))
    entry = _sample_entry(stbl.child("stsd"))
    visual = handler == "vide"
    sizes = _sample_sizes(stbl.child("stsz"))
    per_chunk = stbl.child("stsc").table(3, (0, 1), MAX_SAMPLES)
    if any(a[0] >= b[0] for a, b in pairwise(per_chunk)):
        raise Unreadable(f"{stbl.path}/stsc", "chunk numbers do not rise")
    if per_chunk and per_chunk[0][0] != 1:
        raise Unreadable(f"{stbl.path}/stsc", "does not start at the first chunk")
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
        raise Unreadable(mdhd.path, "has a timescale of zero")
    return timescale, mdhd.u64(24) if long else mdhd.u32(16)


def _sample_entry(stsd: Box) -> Box:
    entries = children(stsd, start=8)
    if not entries:
        raise Unreadable(stsd.path, "describes no samples")
    return entries[0]


def _sample_sizes(stsz: Box) -> tuple[int, ...]:
    common, count = stsz.u32(4), stsz.u32(8)
    if count > MAX_SAMPLES:
        raise Unreadable(stsz.path, f"claims {count:,} samples")
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
        if box.name == "colr" and word(box.bytes(0, 4)) == "nclx":
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
