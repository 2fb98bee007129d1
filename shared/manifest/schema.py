"""The manifest's JSON Schema, generated from the models that read it.

`python -m shared.manifest.schema` writes `docs/manifest.schema.json` and `docs/manifest.md`;
`--check` only says whether they are up to date, by its exit status.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shared.generated import write_or_check
from shared.manifest.aliases import (
    CLIP_ALIASES,
    FLAT_MOTION,
    KEYFRAME_ALIASES,
    MOTION_ALIASES,
    SCENE_ALIASES,
)
from shared.manifest.reference import EXAMPLES, reference_page
from shared.manifest.v1 import Manifest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def manifest_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what `parse_manifest` accepts, accepted aliases included."""
    schema = Manifest.model_json_schema()
    blocks = schema["$defs"]
    motion = blocks["Motion"]["properties"]
    flat = {
        name: _alias(motion[meant], f"motion.{meant}", name in MOTION_ALIASES)
        for name, meant in FLAT_MOTION.items()
    }
    motion.update(
        {name: _alias(motion[meant], meant, True) for name, meant in MOTION_ALIASES.items()}
    )
    scene = blocks["Scene"]["properties"]
    scene.update({name: _alias(scene[meant], meant, True) for name, meant in SCENE_ALIASES.items()})
    for block in ("ClipSettings", "Keyframe"):
        known = blocks[block]["properties"]
        known.update(flat)
        known.update({n: _alias(known[meant], meant, True) for n, meant in CLIP_ALIASES.items()})
    keyframe = blocks["Keyframe"]
    image_path = keyframe["properties"]["image_path"]
    keyframe["properties"].update(
        {name: _alias(image_path, meant, True) for name, meant in KEYFRAME_ALIASES.items()}
    )
    identities = ("image_path", *KEYFRAME_ALIASES, "name")
    keyframe["anyOf"] = [{"required": [name]} for name in identities]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Dropreel manifest, version 1",
        "examples": list(EXAMPLES.values()),
    }


def _alias(field: dict[str, Any], meant: str, another_name: bool) -> dict[str, Any]:
    said = "another name of" if another_name else "short for"
    return {**field, "description": f"{said} `{meant}`"}


def documents() -> Iterator[tuple[Path, str]]:
    """The generated files and what belongs in them."""
    schema = manifest_schema()
    yield DOCS / "manifest.schema.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    yield DOCS / "manifest.md", reference_page(Manifest.model_json_schema())


def main(arguments: Sequence[str]) -> int:
    """Write the documents, or with `--check` name those that are out of date."""
    remedy = "python -m shared.manifest.schema"
    return write_or_check(dict(documents()), check="--check" in arguments, remedy=remedy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
