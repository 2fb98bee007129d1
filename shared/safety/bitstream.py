"""Is every sample of the file there, and does it parse as NAL units?

This needs no decoder and so cannot be fooled by one: FFmpeg conceals what is missing. It finds
truncation, overwritten stretches and broken lengths. A flipped bit in the middle of a picture's
data is invisible to it; only the file's fingerprint shows that.
"""

from pathlib import Path

from shared.safety.track import Track

MAX_SAMPLE_BYTES = 64 * 1024 * 1024
_FORBIDDEN_BIT = 0x80


def damaged_samples(path: Path, track: Track) -> list[int]:
    """Indices, in decoding order, of the samples that are missing or malformed."""
    damaged = []
    index = -1
    hevc = track.tag in ("hvc1", "hev1")
    # A hostile index may list one stretch a million times; an honest one lists each byte once.
    budget = path.stat().st_size
    with path.open("rb") as file:
        for index, (offset, size) in enumerate(track.sample_ranges()):
            file.seek(offset)
            sample = file.read(size) if 0 < size <= min(budget, MAX_SAMPLE_BYTES) else b""
            budget -= len(sample)
            if len(sample) != size or not well_formed(sample, track.nal_length_size, hevc):
                damaged.append(index)
    return damaged + list(range(index + 1, track.sample_count))


def well_formed(sample: bytes, length_size: int, hevc: bool) -> bool:
    """Do the NAL units fill the sample exactly, each with a legal header?

    Parameters
    ----------
    length_size : bytes of the length before each unit; 0 where there are none to check.
    """
    if not sample:
        return False
    position = 0
    while position < len(sample) and length_size:
        start = position + length_size
        length = int.from_bytes(sample[position:start], "big")
        header = 2 if hevc else 1
        position = start + length
        if length < header or position > len(sample) or sample[start] & _FORBIDDEN_BIT:
            return False
        # nuh_temporal_id_plus1 is never zero (ITU-T H.265, 7.4.2.2).
        if hevc and not sample[start + 1] & 0x07:
            return False
    return True
