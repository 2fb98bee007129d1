"""The JSON Schema of an inspection report, generated from the model that writes it.

`python -m shared.safety.schema` writes `docs/inspection.schema.json`; `--check` only says whether
it is up to date, by its exit status.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.generated import write_or_check
from shared.safety.report import FootageReport

PAGE = Path(__file__).resolve().parents[2] / "docs" / "inspection.schema.json"


def report_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what `dropreel inspect --json` prints."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **FootageReport.model_json_schema(mode="serialization"),
        "title": "Dropreel inspection report, version 1",
    }


def main(arguments: Sequence[str]) -> int:
    """Write the schema, or with `--check` say that it is out of date."""
    text = json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"
    remedy = "python -m shared.safety.schema"
    return write_or_check({PAGE: text}, check="--check" in arguments, remedy=remedy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
