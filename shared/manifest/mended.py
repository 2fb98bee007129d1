"""A manifest with the faults mended that have one sure remedy."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Problem
from shared.manifest.spot import Change

MAX_SHOWN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Mended:
    """A corrected manifest.

    Attributes
    ----------
    text : the whole manifest, ready to drop.
    changes : what was changed, where and why.
    left : what is still wrong with it and a person must decide.
    parts : what was changed, by place (`keyframes[3]`; empty for the rest of the document), each as
        JSON, for manifests too long to be repeated.
    """

    text: str
    changes: tuple[Change, ...]
    left: tuple[Problem, ...]
    parts: Mapping[str, str]

    def fits(self, most_bytes: int = MAX_SHOWN_BYTES) -> bool:
        """Is the whole manifest short enough to be shown?"""
        return len(self.text.encode("utf-8", "replace")) <= most_bytes

    def parts_that_fit(self, most_bytes: int = MAX_SHOWN_BYTES) -> dict[str, str]:
        """The first of the corrected parts, together no longer than `most_bytes`."""
        shown: dict[str, str] = {}
        for place, text in self.parts.items():
            most_bytes -= len(text.encode("utf-8", "replace"))
            if most_bytes < 0:
                break
            shown[place] = text
        return shown
