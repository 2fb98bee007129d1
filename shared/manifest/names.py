"""Which file in a drop folder is what, told from its name alone.

Every question takes a bare name or a whole key; only the last component counts. Letter case never
matters, and accents compare equal however they are composed: macOS uploads `é` as two characters.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

MANIFEST_SUFFIX = "manifest.json"
TEXT_ENDING = ".txt"
"""What Windows puts behind the name of a text file, where nobody sees it. A manifest or a marker
means the same with it."""

DRY_RUN_SUFFIX = ".dry-run.manifest.json"
SIDECAR_EXTENSION = ".motion.json"
REVIEW_SUFFIX = ".review.json"

CANCEL = "CANCEL"
APPROVED = "APPROVED"
DENIED = "DENIED"
MARKERS = frozenset({CANCEL, APPROVED, DENIED})

# Formats whose pixels we may be able to decode; the decoder, not the name, has the last word.
IMAGE_EXTENSIONS = (
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff", ".avif", ".heic", ".heif"),
)

SOUND_EXTENSIONS = (".wav", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".opus")
"""Voices and music that a manifest may name; the decoder has the last word here too."""

CAPTION_EXTENSIONS = (".caption", ".txt")
COMPANION_EXTENSIONS = (".yaml", ".yml", *CAPTION_EXTENSIONS)
"""Files that already lie beside a keyframe: copied along, never edited (seed B088)."""

VIDEO_COMPANION_EXTENSIONS = (
    *(SIDECAR_EXTENSION, ".video_manifest.json"),
    *(".mp4", ".mov", ".video_meta.json"),
)
"""Files that making a clip adds beside its keyframe (seed B089, B090)."""

# What publishing writes beside the stem; a keyframe called so would collide with another's output.
RESERVED_STEM_ENDINGS = (".proxy", ".poster")
RESERVED_STEMS = frozenset({"contact_sheet"})

_COMPOUND_EXTENSIONS = tuple(e for e in VIDEO_COMPANION_EXTENSIONS if e.count(".") > 1)


def comparable(name: str) -> str:
    """The form of a name in which equal names are equal: NFC, without letter case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def base_name(key: str) -> str:
    """The last component of a key."""
    return key.rsplit("/", 1)[-1]


def is_ours(name: str) -> bool:
    """Names that begin with an underscore are written by us and trigger nothing."""
    return base_name(name).startswith("_")


def is_manifest(name: str) -> bool:
    """Is this a manifest? `manifest.json` and everything that ends so (seed X-11)."""
    return not is_ours(name) and _meant(name).endswith(MANIFEST_SUFFIX)


def is_dry_run(name: str) -> bool:
    """Is this a manifest that asks for the plan and the price only?"""
    return is_manifest(name) and _meant(name).endswith(DRY_RUN_SUFFIX)


def _meant(name: str) -> str:
    """The comparable name, without what Windows put behind it."""
    return comparable(base_name(name)).removesuffix(TEXT_ENDING)


def is_image(name: str) -> bool:
    """Does the name say picture? `.png` alone, with nothing before the dot, does not."""
    base = comparable(base_name(name))
    return not is_ours(name) and base.endswith(IMAGE_EXTENSIONS) and bool(stem_of(base))


def is_sound(name: str) -> bool:
    """Does the name say sound?"""
    base = comparable(base_name(name))
    return not is_ours(name) and base.endswith(SOUND_EXTENSIONS) and bool(stem_of(base))


def is_sidecar(name: str) -> bool:
    """Is this a keyframe's own motion file, `<stem>.motion.json`?"""
    return not is_ours(name) and comparable(base_name(name)).endswith(SIDECAR_EXTENSION)


def is_caption(name: str) -> bool:
    """Is this a keyframe's caption, from which a prompt may be taken?"""
    return not is_ours(name) and comparable(base_name(name)).endswith(CAPTION_EXTENSIONS)


def is_review(name: str) -> bool:
    """Is this a person's word on one clip, `<stem>.review.json`?"""
    return not is_ours(name) and _meant(name).endswith(REVIEW_SUFFIX)


def review_stem(name: str) -> str:
    """The clip that a review is about: `img_001` of `img_001.review.json`."""
    base = base_name(name)
    return base[: base.lower().rindex(REVIEW_SUFFIX)]


def marker_of(name: str) -> str | None:
    """`CANCEL`, `APPROVED` or `DENIED` when the file is one of these words, else None.

    With `.txt` behind it the word must be in capitals: `cancel.txt` is the caption of `cancel.png`.
    """
    base = base_name(name)
    word, dot, extension = base.partition(".")
    if word.upper() not in MARKERS:
        return None
    by_windows = word in MARKERS and f".{extension}".lower() == TEXT_ENDING
    return word.upper() if not dot or by_windows else None


def stem_of(name: str) -> str:
    """The part of a name that a keyframe and its companions share.

    `img_001.png`, `img_001.motion.json` and `img_001.video_meta.json` all have stem `img_001`;
    `img.v2.png` has stem `img.v2`.
    """
    base = base_name(name)
    for extension in _COMPOUND_EXTENSIONS:
        if base.lower().endswith(extension):
            return base[: -len(extension)]
    stem, dot, _ = base.rpartition(".")
    return stem if dot else base


def same_stem(name: str, other: str) -> bool:
    """Do two files belong to the same keyframe?"""
    return comparable(stem_of(name)) == comparable(stem_of(other))


def is_reserved_stem(stem: str) -> bool:
    """Would outputs of this stem land on files that publishing writes for others?"""
    plain = comparable(stem)
    return plain in RESERVED_STEMS or plain.endswith(RESERVED_STEM_ENDINGS)


def find_all_companions_including_video(
    path: Path, siblings: Iterable[Path] | None = None
) -> list[Path]:
    """Every file that belongs to the keyframe at `path`, those of its clip included (seed B090).

    Parameters
    ----------
    path : the keyframe; it need not exist.
    siblings : the files to look among; the keyframe's own folder when not given.

    Returns
    -------
    The companions, sorted by name; never the keyframe itself.
    """
    if siblings is None:
        siblings = (each for each in path.parent.iterdir() if each.is_file())
    return sorted(each for each in siblings if _is_companion(each.name, path.name))


def find_companion_keys(key: str, keys: Iterable[str]) -> list[str]:
    """The same over S3 keys: companions lie under the keyframe's own prefix."""
    prefix = key[: -len(base_name(key))]
    return sorted(
        each
        for each in keys
        if each.startswith(prefix)
        and "/" not in each[len(prefix) :]
        and _is_companion(base_name(each), base_name(key))
    )


def _is_companion(name: str, keyframe: str) -> bool:
    stem, plain = comparable(stem_of(keyframe)), comparable(name)
    extensions = COMPANION_EXTENSIONS + VIDEO_COMPANION_EXTENSIONS
    return plain.startswith(stem) and plain[len(stem) :] in extensions
