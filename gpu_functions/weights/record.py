"""What was fetched, written beside it: where from, at which commit, and how large.

A part of which only named files are used lies in a folder of its own, with a record of its own:
several models may stand on one base, and each is fetched and judged by itself.
"""

from pathlib import Path

from pydantic import ValidationError

from shared.catalog.model import BASE, ModelRow
from shared.clip import Document
from shared.whole_file import write_whole

NAME = "dropreel_weights.json"


class Record(Document):
    """`dropreel_weights.json`.

    Attributes
    ----------
    revisions : commit by repository.
    sizes : bytes by file, for every file whose size the hub told.
    """

    model: str
    revisions: dict[str, str]
    sizes: dict[str, int]


def write_record(folder: Path, record: Record) -> None:
    """Write it down beside the weights."""
    write_whole(folder / NAME, (record.model_dump_json(indent=2) + "\n").encode())


def read_record(folder: Path) -> Record | None:
    """What is written there; None where nothing is, or nothing that can be read."""
    try:
        return Record.model_validate_json((folder / NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def homes(row: ModelRow, folder: Path) -> tuple[Path, ...]:
    """The folders under a model's own that have a record each."""
    return (folder, *(folder / part for part in row.named_files))


def record_of(row: ModelRow, folder: Path) -> Record | None:
    """All that is written down of a model's weights, in one; None where nothing is."""
    found = {home: record for home in homes(row, folder) if (record := read_record(home))}
    if not found:
        return None
    return Record(
        model=row.id,
        revisions={name: at for each in found.values() for name, at in each.revisions.items()},
        sizes={
            (home / name).relative_to(folder).as_posix(): size
            for home, each in found.items()
            for name, size in each.sizes.items()
        },
    )


def revision_of(row: ModelRow, folder: Path) -> str:
    """The commits that a model's weights are of, for a clip's metadata; ``""`` when unknown."""
    record = record_of(row, folder)
    return " ".join(sorted(record.revisions.values())) if record else ""


def repositories_of(row: ModelRow) -> dict[str, str]:
    """The repositories that a model's weights are from, by part."""
    return dict(row.parts) or {BASE: row.provider_model}


def standing(row: ModelRow, folder: Path) -> tuple[str, bool]:
    """How the folder's commits stand to those that the catalogue pins, and whether that is well.

    Not well is only what is known to be another commit than the pinned one.
    """
    record = record_of(row, folder)
    if record is None:
        return "of no recorded commit: nobody wrote down where it is from", True
    said, well = [], True
    for part, repository in repositories_of(row).items():
        commit, pin = record.revisions.get(repository, ""), row.pin(part)
        if pin and commit != pin:
            said.append(f"{repository} at {commit or 'no known commit'}; the catalogue pins {pin}")
            well = False
        else:
            state = "as the catalogue pins it" if pin else "unpinned: the catalogue names none"
            said.append(f"{repository} at {commit or 'no known commit'} ({state})")
    return "; ".join(said), well
