"""Keeping what was measured: `shared/catalog/clip_seconds.json`, from which estimates are made."""

import json
from collections.abc import Sequence
from pathlib import Path

from shared.catalog.clip_seconds import FILE, ClipSeconds

PATH = Path(__file__).parents[1] / "shared" / "catalog" / FILE


def keep(rows: Sequence[ClipSeconds], path: Path = PATH) -> None:
    """Put rows into the file; one of the same key replaces the older, and the order is settled.

    Afterwards `python -m shared.catalog.docs` brings the table of docs/models.md up to date.
    """
    document = json.loads(path.read_bytes())
    there = [ClipSeconds.model_validate(each) for each in document["rows"]]
    kept = {row.key: row for row in (*there, *rows)}
    lines = ",\n".join(f"    {_line(kept[key])}" for key in sorted(kept))
    about = json.dumps(document["about"], ensure_ascii=False)
    path.write_text(f'{{\n  "about": {about},\n  "rows": [\n{lines}\n  ]\n}}\n', encoding="utf-8")


def _line(row: ClipSeconds) -> str:
    told = row.model_dump(mode="json", exclude_none=True)
    return json.dumps({name: value for name, value in told.items() if value}, ensure_ascii=False)
