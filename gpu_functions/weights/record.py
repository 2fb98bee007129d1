"""What was fetched, written beside it: where from, at which commit, and how large."""

from pathlib import Path

from pydantic import ValidationError

from shared.clip import Document

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
    """Write it, whole or not at all."""
    new = folder / f"{NAME}.new"
    new.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    new.replace(folder / NAME)


def read_record(folder: Path) -> Record | None:
    """What is written there; None where nothing is, or nothing that can be read."""
    try:
        return Record.model_validate_json((folder / NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def revision_of(folder: Path) -> str:
    """The commits that a folder's weights are of, for a clip's metadata; ``""`` when unknown."""
    record = read_record(folder)
    return " ".join(sorted(record.revisions.values())) if record else ""
