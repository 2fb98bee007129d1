"""What creators write: names, manifests and sidecars, read strictly and answered helpfully."""

from shared.manifest.guard import PROTECTED_PREFIXES, guard_key
from shared.manifest.names import (
    COMPANION_EXTENSIONS,
    VIDEO_COMPANION_EXTENSIONS,
    find_all_companions_including_video,
    find_companion_keys,
    is_dry_run,
    is_image,
    is_manifest,
    marker_of,
    stem_of,
)
from shared.manifest.parse import ManifestItem, ParsedManifest, RejectedItem, parse_manifest
from shared.manifest.reading import read_json
from shared.manifest.resolve import resolve_clip

__all__ = [
    "COMPANION_EXTENSIONS",
    "PROTECTED_PREFIXES",
    "VIDEO_COMPANION_EXTENSIONS",
    "ManifestItem",
    "ParsedManifest",
    "RejectedItem",
    "find_all_companions_including_video",
    "find_companion_keys",
    "guard_key",
    "is_dry_run",
    "is_image",
    "is_manifest",
    "marker_of",
    "parse_manifest",
    "read_json",
    "resolve_clip",
    "stem_of",
]
