"""What a downloaded file really is, by its bytes.

MP4 and MOV are walked box by box (ISO/IEC 14496-12): no box may reach beyond the end of the file
and one of them must be `moov`, so a file that was cut short is found out here. WebM is known by its
EBML head (RFC 8794) alone.
"""

from pathlib import Path
from typing import BinaryIO

EBML = b"\x1a\x45\xdf\xa3"
FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"}
MOST_BOXES = 100_000


def looks_like_video(head: bytes) -> bool:
    """Could a file that begins so be a video? At least 8 bytes are needed to say no."""
    return head.startswith(EBML) or head[4:8] in FIRST_BOXES


def container_of(path: Path) -> str | None:
    """`mp4`, `mov` or `webm`; None when the file is none of them, or not whole."""
    with path.open("rb") as file:
        head = file.read(12)
        if head.startswith(EBML):
            return "webm"
        if not looks_like_video(head) or not _boxes_are_whole(file, path.stat().st_size):
            return None
        is_mp4 = head[4:8] == b"ftyp" and head[8:12] != b"qt  "
        return "mp4" if is_mp4 else "mov"


def _boxes_are_whole(file: BinaryIO, size: int) -> bool:
    place, seen = 0, set()
    for _ in range(MOST_BOXES):
        if place == size:
            return b"moov" in seen
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:  # some muxers leave a few bytes behind the last box
            return b"moov" in seen
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:  # "until the end of the file"
            length = size - place
        if length < 8 or place + length > size:
            return False
        seen.add(kind)
        place += length
    return False
