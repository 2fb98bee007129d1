"""What an mp4 file says about itself, read without a decoder (ISO/IEC 14496-12).

OpenCV tells too little about a file (no sample entry, no colour tags, no audio, no edit list) and
forgives too much. This reader takes the facts from the boxes. The file is hostile: nothing is read
that a size field has not been checked for, tables are capped, and no box is entered but the few on
the way to the sample tables.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shared.safety.box import Box, Unreadable, children, word
from shared.safety.track import Track, read_track

MAX_MOOV_BYTES = 32 * 1024 * 1024
MAX_TOP_LEVEL_BOXES = 1_000
MAX_TRACKS = 16


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
        raise Unreadable("file", f"cannot be opened: {error.strerror}") from error


def _read(file: BinaryIO, size: int) -> Mp4:
    if not size:
        raise Unreadable("file", "is empty")
    offsets: dict[str, int] = {}
    brands: tuple[str, ...] = ()
    moov: Box | None = None
    position = 0
    for _ in range(MAX_TOP_LEVEL_BOXES):
        if position >= size:
            break
        name, header, length = _top_level_header(file, position, size)
        if not offsets and name != "ftyp":
            raise Unreadable(f"byte {position}", "is not an mp4: no ftyp box at the start")
        offsets.setdefault(name, position)
        # A last box cut short is reported by the checks, with the frames it costs.
        if name in ("ftyp", "moov") and (name != "moov" or moov is None):
            payload = _payload(file, name, position + header, length - header, size)
            if name == "moov":
                moov = Box("moov", payload, "moov")
            else:
                brands = tuple(word(payload[i : i + 4]) for i in (0, *range(8, len(payload), 4)))
        position += length
    if moov is None:
        raise Unreadable(
            "file", "has no moov box: the index is missing, the file was never completed"
        )
    tracks = tuple(read_track(trak) for trak in _capped_tracks(moov))
    if not any(track.handler == "vide" for track in tracks):
        raise Unreadable("moov", "has no video track")
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
        raise Unreadable(f"byte {position}", "ends within a box header")
    length, name, header = int.from_bytes(head[:4], "big"), word(head[4:8]), 8
    if length == 1:
        length, header = int.from_bytes(head[8:16], "big"), 16
    elif length == 0:
        length = size - position
    if length < header:
        raise Unreadable(f"byte {position}", f"box {name!r} claims {length} bytes")
    return name, header, length


def _payload(file: BinaryIO, name: str, start: int, length: int, size: int) -> memoryview:
    if length > MAX_MOOV_BYTES:
        raise Unreadable(name, f"claims {length:,} bytes; {MAX_MOOV_BYTES:,} is the most we read")
    if start + length > size:
        raise Unreadable(name, f"is cut short: {start + length - size:,} bytes are missing")
    file.seek(start)
    return memoryview(file.read(length))


def _capped_tracks(moov: Box) -> list[Box]:
    tracks = [box for box in children(moov) if box.name == "trak"]
    if len(tracks) > MAX_TRACKS:
        raise Unreadable("moov", f"has {len(tracks)} tracks")
    return tracks
