"""`dropreel label`: a table of the folder's pictures, for people to say what they think of them."""

from pathlib import Path
from typing import Annotated

import typer

from cli import show
from cli.scoring.folder import pictures_of
from cli.scoring.score import Folder
from shared.scoring.groups import group_pictures
from shared.scoring.labels import template
from shared.whole_file import write_whole

LABELS_NAME = "labels.csv"


def label(
    folder: Folder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=f"Instead of {LABELS_NAME} in the folder.")
    ] = None,
) -> None:
    """Write a label file to fill in; one that is there keeps its labels and gets new rows."""
    groups = group_pictures(pictures_of(folder))
    rows = [(path, group.name) for group in groups for path in group.paths]
    path = output or folder / LABELS_NAME
    text, new = template(rows, path.read_bytes() if path.exists() else None)
    write_whole(path, text.encode())
    show.console.print(
        f"{path}: {new} new of {len(rows)} picture(s). Fill in `aesthetic` (0 to 10) and "
        "`video_viable` (yes, no or 0 to 1): would it animate well? docs/scoring.md has the guide.",
        soft_wrap=True,
    )
