"""What a file really is, by its first bytes; its name is only a claim.

Accepted are the formats that creators' tools write and that decode the same everywhere. Everything
else that people drop by mistake is known by name, so that the answer can say what to do.
"""

from dataclasses import dataclass

ACCEPTED = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")

SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
}


@dataclass(frozen=True, slots=True)
class NotAKeyframe:
    """A kind of file that is no keyframe: what it is, and what to drop instead."""

    what: str
    hint: str


_AS_IMAGE = "Drop a PNG or JPEG instead."

EMPTY = NotAKeyframe("an empty file (0 bytes)", "The upload may have failed: drop it again.")
UNKNOWN = NotAKeyframe("not an image in a format known here", _AS_IMAGE)
HEIC = NotAKeyframe(
    "a HEIC photo",
    "Export it as JPEG or PNG (iPhone: Settings, Camera, Formats, Most Compatible).",
)
SVG = NotAKeyframe("an SVG drawing", "Export it as PNG at the size it should be seen in.")
PDF = NotAKeyframe("a PDF document", "Export the page as PNG.")
RAW = NotAKeyframe("a camera raw file", "Develop it and export JPEG, PNG or TIFF.")
VIDEO = NotAKeyframe("a video", "Export the frame to start from as PNG.")
TEXT = NotAKeyframe("text, whatever its name says", _AS_IMAGE)
WEB_PAGE = NotAKeyframe(
    "a web page or XML, perhaps a failed download saved under an image's name", _AS_IMAGE
)
LFS_POINTER = NotAKeyframe("a Git LFS pointer, not the image itself", "Run `git lfs pull` first.")

_SIGNATURES: tuple[tuple[bytes, str | NotAKeyframe], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
    (b"%PDF", PDF),
    (b"%!PS", NotAKeyframe("a PostScript drawing", "Export it as PNG.")),
    (b"8BPS", NotAKeyframe("a Photoshop document", "Flatten it and export PNG.")),
    (b"\xff\x0a", NotAKeyframe("a JPEG XL image", "Export it as PNG or JPEG.")),
    (b"\0\0\0\x0cJXL ", NotAKeyframe("a JPEG XL image", "Export it as PNG or JPEG.")),
    (b"\0\0\0\x0cjP  ", NotAKeyframe("a JPEG 2000 image", "Export it as PNG or JPEG.")),
    (b"v/1\x01", NotAKeyframe("an OpenEXR image", "Grade it and export PNG.")),
    (b"\0\0\x01\0", NotAKeyframe("an icon", _AS_IMAGE)),
    (b"PK\x03\x04", NotAKeyframe("a ZIP archive", "Drop the images themselves.")),
    (b"\x1aE\xdf\xa3", VIDEO),
    (b"version https://git-lfs", LFS_POINTER),
)

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}


def identify(data: bytes) -> str | NotAKeyframe:
    """The format of a file by its content: one of `ACCEPTED`, or what it is instead."""
    if not data:
        return EMPTY
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    # Canon's raw files start as TIFF, WebP as any RIFF: their own mark comes a little later.
    if data.startswith(b"II*\0") and data[8:10] == b"CR":
        return RAW
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    known = (meaning for signature, meaning in _SIGNATURES if data.startswith(signature))
    return next(known, None) or _readable(data) or UNKNOWN


def _iso_media(data: bytes) -> str | NotAKeyframe:
    """HEIC, AVIF and MP4 share one container; its brands tell them apart."""
    size = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, size, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return HEIC if brands & _HEIC_BRANDS else VIDEO


def _readable(data: bytes) -> NotAKeyframe | None:
    """Text of some kind, or None for bytes that are no text."""
    head = data[:1024]
    # A cut through a character at the end of the sample is not an error of the file.
    text = head.decode("utf-8", errors="ignore").lstrip("\ufeff \t\r\n")
    if b"\0" in head or len(text.encode()) < len(head.strip()) - 8:
        return None
    start = text[:512].lower()
    if "<svg" in start:
        return SVG
    return WEB_PAGE if start.startswith("<") else TEXT
