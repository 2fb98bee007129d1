"""From the bytes of a manifest to clips that can be made and items that cannot.

One bad keyframe never harms the others: what is wrong with an item rejects that item, what is wrong
with the document rejects the document, and either way every problem is told, not the first.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.errors import InvalidInput, ManifestInvalid, Problem
from shared.manifest.aliases import Translated
from shared.manifest.guard import key_problems, printable
from shared.manifest.motion_rules import motion_problems
from shared.manifest.names import comparable, stem_of
from shared.manifest.places import Place, at_most, shown, written_place
from shared.manifest.problems import explain, mapping_or_problem, missing_hint
from shared.manifest.reading import read_json
from shared.manifest.v1 import (
    MAX_KEYFRAMES,
    SCHEMA_VERSION,
    ClipSettings,
    Head,
    Keyframe,
    Manifest,
)


@dataclass(frozen=True, slots=True)
class ManifestItem:
    """One entry of the manifest that reads well, before defaults and companions are merged.

    `image_path` is empty where a clip is made from words alone.
    """

    index: int
    stem: str
    image_path: str
    asked: Keyframe

    @property
    def place(self) -> str:
        """The path whose stem and folder its companions share, keyframe or not."""
        return self.image_path or f"{self.stem}."


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """One keyframe of the manifest that cannot be made, with every reason."""

    index: int
    stem: str | None
    image_path: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """A manifest that reads well as a whole. All its items may still be rejected."""

    name: str
    schema_version: str
    project_id: str | None
    batch_id: str | None
    defaults: ClipSettings
    items: tuple[ManifestItem, ...]
    rejected: tuple[RejectedItem, ...]


def parse_manifest(
    data: bytes,
    *,
    name: str = "manifest.json",
    folder_project: str | None = None,
    folder_batch: str | None = None,
) -> ParsedManifest:
    """Read and check a manifest.

    Parameters
    ----------
    data : the file.
    name : what the file is called, for messages.
    folder_project, folder_batch : the folders it was dropped into. The manifest may repeat them but
        not contradict them: money is counted by folder. None skips the check, for files on a desk.

    Raises
    ------
    ManifestInvalid : the document cannot be used; its problems are all there are, items' included.
    """
    try:
        raw = mapping_or_problem(read_json(data), "")
    except InvalidInput as error:
        raise _refusal(name, error.problems) from error
    if isinstance(raw, Problem):
        raise _refusal(name, [_about_top_level(raw, data)])

    head, problems = _read_head(raw)
    problems += _folder_problems(raw, folder_project, folder_batch)
    entries, list_problems = _entries(raw)
    items, rejected = _read_items(entries)
    problems += list_problems + _repeated_stems(items, rejected)
    if head is None or problems:
        problems += [problem for each in rejected for problem in each.problems]
        raise _refusal(name, problems)
    return ParsedManifest(
        name=name,
        schema_version=SCHEMA_VERSION,
        project_id=folder_project or head.project_id,
        batch_id=folder_batch or head.batch_id,
        defaults=head.defaults or ClipSettings(),
        items=tuple(items),
        rejected=tuple(rejected),
    )


def _refusal(name: str, problems: Sequence[Problem]) -> ManifestInvalid:
    more = f" (and {len(problems) - 1:,} more)" if len(problems) > 1 else ""
    return ManifestInvalid(f"{name}: {problems[0]}{more}", problems=at_most(problems))


def _about_top_level(problem: Problem, data: bytes) -> Problem:
    is_list = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    hint = 'Put the list into {"keyframes": […]}.' if is_list else "Begin with `{`."
    return Problem("", f"the manifest {problem.message}", hint, problem.code)


def _read_head(raw: Mapping[str, Any]) -> tuple[Head | None, list[Problem]]:
    values = {name: value for name, value in raw.items() if name != "keyframes"}
    defaults = values.get("defaults")
    translated = Translated(defaults if isinstance(defaults, Mapping) else {})
    problems = [
        Problem(f"defaults.{each.path}", each.message, each.hint, each.code)
        for each in translated.problems
    ]
    if isinstance(defaults, Mapping):
        values["defaults"] = translated.values

    def place_written(place: Place) -> Place:
        if place[0] == "defaults":
            return ("defaults", *translated.place_written(place[1:]))
        return place

    try:
        head = Head.model_validate(values)
    except ValidationError as error:
        return None, problems + explain(error, Manifest, place_written=place_written)
    return head, problems + (_contradictions(head.defaults, "defaults") if head.defaults else [])


def _folder_problems(
    raw: Mapping[str, Any], project: str | None, batch: str | None
) -> list[Problem]:
    problems = []
    for field, folder in (("project_id", project), ("batch_id", batch)):
        written = raw.get(field)
        if folder is None or not isinstance(written, str) or _nfc(written) == _nfc(folder):
            continue
        message = f"says {shown(written)}, but the manifest was dropped into {shown(folder)}."
        hint = "Take the field out, or drop the files into the folder that it names."
        problems.append(Problem(field, message, hint, "wrong_folder"))
    return problems


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _entries(raw: Mapping[str, Any]) -> tuple[list[Any], list[Problem]]:
    example = 'For example "keyframes": [{"image_path": "img_001.png"}].'
    entries = raw.get("keyframes")
    if entries is None:
        return [], [Problem("keyframes", "is required.", example, "missing")]
    if not isinstance(entries, list):
        message = f"must be a list; it is {shown(entries)}."
        return [], [Problem("keyframes", message, example, "wrong_type")]
    if not entries:
        return [], [Problem("keyframes", "must have at least one entry.", example, "wrong_length")]
    if len(entries) > MAX_KEYFRAMES:
        message = f"has {len(entries):,} entries; the most is {MAX_KEYFRAMES:,}."
        return [], [Problem("keyframes", message, "Split the batch.", "wrong_length")]
    return entries, []


def _read_items(entries: list[Any]) -> tuple[list[ManifestItem], list[RejectedItem]]:
    items, rejected = [], []
    for index, entry in enumerate(entries):
        item = _read_item(index, entry)
        if isinstance(item, ManifestItem):
            items.append(item)
        else:
            rejected.append(item)
    return items, rejected


def _read_item(index: int, entry: object) -> ManifestItem | RejectedItem:
    place: Place = ("keyframes", index)
    raw = mapping_or_problem(entry, written_place(place))
    if isinstance(raw, Problem):
        return RejectedItem(index, None, None, (raw,))
    translated = Translated(raw)
    problems = [
        Problem(f"{written_place(place)}.{each.path}", each.message, each.hint, each.code)
        for each in translated.problems
    ]
    try:
        asked = Keyframe.model_validate(translated.values)
    except ValidationError as error:
        problems += explain(error, Keyframe, at=place, place_written=translated.place_written)
    else:
        problems += _contradictions(asked, written_place(place))
        if not problems and _names_its_clip(translated.values):
            path = asked.image_path or ""
            return ManifestItem(index, stem_of(path) if path else asked.name or "", path, asked)
    problems += _identity_problems(translated.values, place)
    return RejectedItem(index, *_identity(translated.values), at_most(problems))


def _names_its_clip(values: Mapping[str, Any]) -> bool:
    return (values.get("image_path") is None) is not (values.get("name") is None)


def _identity_problems(values: Mapping[str, Any], place: Place) -> list[Problem]:
    """An entry names its keyframe, or its clip where there is no keyframe: one of them."""
    if _names_its_clip(values):
        return []
    if values.get("name") is None:
        path = written_place((*place, "image_path"))
        return [Problem(path, "is required.", missing_hint("image_path"), "missing")]
    message = "is for clips without a keyframe; others are called as their keyframe is."
    path = written_place((*place, "name"))
    return [Problem(path, message, "Take it out, or rename the keyframe.", "conflict")]


def _identity(values: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Stem and path of an entry that is refused.

    A path that is itself unsafe names no clip: nothing may be looked up by it.
    """
    path, name = values.get("image_path"), values.get("name")
    if isinstance(path, str):
        return (None if key_problems(path) else stem_of(path)), printable(path)
    named = isinstance(name, str) and "/" not in name and not key_problems(name)
    return (name if named else None), None


def _contradictions(settings: ClipSettings, place: str) -> list[Problem]:
    motion = settings.motion
    if motion is None:
        return []
    return motion_problems(motion.type, motion.start_rect, motion.end_rect, f"{place}.motion")


def _repeated_stems(
    items: Sequence[ManifestItem], rejected: Sequence[RejectedItem]
) -> list[Problem]:
    """Two keyframes of one stem would be published over each other."""
    first: dict[str, ManifestItem | RejectedItem] = {}
    problems = []
    both: list[ManifestItem | RejectedItem] = [*items, *rejected]
    for each in sorted(both, key=lambda item: item.index):
        if not each.stem:
            continue
        earlier = first.setdefault(comparable(each.stem), each)
        if earlier is not each:
            message = (
                f"{shown(each.image_path or each.stem)} makes a clip of the same name as "
                f"{shown(earlier.image_path or earlier.stem)} in keyframes[{earlier.index}]."
            )
            hint = "Rename one of them; letter case and folder do not tell clips apart."
            path = f"keyframes[{each.index}].{'image_path' if each.image_path else 'name'}"
            problems.append(Problem(path, message, hint, "duplicate_stem"))
    return problems
