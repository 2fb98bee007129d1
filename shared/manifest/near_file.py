"""A keyframe that is not there, and the one file that it can only be."""

import unicodedata
from collections.abc import Iterable

from shared.manifest.names import comparable, is_image


class Pictures:
    """The pictures beside a manifest, as paths that it might name."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._there: set[str] = set()
        self._alike: dict[str, list[str]] = {}
        for path in paths:
            self._there.add(comparable(path))
            if is_image(path):
                self._alike.setdefault(_without_ending(path), []).append(path)

    def meant_by(self, path: str) -> str | None:
        """The one picture that differs from `path` in accents or extension only.

        None when the file that `path` names is there, and when there is no such picture or several.
        """
        if comparable(path) in self._there:
            return None
        alike = self._alike.get(_without_ending(path), [])
        return alike[0] if len(alike) == 1 else None


def _without_ending(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    stem = name.rpartition(".")[0] if is_image(name) else name
    letters = unicodedata.normalize("NFKD", f"{folder}{slash}{stem}")
    return comparable("".join(c for c in letters if not unicodedata.combining(c)))
