"""No tricks in names: every key that a stranger wrote passes here before anything is opened."""

import re
import unicodedata
from fnmatch import fnmatchcase

from shared.errors import InvalidInput, Problem
from shared.manifest.names import comparable

PROTECTED_PREFIXES = ("mojo*/", "__crop/", "__cropped/", "__selected/")
"""Folders of the library that we neither write nor read from (seed B091)."""

MAX_KEY_BYTES = 1024
"""The longest key S3 takes."""

MAX_COMPONENT_BYTES = 255
"""The longest name common file systems take; a key must survive being pulled to a disk."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|[a-z]:|(?:data|file|s3|https?):", re.IGNORECASE)

# Characters that turn the reading direction make a name look like another one.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def guard_key(key: str) -> str:
    """Return `key` unchanged if it is a plain relative key, safe to use on S3 and on a disk.

    Spaces, percent signs and any script's letters are fine: keys are never decoded a second time.

    Raises
    ------
    InvalidInput : with every reason why not.
    """
    problems = key_problems(key)
    if problems:
        raise InvalidInput.because(problems)
    return key


def key_problems(key: str) -> list[Problem]:
    """Every reason why `key` is not accepted; empty when it is."""
    return [
        Problem(path=printable(key), message=message, hint=hint, code="unsafe_key")
        for message, hint in _faults(key)
    ]


def _faults(key: str) -> list[tuple[str, str]]:
    if not key:
        return [("the name is empty.", "")]
    if len(key) > MAX_KEY_BYTES or _utf8_length(key) > MAX_KEY_BYTES:
        return [(f"the path is longer than {MAX_KEY_BYTES} bytes.", "Shorten it.")]
    found: list[tuple[str, str]] = []
    if any(_is_forbidden(character) for character in key):
        found.append(("the name holds control characters.", "Rename the file."))
    if _SCHEME.match(key):
        found.append(("an address is not a file name.", "Drop the file into the folder instead."))
        return found
    if "\\" in key:
        found.append(("the name holds a backslash.", "Separate folders by `/`."))
    if key.startswith("/"):
        found.append(("the path is absolute.", "Write it relative to the manifest's folder."))
    components = key.lstrip("/").split("/")
    if "" in components:
        found.append(("a folder name is empty.", "Write single slashes between names."))
    if "." in components or ".." in components:
        found.append(("the path steps through `.` or `..`.", "Write the plain path below here."))
    if any(_utf8_length(component) > MAX_COMPONENT_BYTES for component in components):
        found.append((f"a name is longer than {MAX_COMPONENT_BYTES} bytes.", "Shorten it."))
    folder = protected_folder(key)
    if folder:
        hint = "Keep keyframes in another folder, for example `__video_keyframes/`."
        found.append((f"the folder `{folder}` is protected.", hint))
    return found


def protected_folder(key: str) -> str | None:
    """The first folder of `key` that is protected, or None."""
    for folder in key.split("/")[:-1]:
        if any(fnmatchcase(f"{comparable(folder)}/", prefix) for prefix in PROTECTED_PREFIXES):
            return folder
    return None


def _is_forbidden(character: str) -> bool:
    return unicodedata.category(character) in _FORBIDDEN_CATEGORIES or character in _BIDI_CONTROLS


def _utf8_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def printable(key: str) -> str:
    """The key as it may be shown: no control characters, not a page long."""
    clean = "".join("\ufffd" if _is_forbidden(character) else character for character in key[:120])
    return clean + ("…" if len(key) > 120 else "")
