"""`labels.csv`: what people say of pictures, for training the heads (seed B006, B007).

    image_path,group,aesthetic,video_viable,labelled_by,notes
    hero_v1.png,hero,7,yes,anna,

`aesthetic` is 0–10, `video_viable` yes, no, or a number 0–1; an empty cell is not labelled yet.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import InvalidInput, Problem
from shared.manifest.places import at_most, shown

COLUMNS = ("image_path", "group", "aesthetic", "video_viable", "labelled_by", "notes")
REQUIRED = ("image_path", "video_viable")
AESTHETIC_TOP = 10.0
_WORDS = {"yes": 1.0, "y": 1.0, "true": 1.0, "no": 0.0, "n": 0.0, "false": 0.0}


class LabelsInvalid(InvalidInput):
    """A label file that cannot be read, with every fault in it."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is said of one picture; None where nothing is.

    `aesthetic` and `viable` are 0–1; pictures of one `group` never part between training and test.
    """

    image_path: str
    group: str
    aesthetic: float | None
    viable: float | None

    @property
    def said(self) -> bool:
        """Is anything said?"""
        return self.aesthetic is not None or self.viable is not None


def read_labels(data: bytes, name: str = "labels.csv") -> list[Label]:
    """Read a label file, comma or semicolon separated.

    Raises
    ------
    LabelsInvalid : with every fault, its row and its column.
    """
    rows, columns = _table(data, name)
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        names = ", ".join(f"`{column}`" for column in missing)
        hint = "`dropreel label FOLDER` writes a template."
        message = f"has no column {names}."
        raise LabelsInvalid.because([Problem(name, message, hint, "missing_column")])
    problems: list[Problem] = []
    labels: dict[str, Label] = {}
    for number, row in enumerate(rows, start=2):
        label = _label(row, f"{name} row {number}", problems)
        if label is None:
            continue
        if label.image_path in labels:
            message = f"{shown(label.image_path)} is labelled twice."
            problems.append(Problem(f"{name} row {number}", message, "Keep one row.", "twice"))
        labels[label.image_path] = label
    if problems:
        raise LabelsInvalid.because(at_most(problems))
    return list(labels.values())


def template(pictures: Iterable[tuple[str, str]], before: bytes | None = None) -> tuple[str, int]:
    """A label file with a row for each (path, group), and how many rows are new.

    Rows of `before` stay as they are, whatever is in them.

    Raises
    ------
    LabelsInvalid : `before` is no table with an `image_path`.
    """
    rows, columns = _table(before, "labels.csv") if before is not None else ([], list(COLUMNS))
    if "image_path" not in columns:
        raise LabelsInvalid("labels.csv has no column `image_path`; move it away first.")
    known = {row["image_path"].strip() for row in rows}
    new = [{"image_path": path, "group": group} for path, group in pictures if path not in known]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*rows, *new])
    return out.getvalue(), len(new)


def _table(data: bytes, name: str) -> tuple[list[dict[str, str]], list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelsInvalid(f"{name} is not UTF-8. Save it as “CSV UTF-8”.") from error
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise LabelsInvalid(f"{name} is no CSV file: {error}.") from error
    if not lines:
        raise LabelsInvalid(f"{name} is empty. `dropreel label FOLDER` writes a template.")
    columns = [cell.strip().casefold() for cell in lines[0]]
    wide = len(columns)
    rows = [dict(zip(columns, [*line, *[""] * wide][:wide], strict=True)) for line in lines[1:]]
    return rows, columns


def _label(row: dict[str, str], place: str, problems: list[Problem]) -> Label | None:
    path = row["image_path"].strip()
    if not path:
        problems.append(Problem(place, "has no `image_path`.", "", "missing"))
        return None
    aesthetic = _number(row.get("aesthetic", ""), AESTHETIC_TOP, place, "aesthetic", problems)
    viable = _number(row["video_viable"], 1.0, place, "video_viable", problems)
    return Label(path, row.get("group", "").strip() or path, aesthetic, viable)


def _number(
    text: str, top: float, place: str, column: str, problems: list[Problem]
) -> float | None:
    """A cell as 0–1; None when it is empty or wrong."""
    plain = text.strip().casefold()
    if not plain:
        return None
    if column == "video_viable" and plain in _WORDS:
        return _WORDS[plain]
    try:
        value = float(plain.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not 0 <= value <= top:
        yes_no = "yes, no or " if column == "video_viable" else ""
        message = f"`{column}` must be {yes_no}a number from 0 to {top:g}; it is {shown(text)}."
        problems.append(Problem(place, message, "", "not_a_label"))
        return None
    return value / top
