"""Fetch a model's weights into a folder that generators load from, at commits that do not move."""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_functions.weights.check import check_weights, read_index
from gpu_functions.weights.choose import INDEX, chosen_files
from gpu_functions.weights.hub import Hub, HuggingFace
from gpu_functions.weights.record import (
    Record,
    homes,
    read_record,
    record_of,
    repositories_of,
    write_record,
)
from gpu_functions.weights.single_file import convert, to_convert
from shared.catalog.model import BASE, SINGLE_FILE, ModelRow
from shared.errors import InternalFault, InvalidInput, Problem
from shared.whole_file import write_whole

COMMIT = re.compile(r"[0-9a-f]{40}")
GB = 1e9

UNUSED = ("safety_checker",)
"""Parts of a base pipeline that none of ours loads; the library's own checks look at the clip."""

ADAPTED = {"motion_adapter": "MotionAdapter", "controlnet": "SparseControlNetModel"}
"""Components that are laid over a base pipeline, and their classes in diffusers."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Part:
    """One repository, and the folder that it is laid into.

    Attributes
    ----------
    files : what of it is used, where that is no component in diffusers' format.
    settings_only : components of it whose weights are another part's.
    """

    name: str
    repository: str
    revision: str
    files: tuple[str, ...] = ()
    settings_only: tuple[str, ...] = ()

    def folder(self, root: Path) -> Path:
        return root if self.name == BASE else root / self.name

    def home(self, root: Path) -> Path:
        """Where it is written down."""
        return self.folder(root) if self.files else root


def pull_weights(
    row: ModelRow,
    folder: Path,
    *,
    revisions: Mapping[str, str] | None = None,
    hub: Hub | None = None,
    tell: Tell = lambda sentence: None,
) -> Record:
    """Fetch what is not there yet, check all of it, and write down where it is from.

    Parameters
    ----------
    revisions : commit by part, `base` being the model itself. Where none is given, the row's pin
        counts, then the commit that the folder's record holds, then the one that the repository is
        at now: it is told, and from then on recorded.

    Raises
    ------
    InvalidInput : no open weights, no such commit, no access, another model's folder, or not enough
        room on the disk.
    Transient : the hub is not reached; what was fetched stays, and the next run goes on from there.
    WeightsMissing : what came is damaged.
    """
    if not row.open_weights or not row.provider_model:
        raise InvalidInput(f"`{row.id}` has no weights to fetch.")
    _refuse_another_models(row, folder)
    source = hub or HuggingFace()
    parts = _parts(row, folder, revisions or {}, source, tell)
    wanted = {part: _wanted(source, part, folder) for part in parts}
    _require_room(wanted, folder, converting=bool(to_convert(row, folder)))
    # First of all, so that a fetch that breaks off goes on with the very same commits.
    for home in homes(row, folder):
        _write_down(row, home, folder, wanted)
    for part, sizes in wanted.items():
        for name, size in sizes.items():
            tell(f"{part.repository}/{name} ({size / GB:.2f} GB)")
            _drop_spoilt(part.folder(folder) / name, size)
            source.fetch(part.repository, part.revision, name, part.folder(folder))
    _lay_over(folder, [part.name for part in parts if part.name in ADAPTED])
    if row.single_file and (names := to_convert(row, folder)):
        tell(f"{row.single_file.file}: {', '.join(names)} are brought into diffusers' format")
        convert(folder / SINGLE_FILE / row.single_file.file, folder, names)
    check_weights(row.id, folder)
    record = record_of(row, folder)
    if record is None:
        raise InternalFault(f"what was fetched into {folder} is not written down there")
    return record


def _refuse_another_models(row: ModelRow, folder: Path) -> None:
    """Two models in one folder would spoil each other, but for those that share a base."""
    there = read_record(folder)
    if there and there.model != (row.weights_of or row.id):
        raise InvalidInput(
            f"{folder} holds `{there.model}`: give `{row.id}` another one by `--to`."
        )


def _write_down(
    row: ModelRow, home: Path, folder: Path, wanted: Mapping[_Part, Mapping[str, int]]
) -> None:
    here = {part: sizes for part, sizes in wanted.items() if part.home(folder) == home}
    home.mkdir(exist_ok=True)
    record = Record(
        model=row.weights_of or row.id if home == folder else row.id,
        revisions={part.repository: part.revision for part in here},
        sizes={
            (part.folder(folder) / name).relative_to(home).as_posix(): size
            for part, sizes in here.items()
            for name, size in sizes.items()
            if name != INDEX
        },
    )
    write_record(home, record)


def named_revisions(words: Iterable[str]) -> dict[str, str]:
    """`COMMIT`, or `PART=COMMIT` for a model of several repositories → commit by part."""
    pairs = (word.strip().partition("=") for word in words if word.strip())
    return {name if sign else BASE: commit if sign else name for name, sign, commit in pairs}


def _parts(
    row: ModelRow, folder: Path, given: Mapping[str, str], hub: Hub, tell: Tell
) -> list[_Part]:
    repositories = repositories_of(row)
    unknown = set(given) - set(repositories)
    if unknown:
        raise InvalidInput(f"`{row.id}` has no part {sorted(unknown)}; it has {[*repositories]}.")
    problems = [
        Problem(
            name,
            f"`{commit}` is no commit: branches and tags move.",
            f"Give the 40 hex digits: `--revision {option}COMMIT`, or leave it out.",
        )
        for name, commit in given.items()
        for option in ["" if len(repositories) == 1 else f"{name}="]
        if not COMMIT.fullmatch(commit)
    ]
    if problems:
        raise InvalidInput.because(problems)
    record = record_of(row, folder)
    locked = record.revisions if record else {}
    parts = []
    for name, repository in repositories.items():
        commit = given.get(name) or row.pin(name) or locked.get(repository)
        if not commit:
            commit = hub.newest(repository)
            tell(f"{repository}: no commit is pinned; it is at {commit}, which is kept from now on")
        files = row.named_files.get(name, ())
        elsewhere = row.single_file.components if row.single_file else ()
        parts.append(_Part(name, repository, commit, files, () if files else elsewhere))
    return parts


def _wanted(hub: Hub, part: _Part, folder: Path) -> dict[str, int]:
    sizes = hub.sizes(part.repository, part.revision)
    if part.files:
        return _named(part, sizes)
    components = None
    if INDEX in sizes:
        index = part.folder(folder) / INDEX
        if read_index(index) is None:
            index.unlink(missing_ok=True)  # the hub's client would trust it
        hub.fetch(part.repository, part.revision, INDEX, index.parent)
        components = read_index(index)
        if components is None:
            raise InvalidInput(f"{part.repository} has no sound {INDEX} at {part.revision}.")
        components = _used(components)
    elif part.name == BASE:
        raise InvalidInput(f"{part.repository} is not in diffusers' format: it has no {INDEX}.")
    chosen = chosen_files(sizes, components, part.settings_only)
    return {name: sizes[name] for name in chosen if name in sizes}


def _named(part: _Part, sizes: Mapping[str, int]) -> dict[str, int]:
    missing = [name for name in part.files if name not in sizes]
    if missing:
        raise InvalidInput(f"{part.repository} has no {', '.join(missing)} at {part.revision}.")
    return {name: sizes[name] for name in part.files}


def _drop_spoilt(file: Path, size: int) -> None:
    """The hub's client trusts what it once fetched, whatever became of it."""
    if file.is_file() and file.stat().st_size != size:
        file.unlink()


def _require_room(
    wanted: Mapping[_Part, Mapping[str, int]], folder: Path, *, converting: bool
) -> None:
    """What is brought into another format lies there twice."""
    missing = sum(
        size
        for part, sizes in wanted.items()
        for name, size in sizes.items()
        if not (part.folder(folder) / name).is_file()
    )
    twice = (sizes for part, sizes in wanted.items() if part.name == SINGLE_FILE and converting)
    missing += sum(sum(sizes.values()) for sizes in twice)
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise InvalidInput(
            f"{missing / GB:.1f} GB are to be fetched, and {folder} has room for {free / GB:.1f}."
        )


def _lay_over(folder: Path, names: list[str]) -> None:
    """Tell the base pipeline's index of the components that were put beside it."""
    index = folder / INDEX
    parts = _used(json.loads(index.read_bytes()))
    parts |= {name: ["diffusers", ADAPTED[name]] for name in names}
    write_whole(index, (json.dumps(parts, indent=2) + "\n").encode())


def _used(components: dict[str, Any]) -> dict[str, Any]:
    return {name: kind for name, kind in components.items() if name not in UNUSED}
